import { readdir, readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import wavefile from 'wavefile';
import type { MonotonicMs } from '../../src/kernel/clock.ts';
import { tapKind } from '../../src/kernel/tap-ring.ts';
import { startRig, type Rig } from './harness.ts';
import { muLaw, packetSamples, payloadOf, rtp } from './rtp.ts';

const pcmu = Uint8Array.from([0, 1, 101, 3, 13, 4]);

let rig: Rig;

beforeEach(async () => {
  rig = await startRig();
});

afterEach(async () => {
  await rig.stop();
});

/** Both parties speak for `packets` packets; the caller's packet i is i, the callee's i + 1000. */
function talk(recording: number, begin: number, packets: number): void {
  for (let i = 0; i < packets; i++) {
    const at = begin + 5 + 20 * i;
    rig.time.to(at);
    for (const channel of [0, 1] as const) {
      const packet = rtp({
        sequence: 65500 + i,
        timestamp: 2 ** 32 - 4000 + packetSamples * i,
        ssrc: 7 + channel,
        payload: payloadOf(i + 1000 * channel),
      });
      rig.tap.packet(recording, channel, at as MonotonicMs, packet, packet.length);
    }
  }
}

function mark(kind: keyof typeof tapKind, recording: number, at: number): void {
  rig.tap.mark(tapKind[kind], recording, 0, at as MonotonicMs);
}

function begin(recording: number, at: number): void {
  mark('begin', recording, at);
  for (const channel of [0, 1] as const)
    rig.tap.mark(tapKind.formats, recording, channel, at as MonotonicMs, 0, pcmu);
}

function expectedChannel(channel: number, samples: number): Int16Array {
  const expected = new Int16Array(samples);
  const lead = 40;
  for (let i = lead; i < samples; i++) {
    const octet = payloadOf(Math.floor((i - lead) / packetSamples) + 1000 * channel)[
      (i - lead) % packetSamples
    ];
    expected[i] = muLaw(octet as number);
  }
  return expected;
}

describe('a recording from prepare to seal', () => {
  it('holds the caller on the left and the callee on the right, sample for sample as sent', async () => {
    rig.worker.receive({ type: 'prepare', recording: 1, spec: rig.spec('0193-a') });
    await rig.event('prepared');
    const start = rig.time.now + 10;
    rig.time.to(start);
    begin(1, start);
    talk(1, start, 200);
    rig.time.to(start + 4000);
    mark('end', 1, start + 4000);
    rig.time.to(start + 4100);
    const { result } = await rig.event('sealed');
    const file = await rig.open(result.objectKey);
    const wav = new wavefile.WaveFile(file);
    const [left, right] = wav.getSamples(false, Int16Array) as unknown as [Int16Array, Int16Array];
    expect(left).toEqual(expectedChannel(0, 32000));
    expect(right).toEqual(expectedChannel(1, 32000));
    expect(result).toMatchObject({
      recordingId: '0193-a',
      durationMs: 4000,
      sampleRate: 8000,
      sizeBytes: file.length,
      sha256: createHash('sha256').update(file).digest('hex'),
      ledger: [
        { party: 'caller', receivedMs: 3995, lostMs: 5, heldMs: 0, pausedMs: 0, concealedMs: 0 },
        { party: 'callee', receivedMs: 3995, lostMs: 5, heldMs: 0, pausedMs: 0, concealedMs: 0 },
      ],
    });
    const sealed = await readFile(`${rig.storageDirectory}/${result.objectKey}`);
    expect(result.objectSha256).toBe(createHash('sha256').update(sealed).digest('hex'));
    expect((await readdir(rig.spoolDirectory)).filter((name) => name.endsWith('.spool'))).toEqual([]);
  });
});
