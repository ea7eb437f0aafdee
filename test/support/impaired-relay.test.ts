import { afterEach, describe, expect, it } from 'vitest';
import { type Impairment, ImpairedRelay } from './impaired-relay.ts';
import { udpWire, type Wire } from './scripted-sip/wire.ts';

const address = '127.0.0.1';
const clean: Impairment = { loss: 0, duplication: 0, reordering: 0, heldMs: 0 };
const count = 2000;

let open: { close(): void }[] = [];

afterEach(() => {
  for (const one of open) one.close();
  open = [];
});

/** Sends numbered datagrams from the peer through a relay, and gives what came out beyond. */
async function through(
  seed: number,
  fromPeer: Impairment,
): Promise<{ came: number[]; relay: ImpairedRelay }> {
  let relayFront = 0;
  const peer = await udpWire({ address, port: 0 }, () => ({ address, port: relayFront }));
  const beyond = await udpWire({ address, port: 0 }, () => peer.local);
  const relay = await ImpairedRelay.start({
    ...{ seed, peer: peer.local, beyond: beyond.local, toPeer: clean, fromPeer },
  });
  relayFront = relay.front.port;
  open.push(peer, beyond, relay);
  for (let n = 0; n < count; n++) {
    peer.send(String(n));
    // Fewer than a socket is read at a turn of the loop (32), so that nothing but the relay loses anything.
    if (n % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return { came: (await beyond.during(fromPeer.heldMs + 150)).map(Number), relay };
}

describe('the impaired relay', () => {
  it('unimpaired, passes all in order', async () => {
    const { came } = await through(1, clean);
    expect(came).toEqual(Array.from({ length: count }, (_, n) => n));
  });

  it('loses, doubles and reorders about the shares that it was told, and logs each fate', async () => {
    const { came, relay } = await through(7, { loss: 0.05, duplication: 0.1, reordering: 0.1, heldMs: 20 });
    const distinct = new Set(came);
    const late = came.filter((n, at) => at > 0 && n < came[at - 1]!);
    expect(count - distinct.size).toBe(relay.log.filter(({ fate }) => fate === 'lost').length);
    expect(came.length - distinct.size).toBe(relay.log.filter(({ fate }) => fate === 'doubled').length);
    expect((count - distinct.size) / count).toBeCloseTo(0.05, 1);
    expect((came.length - distinct.size) / count).toBeCloseTo(0.1, 1);
    expect(late.length).toBeGreaterThan(count / 50);
  });

  it('does the same again with the same seed', async () => {
    const impairment = { loss: 0.2, duplication: 0, reordering: 0, heldMs: 0 };
    const [first, again, other] = [
      (await through(3, impairment)).came,
      (await through(3, impairment)).came,
      (await through(4, impairment)).came,
    ];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it('passes the other direction from the port that the peer sends to', async () => {
    const peer: Wire = await udpWire({ address, port: 0 }, () => ({ address, port: 9 }));
    let back = 0;
    const beyond = await udpWire({ address, port: 0 }, () => ({ address, port: back }));
    const relay = await ImpairedRelay.start({
      ...{ seed: 1, peer: peer.local, beyond: beyond.local, toPeer: clean, fromPeer: clean },
    });
    back = relay.back.port;
    open.push(peer, beyond, relay);
    beyond.send('hello');
    expect(await peer.next()).toBe('hello');
  });
});
