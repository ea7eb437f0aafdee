import { describe, expect, it } from 'vitest';
import { emergencyNumbers } from '../../src/signalling/emergency-numbers.ts';
import { headerMap, readInvite } from '../../src/signalling/incoming-invite.ts';
import { SipHeaders } from '../../src/sip/message.ts';
import { callerInvite, callerSdp, sdp } from './call-scene.ts';

const isEmergency = emergencyNumbers({ numbers: ['112'], country: 'LU', outsideLine: [] });

type Change = Partial<{ uri: string; body: string; headers: [string, string][] }>;

function status({ uri, body = callerSdp, headers = [] }: Change): number | 'good' {
  const invite = callerInvite(body);
  for (const [name, value] of headers) invite.headers.set(name, value);
  const read = readInvite(uri === undefined ? invite : { ...invite, uri }, isEmergency);
  return read.ok ? 'good' : read.error.status;
}

describe('readInvite', () => {
  it.each<[string, Change, number | 'good']>([
    ['a plain one', {}, 'good'],
    ['no offer', { body: '' }, 'good'],
    ['RFC 3966: a tel: URI', { uri: 'tel:+352123' }, 'good'],
    ['RFC 5031: urn:service:sos', { uri: 'urn:service:sos.police' }, 'good'],
    ['RFC 3261 §8.2.2.1: sips: without TLS', { uri: 'sips:a@b.example' }, 416],
    ['sips: of who calls for help', { uri: 'sips:112@b.example' }, 'good'],
    ['RFC 3261 §8.2.2.1: another scheme', { uri: 'http://b.example' }, 416],
    ['a broken Request-URI', { uri: 'sip:' }, 400],
    ['RFC 3261 §16.3: Max-Forwards has run out', { headers: [['Max-Forwards', '0']] }, 483],
    ['the last hop', { headers: [['Max-Forwards', '1']] }, 'good'],
    ['Max-Forwards that is no number', { headers: [['Max-Forwards', '-1']] }, 400],
    ['RFC 3261 §8.2.2.3: an extension is required', { headers: [['Require', 'precondition']] }, 420],
    [
      'Deviation from §8.2.2.3: who calls for help is served without it',
      { uri: 'sip:112@b.example', headers: [['Require', 'precondition']] },
      'good',
    ],
    ['a body that is no SDP', { headers: [['Content-Type', 'text/plain']] }, 415],
    ['broken SDP', { body: 'v=1\r\n' }, 400],
    ['no audio', { body: sdp('192.0.2.1', 4000).replace('audio', 'video') }, 488],
    ['an address that is a name', { body: sdp('media.example', 4000) }, 488],
  ])('%s', (_name, change, expected) => {
    expect(status(change)).toBe(expected);
  });

  it.each([
    ['50', 49],
    ['1', 0],
    [null, 70],
  ])('RFC 3261 §16.6 item 3: Max-Forwards %s goes on as %i', (value, expected) => {
    const invite = callerInvite();
    if (value === null) invite.headers.remove('max-forwards');
    else invite.headers.set('Max-Forwards', value);
    const read = readInvite(invite, isEmergency);
    expect(read.ok && read.value.maxForwards).toBe(expected);
  });

  it('says who calls whom with what', () => {
    const invite = {
      ...callerInvite(sdp('192.0.2.1', 4, '0 8 101', 'rtpmap:101 telephone-event/8000')),
      uri: 'sip:%2B352@x',
    };
    const read = readInvite(invite, isEmergency);
    expect(read.ok && [read.value.from, read.value.to, read.value.offered]).toEqual([
      '100',
      '+352',
      ['PCMU/8000', 'PCMA/8000', 'TELEPHONE-EVENT/8000'],
    ]);
  });
});

describe('headerMap', () => {
  it('names are long and in lower case, values in order', () => {
    const map = headerMap(
      new SipHeaders([
        { name: 'X-Queue', value: 'a' },
        { name: 's', value: 'hello' },
        { name: 'x-queue', value: 'b' },
      ]),
    );
    expect([...map]).toEqual([
      ['x-queue', ['a', 'b']],
      ['subject', ['hello']],
    ]);
  });
});
