import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostilePackets } from '../../support/hostile-packets.ts';
import { type NodeUnderTest, nodeUnderTest } from '../node-under-test.ts';
import { audio } from '../scripted-peer.ts';
import { rawTcp } from '../transport/raw-peer.ts';
import { seeded } from './flood.ts';

let node: NodeUnderTest;

beforeEach(async () => {
  node = await nodeUnderTest({ limits: { connectionsPerSource: 8, messageSeconds: 1 } });
});

afterEach(async () => {
  await node.close();
});

const dropped = (reason: string): number =>
  node.meter
    .snapshot()
    .filter(({ name, labels }) => name === 'onrecord_sip_dropped_total' && labels['reason'] === reason)
    .reduce((sum, { value }) => sum + value, 0);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('what streams may cost', () => {
  it('who sends a message byte by byte is cut off, and a call on another connection goes on', async () => {
    const { peer } = await node.tcpPbx();
    peer.invite(node.uri('352123'), 'running');
    const invite = await node.carrier.expect('INVITE');
    const slow = await rawTcp(node.portOf('tcp'));
    const dribble = setInterval(() => {
      slow.send('I');
    }, 50);
    await slow.closed;
    clearInterval(dribble);
    expect(dropped('stream-message-timeout')).toBe(1);
    node.carrier.respond(invite, '200 OK', { tag: 'bob', body: audio(6000, '8') });
    await peer.expect('SIP/2.0 200');
  });

  it('a source has no more than its connections, and those that it has go on', async () => {
    const { peer } = await node.tcpPbx();
    const flood = await Promise.all(Array.from({ length: 40 }, () => rawTcp(node.portOf('tcp'))));
    await expect.poll(() => dropped('tcp-connections-full'), { timeout: 5_000 }).toBe(33);
    peer.invite(node.uri('352123'), 'running');
    await peer.expect('SIP/2.0 100');
    for (const { socket } of flood) socket.destroy();
    let tries = 0;
    const again = async (): Promise<boolean> => {
      const later = (await node.tcpPbx()).peer;
      later.invite(node.uri('352123'), `later-${tries++}`);
      return later.expect('SIP/2.0 100').then(
        () => true,
        () => false,
      );
    };
    await expect.poll(again, { timeout: 10_000 }).toBe(true);
  });

  it('garbage ends its own connection only', async () => {
    const random = seeded(2);
    const { peer } = await node.tcpPbx();
    for (let n = 0; n < 30; n++) {
      const { socket, closed } = await rawTcp(node.portOf('tcp'));
      socket.write(Uint8Array.from({ length: 40_000 }, () => Math.floor(random() * 256)));
      await closed;
    }
    peer.invite(node.uri('352123'), 'running');
    await peer.expect('SIP/2.0 100');
    expect(dropped('dispatch-failed')).toBe(0);
  });

  it('hostile packets, each on its own connection, cost nobody else anything', async () => {
    const { peer } = await node.tcpPbx();
    for (const { bytes } of hostilePackets) {
      const { socket } = await rawTcp(node.portOf('tcp'));
      socket.end(bytes);
      await pause(5);
    }
    peer.invite(node.uri('352123'), 'running');
    await peer.expect('SIP/2.0 100');
    expect(dropped('dispatch-failed')).toBe(0);
    expect(node.b2bua.activeCalls).toBeLessThanOrEqual(2);
  });
});
