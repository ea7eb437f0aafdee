import { describe, expect, it } from 'vitest';
import type { SipMessage } from '../../src/sip/message.ts';
import { callerInvite, calleeSdp, callerSdp, Scene } from './call-scene.ts';

/** What a gateway of the telephone network sends (RFC 3204): a description, and ISUP that no byte of may change. */
const sipI = (sdp: string, isup: string): string =>
  [
    '--b',
    'Content-Type: application/sdp',
    '',
    sdp,
    '--b',
    'Content-Type: application/isup;version=itu-t92+',
    '',
    isup,
    '--b--',
    '',
  ].join('\r\n');
const type = [['Content-Type', 'multipart/mixed;boundary=b'] as const];
const isupType = [['Content-Type', 'application/isup;version=itu-t92+'] as const];

const text = ({ body }: SipMessage): string => Buffer.from(body).toString('latin1');
const types = ({ headers }: SipMessage): string[] => headers.all('content-type');

describe('ISUP between two gateways', () => {
  it('passes in INVITE, 183, 200 and BYE, around our descriptions', () => {
    const scene = new Scene({ invite: callerInvite(sipI(callerSdp, '\x01IAM\xff'), type) });
    const { request } = scene.request('INVITE');
    expect(types(request)).toEqual(['multipart/mixed;boundary=b']);
    expect(text(request)).toMatch(
      /m=audio 20002 .*\r\n\r\n--b\r\nContent-Type: application\/isup[^]*\x01IAM\xff/,
    );
    scene.answer('INVITE', 183, { body: '\x06ACM', extra: isupType });
    const acm = scene.responses.at(-1)!.response;
    expect([types(acm), text(acm)]).toEqual([['application/isup;version=itu-t92+'], '\x06ACM']);
    scene.answer('INVITE', 200, { body: sipI(calleeSdp, '\x09ANM'), extra: type });
    const anm = scene.responses.at(-1)!.response;
    expect(types(anm)).toEqual(['multipart/mixed;boundary=b']);
    expect(text(anm)).toMatch(/m=audio 20000 [^]*\x09ANM/);
    scene.callerAck();
    scene.from('callee', 'BYE', { body: '\x0cREL', extra: isupType });
    const rel = scene.request('BYE').request;
    expect([types(rel), text(rel)]).toEqual([['application/isup;version=itu-t92+'], '\x0cREL']);
  });

  it('passes in a refusal', () => {
    const scene = new Scene().answer('INVITE', 486, { body: '\x0cREL', extra: isupType });
    expect(text(scene.responses.at(-1)!.response)).toBe('\x0cREL');
  });

  it('passes in a BYE that waits for the ACK of the caller', () => {
    const scene = new Scene().answer('INVITE', 200, { body: calleeSdp });
    scene.from('callee', 'BYE', { body: '\x0cREL', extra: isupType });
    scene.callerAck();
    expect(text(scene.request('BYE').request)).toBe('\x0cREL');
  });

  it('the answer of a 183 is beside it in a 200 that has ISUP alone', () => {
    const scene = new Scene().answer('INVITE', 183, { body: calleeSdp });
    scene.answer('INVITE', 200, { body: '\x09ANM', extra: isupType });
    const { response } = scene.responses.at(-1)!;
    expect(types(response)).toEqual([expect.stringMatching(/^multipart\/mixed;boundary=/)]);
    expect(text(response)).toMatch(/m=audio 20000 [^]*application\/isup[^]*\x09ANM/);
  });

  it('an INVITE of ISUP alone makes no offer', () => {
    const scene = new Scene({ invite: callerInvite('\x01IAM', isupType) });
    expect(text(scene.request('INVITE').request)).toBe('\x01IAM');
    scene.answer('INVITE', 200, { body: calleeSdp });
    expect(scene.look().at(-1)).toBe('200 to caller-1 with SDP');
  });
});

describe('descriptions that are not ours to pass', () => {
  it('RFC 3261 §21.4.26: what the callee could do, in its 488, names its own addresses and ends here', () => {
    const scene = new Scene().answer('INVITE', 488, { body: calleeSdp });
    expect(scene.responses.at(-1)!.response.body).toHaveLength(0);
  });
});
