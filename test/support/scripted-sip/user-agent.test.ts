import { afterEach, describe, expect, it } from 'vitest';
import { type Impairment, ImpairedRelay } from '../impaired-relay.ts';
import { waitUntil } from '../processes.ts';
import { ScriptedAgent } from './user-agent.ts';
import { udpWire } from './wire.ts';

const address = '127.0.0.1';
const bad: Impairment = { loss: 0.1, duplication: 0.1, reordering: 0.1, heldMs: 30 };

let open: { close(): void }[] = [];

afterEach(() => {
  for (const one of open) one.close();
  open = [];
});

describe('two scripted agents', () => {
  it.each([
    ['side by side', { ...bad, loss: 0, duplication: 0, reordering: 0 }],
    ['through a relay that loses, doubles and reorders one datagram of ten each', bad],
  ])('%s, end every call that they begin', async (_name, impairment) => {
    let front = 0;
    let back = 0;
    const callerWire = await udpWire({ address, port: 0 }, () => ({ address, port: front }));
    const calleeWire = await udpWire({ address, port: 0 }, () => ({ address, port: back }));
    const relay = await ImpairedRelay.start({
      ...{ seed: 11, peer: callerWire.local, beyond: calleeWire.local },
      ...{ toPeer: impairment, fromPeer: impairment },
    });
    ({ port: front } = relay.front);
    ({ port: back } = relay.back);
    const script = (number: string): { ringMs: number; talkMs: number; endedBy: 'caller' | 'callee' } => ({
      ...{ ringMs: 10, talkMs: 20, endedBy: Number(number) % 2 === 0 ? 'caller' : 'callee' },
    });
    const caller = new ScriptedAgent({ wire: callerWire, contact: relay.back, script });
    const callee = new ScriptedAgent({ wire: calleeWire, contact: calleeWire.local, script });
    open.push(caller, callee, relay);
    for (let n = 0; n < 20; n++) caller.call(String(n), callee.contact);
    const states = (): string[] =>
      [...caller.calls.values(), ...callee.calls.values()].map(({ state }) => state);
    await waitUntil(
      'all calls to be over',
      () => states().every((state) => state === 'over') || undefined,
      15_000,
    );
    expect(states()).toHaveLength(40);
  });
});
