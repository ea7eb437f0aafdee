import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { Schedule } from '../../kernel/timers.ts';
import type { DnsReply, ReplyFault } from './dns-message.ts';

export interface DnsServer {
  readonly address: string;
  readonly port: number;
}

/** `unreachable`: nobody listens there. `flooded`: too much came that was not the reply. */
export type WireFault = 'timeout' | 'unreachable' | 'flooded';

export interface WireQuery {
  readonly server: DnsServer;
  readonly bytes: Uint8Array;
  readonly timeoutMs: number;
  readonly read: (bytes: Uint8Array) => Result<DnsReply, ReplyFault>;
}

/** Carries one query and its reply. Neither method rejects. */
export interface DnsWire {
  udp(query: WireQuery): Promise<Result<DnsReply, WireFault>>;
  tcp(query: WireQuery): Promise<Result<DnsReply, WireFault>>;
}

/** RFC 5452 §9.2 lets guesses run out: a server that is right answers once. */
const maxStrays = 32;
/** RFC 1035 §4.2.2: a length of two bytes and the message. */
const maxStreamBytes = 2 + 65_535;

export function createDnsWire(schedule: Schedule, dropped: (reason: ReplyFault) => void): DnsWire {
  return {
    udp: (query) => askByUdp(query, schedule, dropped),
    tcp: (query) => askByTcp(query, schedule, dropped),
  };
}

/**
 * RFC 5452 §9.2: each query has a socket of its own, so that the system draws its port; connected, so that it hears
 * nobody but the server, and hears at once when nobody is there.
 */
function askByUdp(query: WireQuery, schedule: Schedule, dropped: (reason: ReplyFault) => void) {
  const { server, bytes, timeoutMs, read } = query;
  return new Promise<Result<DnsReply, WireFault>>((resolve) => {
    const socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4');
    let strays = 0;
    let open = true;
    const end = (result: Result<DnsReply, WireFault>): void => {
      if (!open) return;
      open = false;
      cancel();
      socket.close();
      resolve(result);
    };
    const cancel = schedule(timeoutMs, () => {
      end(err('timeout'));
    });
    const unreachable = (): void => {
      end(err('unreachable'));
    };
    socket.on('error', unreachable);
    socket.on('message', (reply) => {
      const taken = read(reply);
      if (taken.ok) {
        end(taken);
        return;
      }
      dropped(taken.error);
      strays += 1;
      if (strays > maxStrays) end(err('flooded'));
    });
    try {
      socket.connect(server.port, server.address, () => {
        if (!open) return;
        socket.send(bytes, (error) => {
          if (error !== null) unreachable();
        });
      });
    } catch {
      unreachable();
    }
  });
}

/** RFC 7766: what does not fit into a datagram. */
function askByTcp(query: WireQuery, schedule: Schedule, dropped: (reason: ReplyFault) => void) {
  const { server, bytes, timeoutMs, read } = query;
  return new Promise<Result<DnsReply, WireFault>>((resolve) => {
    const socket = connect({ host: server.address, port: server.port });
    let held = Buffer.alloc(0);
    const end = (result: Result<DnsReply, WireFault>): void => {
      cancel();
      socket.destroy();
      resolve(result);
    };
    const cancel = schedule(timeoutMs, () => {
      end(err('timeout'));
    });
    socket.on('error', () => {
      end(err('unreachable'));
    });
    socket.on('close', () => {
      end(err('unreachable'));
    });
    socket.on('connect', () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(bytes.length);
      socket.write(Buffer.concat([length, bytes]));
    });
    socket.on('data', (chunk) => {
      held = Buffer.concat([held, chunk]);
      if (held.length > maxStreamBytes) end(err('flooded'));
      if (held.length < 2 || held.length < 2 + held.readUInt16BE(0)) return;
      const taken = read(held.subarray(2, 2 + held.readUInt16BE(0)));
      if (!taken.ok) dropped(taken.error);
      end(taken.ok ? ok(taken.value) : err('unreachable'));
    });
  });
}
