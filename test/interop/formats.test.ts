import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecordingView } from '../support/api-client.ts';
import { announcedElsewhere } from '../support/node-config.ts';
import { Scene } from '../support/scene.ts';
import { align } from '../support/sound.ts';
import { voice } from '../end-to-end/voices.ts';
import { missingTools } from './debian-tools.ts';
import { talk } from './talk.ts';

const missing = missingTools('ffmpeg', 'ffprobe');

interface Probe {
  readonly codec_name: string;
  readonly channels: number;
  readonly sample_rate: string;
}

function probe(file: string): Probe {
  const text = execFileSync('ffprobe', ['-v', 'error', '-show_streams', '-of', 'json', file], {
    encoding: 'utf8',
  });
  return (JSON.parse(text) as { streams: Probe[] }).streams[0]!;
}

/** What ffmpeg makes of a file, one array a channel; throws where ffmpeg has anything to say. */
function decode(file: string, channels: number): Int16Array[] {
  const raw = execFileSync('ffmpeg', ['-v', 'warning', '-i', file, '-f', 's16le', '-c:a', 'pcm_s16le', '-'], {
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const frames = raw.length / 2 / channels;
  return Array.from({ length: channels }, (_, channel) =>
    Int16Array.from({ length: frames }, (_, frame) => raw.readInt16LE(2 * (frame * channels + channel))),
  );
}

const kept: readonly [format: 'wav' | 'mp3', channels: 'stereo' | 'mono', codec: string][] = [
  ['wav', 'stereo', 'pcm_s16le'],
  ['wav', 'mono', 'pcm_s16le'],
  ['mp3', 'stereo', 'mp3'],
  ['mp3', 'mono', 'mp3'],
];

describe.skipIf(missing !== null).each(kept)(
  'a %s %s recording, read by ffmpeg',
  (format, channels, codec) => {
    let scene: Scene;
    let recording: RecordingView;
    let file: string;
    const count = channels === 'stereo' ? 2 : 1;

    beforeAll(async () => {
      scene = await Scene.start({ rule: { ...announcedElsewhere, format, channels } });
      recording = await talk(scene, 4);
      file = join(scene.directory, `kept.${format}`);
      writeFileSync(file, await scene.node.api.audio(recording.id));
    });
    afterAll(() => scene.stop());

    it('is what its record says', () => {
      expect(recording).toMatchObject({ format, channels, sampleRate: 8000 });
      expect(probe(file)).toMatchObject({ codec_name: codec, channels: count, sample_rate: '8000' });
    });

    it('is as long as its record says, to the sample', () => {
      const samples = decode(file, count)[0]!.length;
      // `durationMs` is whole milliseconds, which are eight samples each.
      expect(Math.abs(samples - 8 * recording.durationMs!)).toBeLessThanOrEqual(8);
      expect(recording.durationMs).toBeGreaterThan(3800);
    });

    it('holds the two voices where they belong', () => {
      const pcm = decode(file, count);
      const said = [voice('caller', 1, 2), voice('callee', 1, 2)] as const;
      const enough = format === 'wav' ? (count === 2 ? 0.99 : 0.5) : count === 2 ? 0.85 : 0.5;
      for (const [side, words] of said.entries()) {
        expect(align(pcm[side] ?? pcm[0]!, words).correlation).toBeGreaterThan(enough);
        if (count === 2) expect(align(pcm[1 - side]!, words).correlation).toBeLessThan(0.5);
      }
    });

    it.each(['wav', 'mp3'] as const)('converts to %s with the same length', async (wanted) => {
      const converted = join(scene.directory, `converted.${wanted}`);
      writeFileSync(converted, await scene.node.api.audio(recording.id, `?format=${wanted}`));
      expect(probe(converted)).toMatchObject({ channels: count, sample_rate: '8000' });
      expect(decode(converted, count)[0]!.length).toBe(decode(file, count)[0]!.length);
    });
  },
);
