import { createSocket } from 'node:dgram';
import { createServer, isIPv6 } from 'node:net';

/** Below the ports that systems draw for outgoing connections (32768 on Linux), so that none takes it meanwhile. */
const firstDrawn = 10_000;
const drawn = 9_000;

/** A TCP port that is free now: `preferred` where nobody has it. */
export async function freeTcpPort(preferred = 0, address = '127.0.0.1'): Promise<number> {
  let port = preferred;
  for (let attempt = 0; attempt < 50; attempt++) {
    if (port !== 0) {
      try {
        return await boundOnce(port, address);
      } catch {
        // Somebody has it: another one is drawn.
      }
    }
    port = firstDrawn + Math.floor(Math.random() * drawn);
  }
  throw new Error(`found no free TCP port on ${address}`);
}

function boundOnce(port: number, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, address, () => {
      const bound = server.address();
      server.close(() => {
        resolve(typeof bound === 'object' && bound !== null ? bound.port : 0);
      });
    });
  });
}

/** The first of `count` successive UDP ports, even, all free now. */
export async function freeUdpRange(count: number, address = '127.0.0.1'): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const first = 20_000 + 2 * Math.floor(Math.random() * 6000);
    const ports = Array.from({ length: count }, (_, n) => first + n);
    const free = await Promise.all(ports.map((port) => isFree(port, address)));
    if (free.every(Boolean)) return first;
  }
  throw new Error(`found no ${count} free UDP ports on ${address}`);
}

function isFree(port: number, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    socket.once('error', () => {
      socket.close();
      resolve(false);
    });
    socket.bind(port, address, () => {
      socket.close(() => {
        resolve(true);
      });
    });
  });
}
