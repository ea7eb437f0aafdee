import type { Clock } from '../kernel/clock.ts';
import { systemRepeat } from '../kernel/timers.ts';
import type { OpenDatagramPort } from './datagram-port.ts';
import { DescriptorTable } from './descriptor-table.ts';
import { DgramPort } from './dgram-port.ts';
import { LibcPort } from './libc-port.ts';
import type { MediaOptions } from './options.ts';
import type { MediaWorkerOptions } from './protocol.ts';
import { systemCalls } from './system-calls.ts';

/** What the configured way comes to on this system; null: it cannot be had here. */
export function usableIo(wanted: MediaOptions['io']): MediaWorkerOptions['io'] | null {
  if (wanted === 'dgram') return 'dgram';
  if (systemCalls() !== null) return 'libc';
  return wanted === 'auto' ? 'dgram' : null;
}

/** How a worker with these options opens its port. */
export function portOpener(
  { io, pollMs, descriptors }: Pick<MediaWorkerOptions, 'io' | 'pollMs' | 'descriptors'>,
  clock: Clock,
): OpenDatagramPort {
  const calls = io === 'libc' ? systemCalls() : null;
  if (calls === null) return (receiver) => new DgramPort(receiver, clock);
  const table = new DescriptorTable(descriptors);
  return (receiver) =>
    new LibcPort(receiver, {
      ...{ calls, clock, pollMs, stamped: true },
      ...{ repeat: systemRepeat, descriptors: table },
    });
}
