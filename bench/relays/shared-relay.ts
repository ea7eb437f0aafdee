import {
  addressBytes,
  calls,
  Memory,
  openSocket,
  setOption,
  sleepMicroseconds,
  writeAddress,
} from '../load/native.ts';
import type { PortsOfCall } from '../load/load-options.ts';

/**
 * An experiment: one socket for all calls, received from and sent by many packets a system call, each 2 ms. Who
 * sent a packet is known by its source alone, an address and port that no two parties share.
 */
const slots = 256;
const packetRoom = 2048;
const pollMicroseconds = 2000;
/** `struct mmsghdr`, `struct iovec`. */
const messageBytes = 64;
const vectorBytes = 16;
/** `asm-generic/socket.h`: queues of one socket hold what those of hundreds did. */
const queues = { send: 32, receive: 33, bytes: 16 * 1024 * 1024 } as const;

const vectorsFrom = slots * messageBytes;
const namesFrom = vectorsFrom + slots * vectorBytes;
const packetsFrom = namesFrom + slots * addressBytes;

process.once('message', (parties: readonly PortsOfCall[]) => {
  const socket = openSocket(0);
  for (const queue of [queues.send, queues.receive]) setOption(socket.fd, queue, queues.bytes);
  const memory = new Memory(packetsFrom + slots * packetRoom);
  for (let slot = 0; slot < slots; slot++) {
    const message = slot * messageBytes;
    const vector = vectorsFrom + slot * vectorBytes;
    memory.pointer(message, memory.at + namesFrom + slot * addressBytes);
    memory.pointer(message + 16, memory.at + vector);
    memory.pointer(message + 24, 1);
    memory.pointer(vector, memory.at + packetsFrom + slot * packetRoom);
    writeAddress(memory, namesFrom + slot * addressBytes, 1);
  }
  /** By the source's port, which is all that differs here. */
  const others = new Uint16Array(65_536);
  for (const [caller, callee] of parties) {
    others[caller] = callee;
    others[callee] = caller;
  }
  process.send?.(parties.map(() => [socket.port, socket.port]));
  for (;;) {
    while (relay(memory, socket.fd, others) === slots);
    sleepMicroseconds(pollMicroseconds);
  }
});

/** Returns how many packets came. */
function relay(memory: Memory, fd: number, others: Uint16Array): number {
  for (let slot = 0; slot < slots; slot++) {
    memory.view.setUint32(slot * messageBytes + 8, addressBytes, true);
    memory.view.setUint32(vectorsFrom + slot * vectorBytes + 8, packetRoom, true);
  }
  const came = calls.receiveMany(fd, memory.at, slots, 0, 0);
  for (let slot = 0; slot < came; slot++) {
    const name = namesFrom + slot * addressBytes;
    memory.view.setUint16(name + 2, others[memory.view.getUint16(name + 2)] ?? 0);
    const length = memory.view.getUint32(slot * messageBytes + 56, true);
    memory.view.setUint32(vectorsFrom + slot * vectorBytes + 8, length, true);
  }
  for (let sent = 0; sent < came; ) {
    const more = calls.sendMany(fd, memory.at + sent * messageBytes, came - sent, 0);
    if (more <= 0) break;
    sent += more;
  }
  return came;
}
