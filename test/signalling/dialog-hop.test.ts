import { describe, expect, it } from 'vitest';
import { SipHeaders, type SipRequest } from '../../src/sip/message.ts';
import { parseAddressPrefix } from '../../src/signalling/address-prefix.ts';
import { dialogHop, heardFrom } from '../../src/signalling/dialog-hop.ts';
import type { Hop } from '../../src/signalling/transaction-layer.ts';

const source: Hop = { listener: 'lan', transport: 'udp', address: '192.0.2.4', port: 40_000 };
const peer = { listener: 'lan', transport: 'udp' } as const;

/** `ADDRESS PORT` of a BYE to this Contact, with these Routes. */
function goesTo(
  uri: string,
  { routes = [], match = ['192.0.2.0/28:5060', '2001:db8::/64'] }: Going = {},
): string {
  const headers = new SipHeaders(routes.map((value) => ({ name: 'Route', value })));
  const request: SipRequest = { type: 'request', method: 'BYE', uri, headers, body: new Uint8Array(0) };
  const prefixes = match.map((text) => parseAddressPrefix(text)!);
  const { address, port } = dialogHop({ peer: { ...peer, match: prefixes }, hop: source }, request);
  return `${address} ${port}`;
}

interface Going {
  readonly routes?: readonly string[];
  readonly match?: readonly string[];
}

const back = '192.0.2.4 40000';

describe('where a request in a dialog goes', () => {
  it.each<[string, string, Going, string]>([
    ['RFC 3261 §12.2.1.1: to the Contact', 'sip:a@192.0.2.4:5080', {}, '192.0.2.4 5080'],
    ['without a port to 5060', 'sip:a@192.0.2.4', {}, '192.0.2.4 5060'],
    ['to another address of the same peer', 'sip:a@192.0.2.7:5070', {}, '192.0.2.7 5070'],
    ['to another family of the same peer', 'sip:a@[2001:db8::7]', {}, '2001:db8::7 5060'],
    [
      'a phone behind the PBX: to the route, and the phone is its business',
      'sip:phone@10.0.0.9:5060',
      { routes: ['<sip:192.0.2.5:5060;lr>'] },
      '192.0.2.5 5060',
    ],
    [
      'a phone behind the PBX that routes nothing: to where messages come from',
      'sip:phone@10.0.0.9',
      {},
      back,
    ],
    ['a name: to where messages come from', 'sip:a@pbx.example', {}, back],
    ['somebody else', 'sip:a@203.0.113.66:5060', {}, back],
    ['somebody else by a route', 'sip:a@192.0.2.4', { routes: ['<sip:203.0.113.66;lr>'] }, back],
    ['ourselves', 'sip:a@203.0.113.1:5060', {}, back],
    ['port 0', 'sip:a@192.0.2.4:0', {}, back],
    ['multicast, where any address is the peer', 'sip:a@224.0.1.75', { match: ['0.0.0.0/0'] }, back],
    ['broadcast', 'sip:a@255.255.255.255', { match: ['0.0.0.0/0'] }, back],
    ['this network', 'sip:a@0.0.0.0', { match: ['0.0.0.0/0'] }, back],
    ['multicast of IPv6', 'sip:a@[ff02::1]', { match: ['::/0'] }, back],
    ['the unspecified address of IPv6', 'sip:a@[::]', { match: ['::/0'] }, back],
    ['no SIP URI', 'tel:112', {}, back],
  ])('%s', (_name, uri, going, expected) => {
    expect(goesTo(uri, going)).toBe(expected);
  });

  it('RFC 5922 §7.3: under the name that the peer was found by, which its certificate has to prove again', () => {
    const hop = { ...source, name: 'sbc.carrier.example' };
    const prefixes = [parseAddressPrefix('192.0.2.0/28')!];
    const request: SipRequest = {
      ...{ type: 'request', method: 'BYE', uri: 'sip:a@192.0.2.7' },
      ...{ headers: new SipHeaders(), body: new Uint8Array(0) },
    };
    expect(dialogHop({ peer: { ...peer, match: prefixes }, hop }, request).name).toBe('sbc.carrier.example');
    expect(heardFrom(hop, source).name).toBe('sbc.carrier.example');
    expect('name' in heardFrom(source, source)).toBe(false);
  });
});
