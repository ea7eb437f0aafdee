import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { planConversion } from '../../src/api/convert/conversion-plan.ts';
import { createTranscoder } from '../../src/api/convert/transcoder.ts';

const folder = mkdtempSync(join(tmpdir(), 'onrecord-convert-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function ffmpeg(...args: string[]): void {
  execFileSync('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-y', ...args], { cwd: folder });
}

/** Two tones made by ffmpeg, one a channel. */
function tones(channels: number, rate: number, format: string, ...codec: string[]): string {
  const name = `${channels}-${rate}.${format}`;
  const tone = (hz: number): string => `sine=frequency=${hz}:sample_rate=${rate}:duration=7.3`;
  const graph =
    channels === 1
      ? `${tone(440)}[o]`
      : `${tone(440)}[a];${tone(700)}[b];[a][b]join=inputs=2:channel_layout=stereo[o]`;
  ffmpeg('-filter_complex', graph, '-map', '[o]', ...codec, name);
  return name;
}

function samplesByFfmpeg(name: string): Int16Array {
  ffmpeg('-i', name, '-f', 's16le', '-c:a', 'pcm_s16le', `${name}.raw`);
  const raw = readFileSync(join(folder, `${name}.raw`));
  return new Int16Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length));
}

async function converted(name: string, to: 'wav' | 'mp3'): Promise<Buffer> {
  const file = readFileSync(join(folder, name));
  const plan = planConversion(file.subarray(0, 65_536), file.length, to);
  if (plan === null) throw new Error(`no plan for ${name}`);
  const feed = plan.feed(0, plan.size - plan.prefix.length);
  const transcoder = await createTranscoder(feed.job);
  const body = transcoder.push(file.subarray(feed.from, feed.to));
  const whole = Buffer.concat([plan.prefix, body, transcoder.end()]);
  expect(whole.length).toBe(plan.size);
  return whole;
}

const shapes = [
  [1, 8000],
  [2, 8000],
  [1, 16_000],
  [2, 16_000],
] as const;

describe('ffmpeg reads what was converted', () => {
  it.each(shapes)(
    'WAV to MP3, %i channels, %i Hz: the length to the sample, each tone on its channel',
    async (channels, rate) => {
      const name = tones(channels, rate, 'wav', '-c:a', 'pcm_s16le');
      writeFileSync(join(folder, `${name}.mp3`), await converted(name, 'mp3'));
      const wanted = samplesByFfmpeg(name);
      const got = samplesByFfmpeg(`${name}.mp3`);
      expect(got.length).toBe(wanted.length);
      // A shift of one sample of 700 Hz at 8 kHz would already leave 5 dB.
      for (let channel = 0; channel < channels; channel++) {
        let [cross, own, theirs] = [0, 0, 0];
        for (let i = channel; i < wanted.length; i += channels) {
          cross += wanted[i]! * got[i]!;
          own += wanted[i]! ** 2;
          theirs += got[i]! ** 2;
        }
        expect(cross / Math.sqrt(own * theirs)).toBeGreaterThan(0.999);
      }
    },
  );

  it.each(shapes)(
    'MP3 of ffmpeg to WAV, %i channels, %i Hz: within one step of ffmpeg’s own decoding',
    async (channels, rate) => {
      const name = tones(
        channels,
        rate,
        'mp3',
        '-c:a',
        'libmp3lame',
        '-b:a',
        channels === 1 ? '24k' : '48k',
        '-id3v2_version',
        '4',
      );
      writeFileSync(join(folder, `${name}.wav`), await converted(name, 'wav'));
      const wanted = samplesByFfmpeg(name);
      const got = samplesByFfmpeg(`${name}.wav`);
      expect(got.length).toBe(wanted.length);
      let most = 0;
      for (let i = 0; i < got.length; i++) most = Math.max(most, Math.abs(got[i]! - wanted[i]!));
      expect(most).toBeLessThanOrEqual(1);
    },
  );
});
