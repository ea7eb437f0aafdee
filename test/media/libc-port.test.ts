import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import { setDescriptorOption } from '../../src/kernel/socket-options.ts';
import { DescriptorTable } from '../../src/media/descriptor-table.ts';
import type { LibcPort } from '../../src/media/libc-port.ts';
import { descriptorsAt } from '../support/socket-option.ts';
import { Party } from './party.ts';
import { io, libcPort } from './port-kinds.ts';

/** `asm-generic/socket.h`, `linux/in.h`. */
const receiveBuffer = [1, 8] as const;
const reportErrors = [0, 11] as const;

describe.skipIf(io !== 'libc')('a port by the system’s own calls', () => {
  const clock = systemClock();
  const delivered: { readonly socket: number; readonly arrivedAt: number }[] = [];
  const descriptors = DescriptorTable.memoryFor(20);
  let ticks: (() => void)[] = [];
  let port: LibcPort;
  let party: Party;
  let opened: number[] = [];

  const tick = (): void => {
    for (const run of ticks) run();
  };
  const bound = async (at: number): Promise<number> => {
    const socket = await port.open('127.0.0.1', at);
    if (socket === null) throw new Error(`port ${at} is taken`);
    opened.push(socket);
    return socket;
  };
  const from = (socket: number): number => delivered.filter((one) => one.socket === socket).length;
  const openCells = (): number => new Int32Array(descriptors).filter((cell) => cell !== 0).length;

  beforeEach(async () => {
    ticks = [];
    delivered.length = 0;
    port = libcPort(
      {
        datagram(socket, _packet, _length, _source, arrivedAt) {
          delivered.push({ socket, arrivedAt });
        },
      },
      clock,
      {
        stamped: true,
        descriptors,
        repeat: (_everyMs, run) => {
          ticks.push(run);
          return () => {
            ticks = ticks.filter((other) => other !== run);
          };
        },
      },
    );
    party = await Party.at();
  });
  afterEach(() => {
    for (const socket of opened) port.close(socket);
    opened = [];
    party.close();
  });

  it('looks for datagrams while a socket is open, and else not at all', async () => {
    expect(ticks).toHaveLength(0);
    await bound(17_600);
    await bound(17_602);
    expect(ticks).toHaveLength(1);
    for (const socket of opened) port.close(socket);
    expect([ticks.length, openCells()]).toEqual([0, 0]);
    await bound(17_600);
    await party.send(Buffer.from('again'), 17_600);
    tick();
    expect(delivered).toHaveLength(1);
  });

  it('reads every socket each tick, however much waits at one of them, and the rest at the next', async () => {
    const [flooded, quiet] = [await bound(17_604), await bound(17_606)];
    for (let i = 0; i < 20; i++) await party.send(Buffer.alloc(20), 17_604);
    await party.send(Buffer.alloc(20), 17_606);
    tick();
    expect([from(flooded), from(quiet)]).toEqual([8, 1]);
    tick();
    tick();
    expect([from(flooded), from(quiet)]).toEqual([20, 1]);
  });

  it('counts what found the socket’s queue full', async () => {
    const socket = await bound(17_608);
    setDescriptorOption(descriptorsAt('udp', 17_608)[0]!, ...receiveBuffer, 2304);
    for (let i = 0; i < 30; i++) await party.send(Buffer.alloc(200), 17_608);
    for (let i = 0; i < 5; i++) tick();
    // How many were dropped is told with the next one that is not.
    await party.send(Buffer.alloc(200), 17_608);
    tick();
    expect(from(socket)).toBeLessThan(30);
    expect(from(socket) + port.overflows).toBe(31);
  });

  it('says when the system took a datagram, not when it was read', async () => {
    await bound(17_610);
    const before = clock.monotonic();
    await party.send(Buffer.alloc(20), 17_610);
    const after = clock.monotonic();
    while (clock.monotonic() < after + 20) await new Promise((resolve) => setImmediate(resolve));
    tick();
    // The two clocks are read one after the other.
    expect(delivered[0]?.arrivedAt).toBeGreaterThan(before - 1);
    expect(delivered[0]?.arrivedAt).toBeLessThan(after + 1);
  });

  it('lives on after an error that waits at a socket, and counts it', async () => {
    const socket = await bound(17_612);
    setDescriptorOption(descriptorsAt('udp', 17_612)[0]!, ...reportErrors, 1);
    // Nobody is there: ICMP says so.
    port.send(socket, Buffer.alloc(20), 20, port.target('127.0.0.1', 17_699));
    tick();
    await party.send(Buffer.alloc(20), 17_612);
    tick();
    expect([port.socketErrors, from(socket)]).toEqual([1, 1]);
  });

  it('opens nothing for which the table of descriptors has no place, and keeps nothing of it', async () => {
    for (let i = 0; i < 19; i++) await bound(17_614 + i);
    expect(await port.open('127.0.0.1', 17_640)).toBeNull();
    expect(descriptorsAt('udp', 17_640)).toHaveLength(0);
  });

  it('leaves in the table what a thread that died had open, for another to close', async () => {
    await bound(17_642);
    await bound(17_644);
    expect(openCells()).toBe(3);
    expect(new DescriptorTable(descriptors).closeAll()).toBe(3);
    opened = [];
    expect(descriptorsAt('udp', 17_642)).toHaveLength(0);
    expect(new DescriptorTable(descriptors).closeAll()).toBe(0);
  });
});
