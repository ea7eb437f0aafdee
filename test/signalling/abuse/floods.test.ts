import { createSocket } from 'node:dgram';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostilePackets } from '../../support/hostile-packets.ts';
import { rawRequest, rawUdp, type RawUdp } from '../transport/raw-peer.ts';
import { type StackUnderTest, stackUnderTest } from '../transport/stack-under-test.ts';
import { flood, seeded, untilAnswered } from './flood.ts';

describe('what floods leave behind, over UDP', () => {
  let under: StackUnderTest;
  let peer: RawUdp;
  const port = (): number => under.ports['udp'] ?? 0;
  const send = (text: string | Uint8Array): void => {
    peer.send(text, port());
  };

  beforeEach(async () => {
    under = await stackUnderTest({ isPeer: (_, address) => address === '127.0.0.1' });
    under.onRequest = null;
    peer = await rawUdp();
  });
  afterEach(async () => {
    peer.close();
    await under.stack.close();
  });

  /** A request is still taken, and no bug was met. */
  async function lives(): Promise<void> {
    const before = under.told.length;
    const probe = await rawUdp();
    const request = rawRequest(probe.port, { branch: 'z9hG4bKprobe', callId: 'probe' });
    expect(
      await untilAnswered(() => {
        probe.send(request, port());
      }, probe.next()),
    ).toMatch(/^SIP\/2.0 100/);
    probe.close();
    expect(under.told.length - before).toBeLessThanOrEqual(1);
    expect(under.dropped('dispatch-failed')).toBe(0);
    expect(under.logged.filter((line) => line.includes('failed'))).toEqual([]);
  }

  it('garbage of a peer: nothing', async () => {
    const random = seeded(1);
    await flood(2_000, () => {
      send(Uint8Array.from({ length: 1 + Math.floor(random() * 400) }, () => Math.floor(random() * 256)));
    });
    await under.settle();
    expect(under.stack.activeTransactions).toBe(0);
    expect(under.told).toEqual([]);
    await lives();
  });

  it('a good beginning and then NULs: a 400 each, no transaction', async () => {
    const good = rawRequest(peer.port);
    await flood(500, (n) => {
      send(good.slice(0, n % good.length) + '\0'.repeat(200));
    });
    await under.settle();
    expect(under.stack.activeTransactions).toBe(0);
    await lives();
  });

  it.each(hostilePackets.map(({ name, bytes }) => [name, bytes] as const))(
    'a hostile packet: %s',
    async (_name, bytes) => {
      send(bytes);
      await under.settle();
      expect(under.stack.activeTransactions).toBeLessThanOrEqual(1);
      expect(under.dropped('dispatch-failed')).toBe(0);
    },
  );

  it('ten thousand strangers: at most 200 answers', async () => {
    let answers = 0;
    for (let n = 0; n < 10_000; n++) {
      const address = `127.1.${n >> 8}.${n & 255}`;
      const stranger = createSocket('udp4');
      stranger.on('message', () => (answers += 1));
      await new Promise<void>((resolve) => {
        stranger.bind(0, address, resolve);
      });
      const via = `SIP/2.0/UDP ${address};rport;branch=z9hG4bK${n}`;
      await new Promise<void>((resolve) => {
        stranger.send(rawRequest(0, { via }), port(), '127.0.0.1', () => {
          resolve();
        });
      });
      if (answers < 200) await new Promise((resolve) => setImmediate(resolve));
      stranger.close();
    }
    await under.settle();
    expect(answers).toBeLessThanOrEqual(200);
    expect(under.dropped('stranger')).toBeGreaterThan(5_000);
    expect(under.stack.activeTransactions).toBe(0);
    expect(under.hand.pending).toBe(0);
    await lives();
  });

  it('ACKs of nothing: neither an answer nor a transaction', async () => {
    await flood(3_000, (n) => {
      send(rawRequest(peer.port, { method: 'ACK', branch: `z9hG4bK${n}`, callId: `c${n}` }));
    });
    await under.settle();
    expect([peer.waiting, under.stack.activeTransactions]).toEqual([0, 0]);
    under.told.length = 0;
    await lives();
  });

  it('CANCELs of nothing: no transaction', async () => {
    await flood(3_000, (n) => {
      send(rawRequest(peer.port, { method: 'CANCEL', branch: `z9hG4bK${n}`, callId: `c${n}` }));
    });
    await under.settle();
    expect(under.stack.activeTransactions).toBe(0);
    await lives();
  });

  it('responses to nothing: nothing', async () => {
    await flood(3_000, (n) => {
      send(
        `SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK${n}\r\nf: a:a\r\nt: a:a\r\ni: ${n}\r\nCSeq: 1 INVITE\r\n\r\n`,
      );
    });
    await under.settle();
    expect([peer.waiting, under.stack.activeTransactions]).toEqual([0, 0]);
    await lives();
  });

  it('an INVITE that is sent three thousand times: one transaction, told of once', async () => {
    const invite = rawRequest(peer.port);
    await flood(3_000, () => {
      send(invite);
    });
    await under.settle();
    expect(under.stack.activeTransactions).toBe(1);
    expect(under.told).toHaveLength(1);
  });
});
