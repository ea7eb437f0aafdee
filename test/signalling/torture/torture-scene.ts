import { dialWire, listeningWire, udpWire, type Wire } from '../../support/scripted-sip/wire.ts';
import { type NodeUnderTest, nodeUnderTest, type NodeOptions } from '../node-under-test.ts';

/** The real stack and B2BUA between two sockets that know nothing but text. */
export interface TortureScene {
  readonly node: NodeUnderTest;
  readonly caller: Wire;
  readonly callee: Wire;
  /** What went wrong within: messages that ended in an exception. */
  bugs(): number;
  close(): Promise<void>;
}

export interface TorturePlan {
  readonly transport: 'udp' | 'tcp';
  readonly address: string;
  /** What the caller sends from. */
  readonly callerPort: number;
  readonly schedule?: NodeOptions['schedule'];
}

/**
 * An address that no other run of the tests uses now: answers to a Via without a port go to 5060, so the
 * caller has to have that port. Where only 127.0.0.1 is there (macOS), it is that.
 */
export function ownLoopback(): string {
  if (process.platform !== 'linux') return '127.0.0.1';
  return `127.44.${(process.pid >> 8) & 0xff}.${process.pid & 0xff || 1}`;
}

export async function tortureScene(plan: TorturePlan): Promise<TortureScene> {
  const { transport, address } = plan;
  const bits = address.includes(':') ? 128 : 32;
  const host = bits === 128 ? `[${address}]` : address;
  const wires: Wire[] = [];
  let calleeListener = 0;
  const callee =
    transport === 'udp'
      ? await udpWire({ address, port: 0 }, () => ({ address, port: calleeListener }))
      : await listeningWire({ address, port: 0 });
  wires.push(callee);
  const peer = (id: string, side: string, port: number): object => ({
    ...{ id, side, listener: id, match: [`${address}/${bits}`], targets: [`sip:${host}:${port}`] },
  });
  const node = await nodeUnderTest({
    more: {
      listeners: ['near', 'far'].map((id) => ({ id, transport, address, port: 0 })),
      peers: [peer('near', 'pbx', plan.callerPort), peer('far', 'trunk', callee.local.port)],
      routes: [{ from: 'near', to: ['far'] }],
    },
    ...(plan.schedule === undefined ? {} : { schedule: plan.schedule }),
  });
  calleeListener = node.portOf('far');
  const near = { address, port: node.portOf('near') };
  const caller =
    transport === 'udp'
      ? await udpWire({ address, port: plan.callerPort }, () => near)
      : await dialWire(address, near);
  wires.push(caller);
  return {
    ...{ node, caller, callee },
    bugs: () =>
      node.meter
        .snapshot()
        .filter(
          ({ name, labels }) =>
            name === 'onrecord_sip_dropped_total' && labels['reason'] === 'dispatch-failed',
        )
        .reduce((sum, { value }) => sum + value, 0),
    close: async () => {
      for (const wire of wires) wire.close();
      await node.close();
    },
  };
}
