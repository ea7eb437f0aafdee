import { describe, expect, it } from 'vitest';
import { createDeleteRecording } from '../../src/governance/delete-recording.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import type { RecordingRecord } from '../../src/records/recording-record.ts';
import { recordingId, recordingOf } from '../api/api-fixture.ts';

const order = ['destroy', 'forget', 'remove', 'mark', 'evidence'];
const undoable = order.filter((step) => step !== 'evidence');

function setUp(failAt: string | null, record: RecordingRecord | null = recordingOf()) {
  const done: string[] = [];
  const state = { failAt };
  const step = (name: string): Promise<void> => {
    if (state.failAt === name) return Promise.reject(new Error(`${name} failed`));
    done.push(name);
    return Promise.resolve();
  };
  const deleteRecording = createDeleteRecording({
    records: { recording: () => Promise.resolve(record), markDeleted: () => step('mark') },
    keys: { destroy: () => step('destroy') },
    forgetKey: async () => {
      await step('forget');
      return true;
    },
    removeObject: () => step('remove'),
    forgetEvidence: () => step('evidence'),
    clock: systemClock(),
    logger: silentLogger,
  });
  return { done, state, deleteRecording };
}

describe('deletion', () => {
  it('goes in the order that leaves nothing to open', async () => {
    const { done, deleteRecording } = setUp(null);
    expect(await deleteRecording(recordingId, 'a')).toEqual({ ok: true, value: undefined });
    expect(done).toEqual(order);
  });

  it.each(undoable)(
    'a failure at %s leaves the later steps undone and the next attempt finishes',
    async (failAt) => {
      const { done, state, deleteRecording } = setUp(failAt);
      await expect(deleteRecording(recordingId, 'a')).rejects.toThrow(failAt);
      expect(done).toEqual(order.slice(0, order.indexOf(failAt)));
      state.failAt = null;
      expect((await deleteRecording(recordingId, 'a')).ok).toBe(true);
      expect(done.slice(-5)).toEqual(order);
    },
  );

  it('is done where the evidence could not go yet, which retention deletes', async () => {
    const { done, deleteRecording } = setUp('evidence');
    expect(await deleteRecording(recordingId, 'a')).toEqual({ ok: true, value: undefined });
    expect(done).toEqual(undoable);
  });

  it.each([
    [recordingOf({ state: 'interrupted' }), true],
    [recordingOf({ state: 'none' }), true],
    [recordingOf({ state: 'failed' }), true],
    [recordingOf({ state: 'expected' }), false],
    [recordingOf({ state: 'recording' }), false],
    [recordingOf({ hold: true }), false],
  ])('$state, hold $hold', async (record, allowed) => {
    const { done, deleteRecording } = setUp(null, record);
    expect((await deleteRecording(recordingId, 'a')).ok).toBe(allowed);
    expect(done).toEqual(allowed ? order : []);
  });
});
