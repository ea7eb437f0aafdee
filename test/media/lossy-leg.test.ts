import { expect, it } from 'vitest';
import { ImpairedRelay } from '../support/impaired-relay.ts';
import { rtpPacket } from './party.ts';
import { RelayFixture } from './relay-fixture.ts';

const packets = 1000;
const clean = { loss: 0, duplication: 0, reordering: 0, heldMs: 0 };

it('a network that loses 5 % of what a party sends: the record says so, to the packet', async () => {
  const fixture = new RelayFixture();
  const { session, legs } = await fixture.open();
  const [caller, callee] = [await fixture.party(), await fixture.party()];
  const network = await ImpairedRelay.start({
    seed: 4,
    peer: caller,
    beyond: { address: caller.address, port: legs[0].rtpPort },
    toPeer: clean,
    fromPeer: { ...clean, loss: 0.05 },
  });
  fixture.connect(session, 0, network.back);
  fixture.connect(session, 1, callee);
  const lost = (): number => network.log.filter(({ fate }) => fate === 'lost').length;
  for (let n = 0; n < packets; n++) {
    await caller.send(rtpPacket({ sequence: n }), network.front.port);
    fixture.clock.advance(20);
    // So few at once that no socket's queue overflows.
    if (n % 20 !== 19) continue;
    while (network.log.length <= n || fixture.stats().packetsIn < n + 1 - lost()) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  // They bound what is expected.
  expect([network.log[0]!.fate, network.log.at(-1)!.fate], 'take another seed').toEqual(['passed', 'passed']);
  fixture.relay.command({ type: 'close', session });
  const { legs: counted } = await fixture.said('closed');
  expect(counted[0].packetsLost).toBe(lost());
  expect(counted[0].quality!.lossPercent).toBeCloseTo((100 * lost()) / packets, 2);
  expect(counted[0].quality!.lossPercent).toBeGreaterThan(4);
  expect(counted[0].quality!.lossPercent).toBeLessThan(6);
  // 3.92 by the E-model at 5 %.
  expect(counted[0].quality!.mos).toBeGreaterThan(3.7);
  expect(counted[0].quality!.mos).toBeLessThan(4.1);
  network.close();
  fixture.stop();
});
