import type { AddressInfo } from 'node:net';
import { type RandomBytes, systemRandom } from '../kernel/ids.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Meter } from '../kernel/meter.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { type Schedule, systemSchedule } from '../kernel/timers.ts';
import { type LinkEndpoint, listen } from './endpoint.ts';
import { NodeSession, type StoreBatch } from './node-session.ts';
import type { Ask, AskFault, ConnectedNode, NodeRegistry, Value } from './ports.ts';
import type { LinkRequest } from './protocol.ts';

export interface LinkServerOptions {
  readonly endpoint: LinkEndpoint;
  readonly store: StoreBatch;
  readonly logger: Logger;
  readonly meter: Meter;
  /** A node is ready to take calls; said again after each reconnect. */
  readonly onServing?: (node: ConnectedNode) => void;
  readonly onGone?: (nodeId: string) => void;
  readonly schedule?: Schedule;
  readonly random?: RandomBytes;
}

export interface LinkServer extends NodeRegistry {
  /** The port in use; null on a Unix socket. */
  readonly port: number | null;
  close(): Promise<void>;
}

/** The control process' end of the link. The error is one sentence for the user. */
export async function createLinkServer(options: LinkServerOptions): Promise<Result<LinkServer, string>> {
  const { logger, meter } = options;
  const sessions = new Set<NodeSession>();
  const nodes = new Map<string, NodeSession>();
  const connected = meter.gauge('onrecord_nodes_connected', 'Proxies connected to this control process');
  const listening = await listen(
    options.endpoint,
    (socket) => {
      sessions.add(
        new NodeSession(socket, {
          store: options.store,
          logger,
          meter,
          schedule: options.schedule ?? systemSchedule,
          random: options.random ?? systemRandom,
          onHello,
          onServing: (session) => {
            const node = view(session);
            if (node !== null) options.onServing?.(node);
          },
          onGone,
        }),
      );
    },
    (why) => {
      logger.warn('link-handshake-refused', { why });
    },
  );
  if (!listening.ok) return listening;
  const server = listening.value;
  connected.set(0);

  function onHello(session: NodeSession): void {
    const nodeId = session.nodeId ?? '';
    const before = nodes.get(nodeId);
    nodes.set(nodeId, session);
    connected.set(nodes.size);
    // The older connection is a leftover of the same proxy, or two proxies were given one node.id.
    if (before !== undefined) before.close('replaced');
  }
  function onGone(session: NodeSession): void {
    sessions.delete(session);
    const { nodeId } = session;
    if (nodeId === null || nodes.get(nodeId) !== session) return;
    nodes.delete(nodeId);
    connected.set(nodes.size);
    options.onGone?.(nodeId);
  }

  return ok({
    port: options.endpoint.kind === 'unix' ? null : (server.address() as AddressInfo).port,
    nodes: () => [...nodes.values()].flatMap((session) => view(session) ?? []),
    ask: <M extends LinkRequest['method']>(nodeId: string, ask: Ask<M>, withinMs: number) => {
      const session = nodes.get(nodeId);
      const answer = session?.ask(ask, withinMs) ?? Promise.resolve(err('unreachable' as const));
      // `PendingRequests` gives no value of another method than the one that was asked for.
      return answer as Promise<Result<Value<M>, AskFault>>;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const session of [...sessions]) session.close('shutdown');
      }),
  });
}

function view({ nodeId, version, sip }: NodeSession): ConnectedNode | null {
  return nodeId === null ? null : { nodeId, version, sip };
}
