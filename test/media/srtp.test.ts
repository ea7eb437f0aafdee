import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LegCrypto } from '../../src/rtp/srtp/leg-crypto.ts';
import type { MasterKey, SrtpKeys, SrtpSuiteName } from '../../src/rtp/srtp/srtp-suites.ts';
import { tapKind } from '../../src/kernel/tap-ring.ts';
import { type Heard, rtpPacket } from './party.ts';
import { promptOf, RelayFixture } from './relay-fixture.ts';

let fixture: RelayFixture;

beforeEach(() => {
  fixture = new RelayFixture({ prompts: [promptOf('told', new Int16Array(480).fill(1000))] });
});
afterEach(() => {
  fixture.stop();
});

const key = (seed: number): MasterKey => ({
  key: new Uint8Array(16).fill(seed),
  salt: new Uint8Array(14).fill(seed + 1),
});
const suite: SrtpSuiteName = 'AES_CM_128_HMAC_SHA1_80';
const keys = (ours: number, theirs: number): SrtpKeys => ({ suite, ours: key(ours), theirs: key(theirs) });
/** The same keys as the party has them. */
const partyOf = ({ ours, theirs }: SrtpKeys, before?: LegCrypto): LegCrypto =>
  new LegCrypto({ suite, ours: theirs, theirs: ours }, before);

function protectedPacket(crypto: LegCrypto, fields: Parameters<typeof rtpPacket>[0]): Buffer {
  const clear = rtpPacket(fields);
  const packet = Buffer.concat([clear, Buffer.alloc(16)]);
  return packet.subarray(0, crypto.protectRtp(packet, clear.length));
}

/** What a party reads out of what it heard; null where the tag does not hold. */
function opened(crypto: LegCrypto, { packet }: Heard): Buffer | null {
  const bytes = Buffer.from(packet);
  const length = crypto.unprotectRtp(bytes, bytes.length);
  return length < 0 ? null : bytes.subarray(12, length);
}

const said = (sequence: number): Buffer => Buffer.alloc(160, sequence & 0xff);

async function secured(first: SrtpKeys | null, second: SrtpKeys | null) {
  const call = await fixture.call();
  for (const [leg, security] of [first, second].entries()) {
    if (security !== null) fixture.connect(call.session, leg as 0 | 1, call.parties[leg]!, { security });
  }
  return call;
}

describe('a leg with SRTP', () => {
  it('talks to one in clear, both ways, and the tap gets what was said', async () => {
    const security = keys(1, 2);
    const { session, legs, parties } = await secured(security, null);
    const crypto = partyOf(security);
    fixture.relay.command({ type: 'begin', session, recording: 4 });
    await parties[0].send(protectedPacket(crypto, { sequence: 7 }), legs[0].rtpPort);
    await parties[1].send(rtpPacket({ sequence: 9 }), legs[1].rtpPort);
    const [clear] = await parties[1].hears(1);
    const [sealed] = await parties[0].hears(1);
    expect(clear!.packet).toHaveLength(172);
    expect(clear!.payload).toEqual(said(7));
    expect(sealed!.packet).toHaveLength(182);
    expect(sealed!.packet.includes(said(9).subarray(0, 16))).toBe(false);
    expect(opened(crypto, sealed!)).toEqual(said(9));
    const taped = fixture.tapped().filter(({ kind }) => kind === tapKind.packet);
    expect(taped.map(({ channel, bytes }) => [channel, Buffer.from(bytes.subarray(12))])).toEqual([
      [0, said(7)],
      [1, said(9)],
    ]);
  });

  it('talks to another with other keys', async () => {
    const [a, b] = [keys(1, 2), keys(3, 4)];
    const { legs, parties } = await secured(a, b);
    const [one, other] = [partyOf(a), partyOf(b)];
    for (let sequence = 1; sequence <= 3; sequence++) {
      await parties[0].send(protectedPacket(one, { sequence }), legs[0].rtpPort);
    }
    const heard = await parties[1].hears(3);
    expect(heard.map((packet) => opened(other, packet))).toEqual([said(1), said(2), said(3)]);
  });

  it('hears a prompt under its key', async () => {
    const security = keys(1, 2);
    const { session, parties } = await secured(security, null);
    fixture.relay.command({ type: 'play', session, leg: 0, prompt: 'told' });
    fixture.clock.advance(100);
    const heard = await parties[0].hears(3);
    const crypto = partyOf(security);
    const sound = heard.map((packet) => opened(crypto, packet));
    expect(sound.map((payload) => payload?.length)).toEqual([160, 160, 160]);
    expect(new Set(sound.flatMap((payload) => [...payload!])).size).toBe(1);
  });

  it('hears nothing that was forged, replayed or in clear; each is counted and the call goes on', async () => {
    const security = keys(1, 2);
    const { legs, parties } = await secured(security, null);
    const crypto = partyOf(security);
    const good = protectedPacket(crypto, { sequence: 1 });
    const forged = Buffer.from(protectedPacket(crypto, { sequence: 2 }));
    forged[20] = forged[20]! ^ 1;
    await parties[0].send(good, legs[0].rtpPort);
    await parties[0].send(good, legs[0].rtpPort);
    await parties[0].send(forged, legs[0].rtpPort);
    await parties[0].send(rtpPacket({ sequence: 3 }), legs[0].rtpPort);
    await parties[0].send(Buffer.from([0x80, 0]), legs[0].rtpPort);
    await parties[0].send(protectedPacket(crypto, { sequence: 4 }), legs[0].rtpPort);
    const heard = await parties[1].hears(2);
    expect(heard.map(({ payload }) => payload)).toEqual([said(1), said(4)]);
    expect(fixture.stats().drops).toEqual({
      'srtp-replayed': 1,
      'srtp-authentication': 2,
      'srtp-malformed': 1,
    });
  });

  it('spends no cryptography on an address that nobody named', async () => {
    const { legs } = await secured(keys(1, 2), null);
    const stranger = await fixture.party('127.0.0.9');
    await stranger.send(protectedPacket(partyOf(keys(1, 2)), { sequence: 1 }), legs[0].rtpPort, '127.0.0.1');
    await fixture.drops('foreign-address', 1);
    expect(fixture.stats().drops).toEqual({ 'foreign-address': 1 });
  });

  it('sends a duplicate once, since two packets of one index would share a keystream', async () => {
    const security = keys(1, 2);
    const { legs, parties } = await secured(null, security);
    for (const sequence of [1, 1, 2]) await parties[0].send(rtpPacket({ sequence }), legs[0].rtpPort);
    const heard = await parties[1].hears(2);
    const crypto = partyOf(security);
    expect(heard.map((packet) => opened(crypto, packet))).toEqual([said(1), said(2)]);
    expect(fixture.stats().drops).toEqual({ 'srtp-replayed': 1 });
  });

  it('stays in step over the wrap of the other leg, and where its numbers begin anew', async () => {
    const security = keys(1, 2);
    const { legs, parties } = await secured(null, security);
    const sequences = [65_534, 65_535, 65_536, 65_540, 20_000, 20_001, 19_000];
    for (const sequence of sequences) await parties[0].send(rtpPacket({ sequence }), legs[0].rtpPort);
    const heard = await parties[1].hears(sequences.length);
    const crypto = partyOf(security);
    expect(heard.map((packet) => opened(crypto, packet))).toEqual(sequences.map(said));
  });
});

describe('RTCP of a leg with SRTP', () => {
  /** RFC 3550 §6.4.1: an SR of `ssrc` without blocks, and an SDES with a CNAME. */
  const report = (ssrc: number): Buffer => {
    const packet = Buffer.alloc(28 + 16);
    packet.set([0x80, 200, 0, 6]);
    packet.writeUInt32BE(ssrc, 4);
    packet.set([0x81, 202, 0, 3], 28);
    packet.writeUInt32BE(ssrc, 32);
    packet.set([1, 4, 97, 64, 98, 99, 0, 0], 36);
    return packet;
  };

  it('is SRTCP there and RTCP on the other leg, both ways', async () => {
    const security = keys(1, 2);
    const { session, legs, parties } = await secured(security, null);
    const controls = [await fixture.party(), await fixture.party()] as const;
    for (const leg of [0, 1] as const) {
      const remote = { address: '127.0.0.1', port: parties[leg].port, rtcpPort: controls[leg].port };
      fixture.connect(session, leg, parties[leg], leg === 0 ? { security, remote } : { remote });
    }
    const crypto = partyOf(security);
    await parties[0].send(protectedPacket(crypto, { sequence: 1, ssrc: 5 }), legs[0].rtpPort);
    await parties[1].send(rtpPacket({ sequence: 1, ssrc: 6 }), legs[1].rtpPort);
    await Promise.all([parties[0].hears(1), parties[1].hears(1)]);
    const sealed = Buffer.concat([report(5), Buffer.alloc(32)]);
    const length = crypto.protectRtcp(sealed, 44);
    await controls[0].send(sealed.subarray(0, length), legs[0].rtcpPort);
    const [clear] = await controls[1].hears(1);
    expect([...clear!.packet.subarray(0, 2)]).toEqual([0x80, 200]);
    expect(clear!.packet.readUInt32BE(4)).toBe(parties[1].heard[0]!.ssrc);
    await controls[1].send(report(6), legs[1].rtcpPort);
    const [secret] = await controls[0].hears(1);
    const opened = Buffer.from(secret!.packet);
    expect(crypto.unprotectRtcp(opened, opened.length)).toBe(clear!.packet.length);
    expect(opened.readUInt32BE(4)).toBe(parties[0].heard[0]!.ssrc);
    await controls[0].send(report(5), legs[0].rtcpPort);
    await fixture.drops('srtp-authentication', 1);
  });
});

describe('SDP says again what a leg has', () => {
  it('the same keys: counters go on, and so does the stream', async () => {
    const security = keys(1, 2);
    const { session, legs, parties } = await secured(security, security);
    const [one, other] = [partyOf(security), partyOf(security)];
    const talk = async (sequence: number): Promise<void> => {
      await parties[0].send(protectedPacket(one, { sequence }), legs[0].rtpPort);
    };
    await talk(65_000);
    await talk(66_000);
    await parties[1].hears(2);
    for (const leg of [0, 1] as const) fixture.connect(session, leg, parties[leg], { security });
    await talk(66_001);
    const heard = await parties[1].hears(3);
    expect(heard.map((packet) => opened(other, packet))).toEqual([65_000, 66_000, 66_001].map(said));
    expect(new Set(heard.map(({ ssrc }) => ssrc)).size).toBe(1);
  });

  it.each([
    { name: 'another key of ours', next: keys(9, 2) },
    { name: 'another key of the party', next: keys(1, 9) },
  ])('$name: a new SSRC, which begins at 0', async ({ next }) => {
    const security = keys(1, 2);
    const { session, legs, parties } = await secured(null, security);
    for (const sequence of [1, 2]) await parties[0].send(rtpPacket({ sequence }), legs[0].rtpPort);
    await parties[1].hears(2);
    fixture.connect(session, 1, parties[1], { security: next });
    await parties[0].send(rtpPacket({ sequence: 3 }), legs[0].rtpPort);
    const heard = await parties[1].hears(3);
    expect(new Set(heard.map(({ ssrc }) => ssrc)).size).toBe(2);
    expect(opened(partyOf(next), heard[2]!)).toEqual(said(3));
    // The party's side of it.
    await parties[1].send(protectedPacket(partyOf(next), { sequence: 50 }), legs[1].rtpPort);
    expect((await parties[0].hears(1))[0]!.payload).toEqual(said(50));
  });

  it('in clear from now on', async () => {
    const { session, legs, parties } = await secured(keys(1, 2), null);
    fixture.connect(session, 0, parties[0]);
    await parties[0].send(rtpPacket({ sequence: 5 }), legs[0].rtpPort);
    expect((await parties[1].hears(1))[0]!.payload).toEqual(said(5));
  });
});
