import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Party, rtpPacket } from './party.ts';
import { RelayFixture } from './relay-fixture.ts';

let fixture: RelayFixture;

beforeEach(() => {
  fixture = new RelayFixture();
});
afterEach(() => {
  fixture.stop();
});

const said = (sequence: number): Buffer => Buffer.alloc(160, sequence & 0xff);
const relay = '127.0.0.1';

/** RFC 8489 §5: a Binding request. */
const stun = Buffer.from('000100002112a442000102030405060708090a0b', 'hex');
/** RFC 6347 §4.1: a handshake record. */
const dtls = Buffer.from('16fefd0000000000000000002f', 'hex');
/** RFC 6189 §5: version and magic cookie. */
const zrtp = Buffer.concat([Buffer.from('100000015a525450', 'hex'), Buffer.alloc(20)]);

const garbage: readonly { name: string; bytes: Buffer; rtp: string; rtcp: string | null }[] = [
  { name: 'no bytes at all', bytes: Buffer.alloc(0), rtp: 'rtp-short', rtcp: 'not-rtcp' },
  { name: 'one byte', bytes: Buffer.of(0x80), rtp: 'rtp-short', rtcp: 'not-rtcp' },
  {
    name: 'a header cut off',
    bytes: rtpPacket({ sequence: 1 }).subarray(0, 11),
    rtp: 'rtp-short',
    rtcp: 'not-rtcp',
  },
  {
    name: 'a CSRC list cut off',
    bytes: Buffer.from(`8f00${'00'.repeat(20)}`, 'hex'),
    rtp: 'rtp-csrc',
    rtcp: 'not-rtcp',
  },
  {
    name: 'an extension cut off',
    bytes: Buffer.from(`9000${'ff'.repeat(14)}`, 'hex'),
    rtp: 'rtp-extension',
    rtcp: 'not-rtcp',
  },
  {
    name: 'padding of 200 bytes in 20',
    bytes: Buffer.from(`a000${'c8'.repeat(18)}`, 'hex'),
    rtp: 'rtp-padding',
    rtcp: 'not-rtcp',
  },
  {
    name: 'a payload type that was never offered',
    bytes: rtpPacket({ sequence: 1, payloadType: 97 }),
    rtp: 'unknown-payload-type',
    rtcp: 'not-rtcp',
  },
  { name: '1,500 bytes of noise', bytes: Buffer.alloc(1500, 0x5a), rtp: 'rtp-version', rtcp: 'not-rtcp' },
  {
    name: '3,000 bytes of RTP',
    bytes: rtpPacket({ sequence: 1, payload: Buffer.alloc(2988) }),
    rtp: 'oversized',
    rtcp: 'not-rtcp',
  },
  { name: 'STUN (RFC 7983)', bytes: stun, rtp: 'stun', rtcp: 'stun' },
  { name: 'DTLS', bytes: dtls, rtp: 'dtls', rtcp: 'dtls' },
  { name: 'ZRTP', bytes: zrtp, rtp: 'zrtp', rtcp: 'zrtp' },
  {
    name: 'RTCP',
    bytes: Buffer.from('80c90002deadbeefdeadbeef', 'hex'),
    rtp: 'rtcp-on-rtp-port',
    rtcp: null,
  },
  {
    name: 'short RTCP',
    bytes: Buffer.from('80c90007deadbeefdeadbeef', 'hex'),
    rtp: 'rtcp-on-rtp-port',
    rtcp: 'not-rtcp',
  },
];

describe('garbage from the party itself', () => {
  it.each(garbage)('$name is counted, and the call goes on', async ({ bytes, rtp, rtcp }) => {
    const { legs, parties } = await fixture.call();
    const [caller, callee] = parties;
    await caller.send(rtpPacket({ sequence: 1 }), legs[0].rtpPort);
    await caller.send(bytes, legs[0].rtpPort);
    await fixture.drops(rtp, 1);
    if (rtcp !== null) {
      await caller.send(bytes, legs[0].rtcpPort);
      await fixture.drops(rtcp, rtp === rtcp ? 2 : 1);
    }
    await caller.send(rtpPacket({ sequence: 2 }), legs[0].rtpPort);
    const heard = await callee.hears(2);
    expect(heard.map(({ payload }) => payload)).toEqual([said(1), said(2)]);
    const drops = Object.values(fixture.stats().drops).reduce((sum, count) => sum + count, 0);
    expect(drops).toBe(rtcp === null ? 1 : 2);
  });

  it.each([
    { name: 'no payload', payload: Buffer.alloc(0) },
    { name: '1,500 bytes of payload', payload: Buffer.alloc(1500, 7) },
  ])('$name passes as it is', async ({ payload }) => {
    const { legs, parties } = await fixture.call();
    await parties[0].send(rtpPacket({ sequence: 1, payload }), legs[0].rtpPort);
    const [heard] = await parties[1].hears(1);
    expect(heard!.payload).toEqual(payload);
  });
});

describe('a stranger on every media port', () => {
  const attack = async (stranger: Party, ports: readonly number[]): Promise<number> => {
    let sent = 0;
    for (const port of ports) {
      for (const { bytes } of garbage) await stranger.send(bytes, port, relay);
      for (let i = 0; i < 20; i++) await stranger.send(rtpPacket({ sequence: i, ssrc: 0x666 }), port, relay);
      sent += garbage.length + 20;
    }
    return sent;
  };

  it('hears nothing, says nothing, and every datagram of its is counted', async () => {
    const { legs, parties } = await fixture.call();
    const stranger = await fixture.party('127.0.0.66');
    await parties[0].send(rtpPacket({ sequence: 1 }), legs[0].rtpPort);
    await parties[1].send(rtpPacket({ sequence: 1 }), legs[1].rtpPort);
    const ports = legs.flatMap(({ rtpPort, rtcpPort }) => [rtpPort, rtcpPort]);
    const sent = await attack(stranger, ports);
    await fixture.drops('foreign-address', sent);
    await parties[0].send(rtpPacket({ sequence: 2 }), legs[0].rtpPort);
    await parties[1].send(rtpPacket({ sequence: 2 }), legs[1].rtpPort);
    for (const party of parties) {
      expect((await party.hears(2)).map(({ payload }) => payload)).toEqual([said(1), said(2)]);
    }
    expect(stranger.heard).toEqual([]);
    expect(fixture.stats().drops).toEqual({ 'foreign-address': sent });
  });

  it('takes no call of a peer behind NAT that is under way', async () => {
    const { session, legs, parties } = await fixture.call();
    fixture.connect(session, 0, parties[0], { nat: true });
    const stranger = await fixture.party('127.0.0.66');
    for (let sequence = 1; sequence <= 60; sequence++) {
      await parties[0].send(rtpPacket({ sequence }), legs[0].rtpPort);
    }
    await parties[1].hears(60);
    const sent = await attack(stranger, [legs[0].rtpPort, legs[0].rtcpPort]);
    await fixture.drops('foreign-address', sent);
    await parties[1].send(rtpPacket({ sequence: 9 }), legs[1].rtpPort);
    expect((await parties[0].hears(1))[0]!.payload).toEqual(said(9));
    expect(stranger.heard).toEqual([]);
  });
});

describe('a peer behind NAT', () => {
  it('is heard from another address, and hears there', async () => {
    const { session, legs, parties } = await fixture.call();
    fixture.connect(session, 0, parties[0], { nat: true });
    const outside = await fixture.party('127.0.0.7');
    await outside.send(rtpPacket({ sequence: 1 }), legs[0].rtpPort, relay);
    expect((await parties[1].hears(1))[0]!.payload).toEqual(said(1));
    await parties[1].send(rtpPacket({ sequence: 2 }), legs[1].rtpPort);
    expect((await outside.hears(1))[0]!.payload).toEqual(said(2));
    expect(parties[0].heard).toEqual([]);
  });

  it('without `nat: true` it is not', async () => {
    const { legs } = await fixture.call();
    const outside = await fixture.party('127.0.0.7');
    await outside.send(rtpPacket({ sequence: 1 }), legs[0].rtpPort, relay);
    await fixture.drops('foreign-address', 1);
  });
});
