import type { Clock } from '../../src/kernel/clock.ts';
import { type Repeat, systemRepeat } from '../../src/kernel/timers.ts';
import type { DatagramReceiver, OpenDatagramPort } from '../../src/media/datagram-port.ts';
import { DescriptorTable } from '../../src/media/descriptor-table.ts';
import { DgramPort } from '../../src/media/dgram-port.ts';
import { LibcPort } from '../../src/media/libc-port.ts';
import { systemCalls } from '../../src/media/system-calls.ts';

const hasLibc = systemCalls() !== null;

/** A port by the system's own calls, told by the clock that a test moves unless it asks for the system's stamps. */
export function libcPort(
  receiver: DatagramReceiver,
  clock: Clock,
  options: {
    readonly stamped?: boolean;
    readonly repeat?: Repeat;
    readonly descriptors?: SharedArrayBuffer;
  } = {},
): LibcPort {
  const calls = systemCalls();
  if (calls === null) throw new Error('this system has no such calls');
  return new LibcPort(receiver, {
    ...{ calls, clock, pollMs: 2 },
    stamped: options.stamped ?? false,
    repeat: options.repeat ?? systemRepeat,
    descriptors: new DescriptorTable(options.descriptors ?? DescriptorTable.memoryFor(1000)),
  });
}

/** The way of this run: vitest's projects run these tests once each way. */
export const io = hasLibc && process.env['MEDIA_IO'] !== 'dgram' ? 'libc' : 'dgram';

export function portOf(clock: Clock): OpenDatagramPort {
  return io === 'libc'
    ? (receiver) => libcPort(receiver, clock)
    : (receiver) => new DgramPort(receiver, clock);
}
