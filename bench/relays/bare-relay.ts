import { addressBytes, calls, Memory, openSocket, Watch, writeAddress } from '../load/native.ts';
import type { PortsOfCall } from '../load/load-options.ts';

/**
 * The least that a relay can be: a socket a party, awake at each packet, which goes out by the other party's
 * socket as it came. What the machine itself adds to a packet's way is measured with it.
 */
process.once('message', (parties: readonly PortsOfCall[]) => {
  const watch = new Watch();
  const memory = new Memory(2048);
  const sockets = parties.flat().map((port, index) => {
    const target = new Memory(addressBytes);
    writeAddress(target, 0, port);
    const socket = openSocket(0);
    watch.add(socket.fd, index);
    return { ...socket, target };
  });
  process.send?.(parties.map((_, call) => [sockets[2 * call]?.port, sockets[2 * call + 1]?.port]));
  for (;;) {
    const ready = watch.wait(-1);
    for (let i = 0; i < ready; i++) {
      const index = watch.numberOf(i);
      const [from, to] = [sockets[index], sockets[index ^ 1]];
      if (from === undefined || to === undefined) continue;
      const length = calls.receiveFrom(from.fd, memory.at, 2048, 0, 0, 0);
      if (length > 0) calls.send(to.fd, memory.at, length, 0, to.target.at, addressBytes);
    }
  }
});
