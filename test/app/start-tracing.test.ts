import { afterEach, describe, expect, it } from 'vitest';
import { startTracing, type Tracing } from '../../src/app/start-tracing.ts';
import type { JournalStats } from '../../src/journal/journal.ts';
import type { MonotonicMs, WallMs } from '../../src/kernel/clock.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { createMeter } from '../../src/kernel/meter.ts';
import { ok } from '../../src/kernel/result.ts';
import type { RecordEvent } from '../../src/records/record-event.ts';
import { sipOptions } from '../../src/signalling/options.ts';
import { HandSchedule } from '../signalling/transport/hand-schedule.ts';
import { rawUdp } from '../signalling/transport/raw-peer.ts';

describe('who looks on at signalling', () => {
  const journalled: RecordEvent[] = [];
  let tracing: Tracing;
  afterEach(() => {
    tracing.close();
    journalled.length = 0;
  });

  const start = (sip: Record<string, unknown>): void => {
    const options = sipOptions.parse({
      listeners: [{ id: 'lan', transport: 'udp', address: '127.0.0.1' }],
      peers: [
        { id: 'pbx', side: 'pbx', listener: 'lan', match: ['127.0.0.1/32'], targets: ['sip:127.0.0.1'] },
      ],
      routes: [{ from: 'pbx', to: ['pbx'] }],
      ...sip,
    });
    tracing = startTracing({
      ...{ sip: options, schedule: new HandSchedule().schedule, meter: createMeter(), logger: silentLogger },
      journal: {
        append: (events) => {
          journalled.push(...events);
          return Promise.resolve(ok(undefined));
        },
        stats: () => ({ bytes: 0 }) as JournalStats,
      },
    });
  };
  const call = (): void => {
    for (const tracer of tracing.tracers) {
      tracer.claim('call', { party: 'caller', peerId: 'pbx', sipCallId: 'a' });
    }
    for (const observe of tracing.observers) {
      observe({
        ...{ direction: 'received', wall: 0 as WallMs, at: 0 as MonotonicMs, sipCallId: 'a' },
        hop: { listener: 'lan', transport: 'udp', address: '127.0.0.1', port: 5060 },
        ...{ local: { host: '127.0.0.1', port: 5060 }, bytes: Buffer.from('INVITE sip:x SIP/2.0\r\n\r\n') },
      });
    }
  };
  const end = (): void => {
    for (const tracer of tracing.tracers) tracer.over('call');
    tracing.finish();
  };

  it('by default the ladder of each call is kept, and in the journal when the node ends', () => {
    start({});
    call();
    expect(tracing.ladder('call')).not.toBeNull();
    expect(tracing.repeated('call')).toBe(0);
    end();
    expect(journalled.map(({ kind }) => kind)).toEqual(['ladder']);
  });

  it('with sip.ladder off nobody looks, so that a message costs nothing', () => {
    start({ ladder: 'off' });
    expect(tracing.observers).toEqual([]);
    call();
    expect(tracing.ladder('call')).toBeNull();
    expect(tracing.repeated('call')).toBeNull();
    end();
    expect(journalled).toEqual([]);
  });

  it('with sip.hep a collector gets each message, whether ladders are kept or not', async () => {
    const collector = await rawUdp();
    start({ ladder: 'off', hep: { address: '127.0.0.1', port: collector.port } });
    call();
    expect(await collector.next()).toMatch(/^HEP3[^]*INVITE sip:x SIP\/2\.0\r\n\r\n$/);
    collector.close();
  });
});
