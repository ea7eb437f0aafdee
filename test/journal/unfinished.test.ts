import { expect, it } from 'vitest';
import { UnfinishedCollector } from '../../src/journal/unfinished.ts';
import type { RecordEvent } from '../../src/records/record-event.ts';
import { keyEvent, recordingEvent } from './sample-events.ts';

function failed(version: number, spooled: boolean): RecordEvent {
  const event = recordingEvent('r', version, 'failed');
  return event.kind === 'recording'
    ? { kind: 'recording', recording: { ...event.recording, spooled } }
    : event;
}

it('a recording that failed while its spool waits for room keeps its key, until it is rescued', () => {
  const collector = new UnfinishedCollector();
  for (const event of [recordingEvent('r', 1, 'expected'), keyEvent('r'), failed(2, true)])
    collector.add(event);
  expect(collector.result()).toMatchObject({
    recordings: [{ id: 'r', state: 'failed' }],
    keys: [{ recordingId: 'r' }],
  });
  collector.add(failed(3, false));
  expect(collector.result()).toEqual({ calls: [], recordings: [], keys: [] });
});
