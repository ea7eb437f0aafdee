import { expect, it } from 'vitest';
import { UnfinishedCollector } from '../../src/journal/unfinished.ts';
import type { RecordEvent } from '../../src/records/record-event.ts';
import { keyEvent, listingEvent, recordingEvent } from './sample-events.ts';

function failed(version: number, spooled: boolean): RecordEvent {
  const event = recordingEvent('r', version, 'failed');
  return event.kind === 'recording'
    ? { kind: 'recording', recording: { ...event.recording, spooled } }
    : event;
}

it('a recording that failed while its spool waits for room keeps its key, until it is rescued', () => {
  const collector = new UnfinishedCollector();
  for (const event of [recordingEvent('r', 1, 'expected'), keyEvent('r'), failed(2, true)])
    collector.add(1, event);
  expect(collector.result(0)).toMatchObject({
    recordings: [{ id: 'r', state: 'failed' }],
    keys: [{ recordingId: 'r' }],
  });
  collector.add(2, failed(3, false));
  expect(collector.result(0)).toEqual({ calls: [], recordings: [], keys: [], listings: [] });
});

it('a number that was listed is told until control has stored it', () => {
  const collector = new UnfinishedCollector();
  collector.add(1, listingEvent('aa'.repeat(16)));
  collector.add(2, listingEvent('bb'.repeat(16)));
  expect(collector.result(0).listings).toHaveLength(2);
  expect(collector.result(1).listings).toMatchObject([{ hash: 'bb'.repeat(16) }]);
});
