import { describe, expect, it } from 'vitest';
import {
  ackInDialog,
  confirmDialog,
  dialogFromRequest,
  dialogFromResponse,
  dialogKey,
  dialogKeyOfRequest,
  dialogKeyOfResponse,
  nextHopUri,
  receiveInDialog,
  refreshTarget,
  requestInDialog,
} from '../../src/sip/dialog.ts';
import type { Dialog } from '../../src/sip/dialog.ts';
import { ackToFailure, cancelOf } from '../../src/sip/invite-requests.ts';
import { noBody, SipHeaders } from '../../src/sip/message.ts';
import type { SipRequest, SipResponse } from '../../src/sip/message.ts';
import { makeResponse } from '../../src/sip/response.ts';
import { clientKeyOf, mergeKey, serverKey } from '../../src/sip/transaction-key.ts';

type Fields = readonly (readonly [string, string])[];

function headersOf(fields: Fields): SipHeaders {
  return new SipHeaders(fields.map(([name, value]) => ({ name, value })));
}

function invite(more: Fields = [], method = 'INVITE'): SipRequest {
  const headers = headersOf([
    ['Via', 'SIP/2.0/UDP us.example;branch=z9hG4bK1'],
    ['From', '"A" <sip:a@us.example>;tag=ft'],
    ['To', '<sip:b@them.example>'],
    ['Call-ID', 'c1'],
    ['CSeq', `314 ${method}`],
    ['Contact', '<sip:a@192.0.2.1:5070>'],
    ...more,
  ]);
  return { type: 'request', method, uri: 'sip:b@them.example', headers, body: noBody };
}

function answer(status: number, tag: string, more: Fields = []): SipResponse {
  const headers = headersOf([
    ['Via', 'SIP/2.0/UDP us.example;branch=z9hG4bK1'],
    ['From', '"A" <sip:a@us.example>;tag=ft'],
    ['To', tag === '' ? '<sip:b@them.example>' : `<sip:b@them.example>;tag=${tag}`],
    ['Call-ID', 'c1'],
    ['CSeq', '314 INVITE'],
    ...more,
  ]);
  return { type: 'response', status, phrase: '', headers, body: noBody };
}

function made(dialog: Dialog | null): Dialog {
  if (dialog === null) throw new Error('no dialog');
  return dialog;
}

const routes: Fields = [
  ['Record-Route', '<sip:p2.example;lr>, <sip:p1.example;lr>'],
  ['Contact', '"B" <sip:b@192.0.2.9:5080>;q=1'],
];

describe('a dialog of ours as caller (RFC 3261 §12.1.2)', () => {
  it('takes the route set reversed, the Contact as target, tags, URIs and our CSeq', () => {
    expect(dialogFromResponse(invite(), answer(200, 'tt', routes))).toEqual({
      role: 'uac',
      state: 'confirmed',
      callId: 'c1',
      localTag: 'ft',
      remoteTag: 'tt',
      local: '"A" <sip:a@us.example>;tag=ft',
      remote: '<sip:b@them.example>;tag=tt',
      remoteTarget: 'sip:b@192.0.2.9:5080',
      routeSet: ['<sip:p1.example;lr>', '<sip:p2.example;lr>'],
      localCSeq: 314,
      remoteCSeq: null,
    });
  });

  it('is early from a provisional, one for each To tag (forking), and none from a 100 or without a tag', () => {
    const [first, second] = ['t1', 't2'].map((tag) => made(dialogFromResponse(invite(), answer(183, tag))));
    expect(first?.state).toBe('early');
    expect(first && second && dialogKey(first) !== dialogKey(second)).toBe(true);
    expect(dialogFromResponse(invite(), answer(100, 't1'))).toBe(null);
    expect(dialogFromResponse(invite(), answer(180, ''))).toBe(null);
    expect(dialogFromResponse(invite(), answer(486, 't1'))).toBe(null);
  });

  it('lives with a provisional without Contact, and with a 2xx without To tag (RFC 2543)', () => {
    expect(dialogFromResponse(invite(), answer(180, 't'))?.remoteTarget).toBe('sip:b@them.example');
    expect(dialogFromResponse(invite(), answer(200, ''))?.remoteTag).toBe('');
  });

  it('§13.2.2.4: the 2xx sets route set and target of an early dialog anew', () => {
    const early = made(dialogFromResponse(invite(), answer(183, 'tt', [['Record-Route', '<sip:old;lr>']])));
    expect(confirmDialog(early, answer(200, 'tt', routes))).toMatchObject({
      state: 'confirmed',
      routeSet: ['<sip:p1.example;lr>', '<sip:p2.example;lr>'],
      remoteTarget: 'sip:b@192.0.2.9:5080',
    });
  });

  it('§12.2: a 2xx to a re-INVITE refreshes the target and leaves the route set', () => {
    const dialog = made(dialogFromResponse(invite(), answer(200, 'tt', routes)));
    const response = answer(200, 'tt', [
      ['Contact', '<sip:new@192.0.2.9>'],
      ['Record-Route', '<sip:x;lr>'],
    ]);
    expect(confirmDialog(dialog, response)).toEqual({ ...dialog, remoteTarget: 'sip:new@192.0.2.9' });
    expect(refreshTarget(dialog, answer(200, 'tt'))).toBe(dialog);
  });
});

describe('a dialog of ours as callee (RFC 3261 §12.1.1)', () => {
  const received = invite(routes.slice(0, 1));
  const dialog = made(dialogFromRequest(received, makeResponse(received, 180, 'Ringing', 'lt')));

  it('takes the route set in order, the Contact as target, and their CSeq', () => {
    expect(dialog).toEqual({
      role: 'uas',
      state: 'early',
      callId: 'c1',
      localTag: 'lt',
      remoteTag: 'ft',
      local: '<sip:b@them.example>;tag=lt',
      remote: '"A" <sip:a@us.example>;tag=ft',
      remoteTarget: 'sip:a@192.0.2.1:5070',
      routeSet: ['<sip:p2.example;lr>', '<sip:p1.example;lr>'],
      localCSeq: null,
      remoteCSeq: 314,
    });
  });

  it('§12.2.2: a lower CSeq is out of order (500), a higher one is taken, with gaps', () => {
    const withCSeq = (number: number): SipRequest => {
      const request = invite([], 'BYE');
      request.headers.set('CSeq', `${number} BYE`);
      return request;
    };
    expect(receiveInDialog(dialog, withCSeq(313))).toEqual({ ok: false, error: 'out-of-order' });
    expect(receiveInDialog(dialog, withCSeq(400))).toMatchObject({ ok: true, value: { remoteCSeq: 400 } });
  });

  it('our first request counts from 1; theirs is found by its tags', () => {
    const { request, dialog: next } = requestInDialog(dialog, 'BYE');
    expect(request.headers.first('cseq')).toBe('1 BYE');
    expect(requestInDialog(next, 'BYE').request.headers.first('cseq')).toBe('2 BYE');
    const theirs = invite([], 'BYE');
    theirs.headers.set('To', '<sip:b@them.example>;tag=lt');
    expect(dialogKeyOfRequest(theirs)).toBe(dialogKey(dialog));
  });
});

describe('requests within a dialog (RFC 3261 §12.2.1.1)', () => {
  const dialog = made(dialogFromResponse(invite(), answer(200, 'tt', routes)));

  it('go to the target by the route set, with tags, Call-ID and the next CSeq, once', () => {
    const { request } = requestInDialog(dialog, 'BYE');
    expect(request.uri).toBe('sip:b@192.0.2.9:5080');
    expect([...request.headers].map(({ name, value }) => `${name}: ${value}`)).toEqual([
      'Route: <sip:p1.example;lr>',
      'Route: <sip:p2.example;lr>',
      'Max-Forwards: 70',
      'From: "A" <sip:a@us.example>;tag=ft',
      'To: <sip:b@them.example>;tag=tt',
      'Call-ID: c1',
      'CSeq: 315 BYE',
    ]);
    expect(nextHopUri(request)).toBe('sip:p1.example;lr');
    expect(dialog.localCSeq).toBe(314);
  });

  it('stand in the Request-URI of a strict router, the target last in Route', () => {
    const strict = { ...dialog, routeSet: ['<sip:p1.example>', '<sip:p2.example;lr>'] };
    const { request } = requestInDialog(strict, 'INFO');
    expect(request.uri).toBe('sip:p1.example');
    expect(request.headers.all('route')).toEqual(['<sip:p2.example;lr>', '<sip:b@192.0.2.9:5080>']);
  });

  it('§13.2.2.4: the ACK has the CSeq number and the credentials of its INVITE', () => {
    const ack = ackInDialog({ ...dialog, localCSeq: 400 }, invite([['Authorization', 'Digest x']]));
    expect(ack.headers.first('cseq')).toBe('314 ACK');
    expect(ack.headers.first('authorization')).toBe('Digest x');
    expect(ack.headers.first('via')).toBe(null);
  });

  it('a response is found by its tags', () => {
    expect(dialogKeyOfResponse(answer(200, 'tt'))).toBe(dialogKey(dialog));
  });
});

describe('makeResponse (RFC 3261 §8.2.6)', () => {
  const request = invite([
    ['Via', 'SIP/2.0/UDP pbx.example;branch=z9hG4bK0'],
    ['Record-Route', '<sip:p1;lr>'],
    ['Timestamp', '54'],
    ['Subject', 'not copied'],
  ]);
  const text = (response: SipResponse): string[] => [...response.headers].map(({ name }) => name);

  it('copies all Vias, From, To with our tag, Call-ID and CSeq; a 100 has Timestamp and no tag', () => {
    expect(text(makeResponse(request, 404, 'Not Found', 't'))).toEqual([
      'Via',
      'From',
      'To',
      'Call-ID',
      'CSeq',
      'Via',
    ]);
    expect(makeResponse(request, 404, 'Not Found', 't').headers.first('to')).toBe(
      '<sip:b@them.example>;tag=t',
    );
    const trying = makeResponse(request, 100, 'Trying', null);
    expect(text(trying)).toContain('Timestamp');
    expect(trying.headers.first('to')).toBe('<sip:b@them.example>');
  });

  it('leaves a To tag that the request has', () => {
    const inDialog = invite();
    inDialog.headers.set('To', '<sip:b@h>;tag=old');
    expect(makeResponse(inDialog, 200, 'OK', 'new').headers.first('to')).toBe('<sip:b@h>;tag=old');
  });

  it.each([
    [180, true],
    [200, true],
    [486, false],
  ])('§12.1.1: a %i has Record-Route: %s', (status, has) => {
    expect(text(makeResponse(request, status, '', 't')).includes('Record-Route')).toBe(has);
  });
});

describe('CANCEL and ACK to a failure', () => {
  it("have one Via: the INVITE's top one", () => {
    const request = invite([
      ['Via', 'SIP/2.0/UDP second'],
      ['Route', '<sip:r;lr>'],
    ]);
    for (const follower of [cancelOf(request, null), ackToFailure(request, answer(486, 't'))]) {
      expect(follower.headers.all('via')).toEqual(['SIP/2.0/UDP us.example;branch=z9hG4bK1']);
      expect(follower.headers.all('route')).toEqual(['<sip:r;lr>']);
      expect(follower.headers.first('contact')).toBe(null);
    }
  });
});

describe('transaction keys (RFC 3261 §17.2.3, §17.1.3)', () => {
  const withVia = (via: string, method = 'INVITE'): SipRequest => {
    const request = invite([], method);
    request.headers.set('Via', via);
    return request;
  };
  const base = withVia('SIP/2.0/UDP h;branch=z9hG4bK1');

  it.each<[string, SipRequest, boolean]>([
    ["the ACK is its INVITE's", withVia('SIP/2.0/UDP h;branch=z9hG4bK1', 'ACK'), true],
    ['sent-by without regard to case, 5060 by default', withVia('SIP/2.0/UDP H:5060;branch=z9hG4bK1'), true],
    ['another sent-by', withVia('SIP/2.0/UDP i;branch=z9hG4bK1'), false],
    ['another port', withVia('SIP/2.0/UDP h:5061;branch=z9hG4bK1'), false],
    ['another branch', withVia('SIP/2.0/UDP h;branch=z9hG4bK2'), false],
    ['a CANCEL is a transaction of its own', withVia('SIP/2.0/UDP h;branch=z9hG4bK1', 'CANCEL'), false],
  ])('%s', (_, request, same) => {
    expect(serverKey(request) === serverKey(base)).toBe(same);
  });

  it('§9.2: a CANCEL finds its INVITE', () => {
    expect(serverKey(withVia('SIP/2.0/UDP h;branch=z9hG4bK1', 'CANCEL'), 'INVITE')).toBe(serverKey(base));
  });

  it.each(['SIP/2.0/UDP h', 'SIP/2.0/UDP h;branch=1', 'SIP/2.0/UDP h;branch=z9hG4bK'])(
    'RFC 2543 and RFC 4475 §3.2.1: %s is matched by Request-URI, From tag, Call-ID, CSeq and Via',
    (via) => {
      const first = withVia(via);
      const other = withVia(via);
      other.headers.set('Call-ID', 'c2');
      const ack = withVia(via, 'ACK');
      ack.headers.set('To', '<sip:b@h>;tag=x').set('CSeq', '314 ACK');
      expect(serverKey(ack)).toBe(serverKey(first));
      expect(serverKey(other)).not.toBe(serverKey(first));
    },
  );

  it('§17.1.3: a response is found by branch and method', () => {
    expect(clientKeyOf(answer(200, 't'))).toBe('z9hG4bK1\nINVITE');
  });

  it('§8.2.2.2: only a request outside a dialog can be merged', () => {
    expect(mergeKey(base)).not.toBe(null);
    const inDialog = invite();
    inDialog.headers.set('To', '<sip:b@h>;tag=x');
    expect(mergeKey(inDialog)).toBe(null);
  });
});
