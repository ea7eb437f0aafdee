import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packetDecoder } from '../../src/api/undecoded/decode-recording.ts';
import type { RunFfmpeg } from '../../src/api/undecoded/ffmpeg.ts';
import { readKeptPackets } from '../../src/api/undecoded/kept-packets.ts';
import { rawCodec } from '../../src/api/undecoded/raw-codecs.ts';
import { err, ok } from '../../src/kernel/result.ts';
import { RawPackets } from '../../src/recording/raw-packets.ts';
import { seededRandom } from '../support/random.ts';
import { wavBytes } from '../support/wav-file.ts';
import { rtp } from '../recording/rtp.ts';
import { ApiBench, openAudio, recordingId, recordingOf } from './api-fixture.ts';

const sdp = Buffer.from('m=audio 5004 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\na=fmtp:18 annexb=no\r\n');
/** A packet whose frames say which they are: `index` in the first octet of both. */
const g729 = (index: number, extra: Partial<Parameters<typeof rtp>[0]> = {}): Buffer =>
  rtp({
    ...{ sequence: 65_530 + index, timestamp: 2 ** 32 - 480 + 160 * index, ssrc: 9, payloadType: 18 },
    payload: new Uint8Array(20).fill(index + 1),
    ...extra,
  });

interface Sent {
  readonly ms: number;
  readonly packet: Uint8Array;
  readonly channel?: 0 | 1;
}

function fileOf(sent: readonly Sent[]): Buffer {
  const raw = new RawPackets(8000);
  raw.describe(0, sdp);
  raw.describe(1, sdp);
  for (const { ms, packet, channel = 0 } of sent) raw.add(channel, ms * 8, packet);
  return Buffer.from(raw.take());
}

/** Stands in for ffmpeg: each frame of 10 octets is 80 samples of a hundred times its first octet. */
const decodes: RunFfmpeg = (_input, frames) =>
  Promise.resolve(
    ok(Int16Array.from({ length: frames.length * 8 }, (_, i) => 100 * frames[Math.floor(i / 80) * 10]!)),
  );

/** Silence in stereo. */
function keptWav(lengthMs: number, sampleRate = 8000): ReturnType<typeof openAudio> {
  const channel = new Int16Array((lengthMs * sampleRate) / 1000);
  return openAudio(wavBytes({ sampleRate, channels: [channel, channel] }));
}

async function heard(
  kept: ReturnType<typeof openAudio>,
  file: Buffer,
  run = decodes,
): Promise<[number[], number[]]> {
  const form = await packetDecoder(run).decode(kept, openAudio(file));
  if (!form.ok) throw new Error(form.error);
  const parts: Uint8Array[] = [];
  for await (const part of form.value.read(0, form.value.size)) parts.push(part);
  const data = Buffer.concat(parts).subarray(44);
  const channel = (offset: number): number[] =>
    Array.from({ length: data.length / 4 }, (_, i) => data.readInt16LE(4 * i + offset));
  return [channel(0), channel(2)];
}

describe('packets that were kept undecoded', () => {
  it('are laid where they were sent, behind the wrap of their numbers, whatever order they came in', async () => {
    const order = [0, 1, 3, 2, 2, 4, 9];
    const file = fileOf(order.map((i) => ({ ms: 100 + 20 * i + (i === 2 ? 25 : 0), packet: g729(i) })));
    const [left, right] = await heard(keptWav(1000), file);
    for (const i of [0, 1, 2, 3, 4, 9]) {
      expect(new Set(left.slice(800 + 160 * i, 960 + 160 * i))).toEqual(new Set([100 * (i + 1)]));
    }
    // What did not come is silence.
    expect(left.slice(1600, 2240).every((sample) => sample === 0)).toBe(true);
    expect(right.every((sample) => sample === 0)).toBe(true);
  });

  it('stand on their channel, at the rate of the recording', async () => {
    const file = fileOf([
      { ms: 0, packet: g729(0) },
      { ms: 500, packet: g729(0, { ssrc: 10 }), channel: 1 },
    ]);
    const [left, right] = await heard(keptWav(1000, 16_000), file);
    expect(Math.abs(left[160]! - 100)).toBeLessThan(5);
    expect(Math.abs(right[8160]! - 100)).toBeLessThan(5);
    expect(Math.abs(left[8160]!)).toBeLessThan(2);
  });

  it('G.729: comfort noise of two octets is no frame', async () => {
    const silence = g729(1, { payload: Uint8Array.of(1, 2) });
    const [left] = await heard(
      keptWav(1000),
      fileOf([
        { ms: 0, packet: g729(0) },
        { ms: 20, packet: silence },
        { ms: 40, packet: g729(2) },
      ]),
    );
    expect(left.slice(320, 480).every((sample) => sample === 300)).toBe(true);
    expect(left.slice(160, 320).every((sample) => sample === 0)).toBe(true);
  });

  it.each([
    { name: 'ffmpeg is not there', run: () => Promise.resolve(err('missing' as const)), fault: 'no-decoder' },
    { name: 'ffmpeg fails', run: () => Promise.resolve(err('failed' as const)), fault: 'damaged' },
  ])('$name: $fault', async ({ run, fault }) => {
    const decoded = await packetDecoder(run).decode(
      keptWav(100),
      openAudio(fileOf([{ ms: 0, packet: g729(0) }])),
    );
    expect(decoded).toEqual(err(fault));
  });

  it('one is decoded at a time', async () => {
    let finish: () => void = () => undefined;
    const slow: RunFfmpeg = (input, frames) =>
      new Promise((resolve) => {
        finish = () => {
          resolve(decodes(input, frames));
        };
      });
    const decoder = packetDecoder(slow);
    const file = fileOf([{ ms: 0, packet: g729(0) }]);
    const first = decoder.decode(keptWav(100), openAudio(file));
    expect(await decoder.decode(keptWav(100), openAudio(file))).toEqual(err('busy'));
    await new Promise((resolve) => setImmediate(resolve));
    finish();
    expect((await first).ok).toBe(true);
    finish = () => undefined;
  });

  it('a codec that ffmpeg is not asked for is no fault of the file', () => {
    expect(rawCodec('EVS', 16_000)).toBeNull();
    expect(rawCodec('constructor', 8000)).toBeNull();
    expect(rawCodec('G729', 8000)).not.toBeNull();
  });

  it('reading never throws, whatever the file holds', () => {
    const random = seededRandom(1);
    const file = fileOf(Array.from({ length: 20 }, (_, i) => ({ ms: 20 * i, packet: g729(i) })));
    for (let round = 0; round < 2000; round++) {
      const damaged = Buffer.from(file.subarray(0, Math.ceil(random() * file.length)));
      for (let i = 0; i < 3; i++) damaged[Math.floor(random() * damaged.length)] = Math.floor(random() * 256);
      readKeptPackets(damaged);
    }
  });
});

describe('GET /recordings/{id}/audio of such a recording', () => {
  let bench: ApiBench;
  const get = (query: string, method: 'GET' | 'HEAD' = 'GET') =>
    bench.app.inject({
      ...{ method, url: `/api/v1/recordings/${recordingId}/audio${query}` },
      headers: { authorization: `Bearer ${bench.token}` },
    });
  beforeEach(async () => {
    bench = await new ApiBench().open();
    bench.records.byId.set(recordingId, { ...recordingOf(), reason: 'undecoded' });
    bench.audio.set(recordingId, ok(keptWav(1000)));
    bench.packets.set(recordingId, ok(openAudio(fileOf([{ ms: 0, packet: g729(0) }]))));
  });
  afterEach(() => bench.app.close());

  it('?format=pcap: the packets', async () => {
    const reply = await get('?format=pcap');
    expect(reply.statusCode).toBe(200);
    expect(reply.headers['content-type']).toBe('application/vnd.tcpdump.pcap');
    expect(reply.headers['content-disposition']).toContain('.pcap"');
    expect(reply.rawPayload).toEqual(fileOf([{ ms: 0, packet: g729(0) }]));
  });

  it('?format=wav: what ffmpeg decodes', async () => {
    const decoder = packetDecoder(decodes);
    bench.decode = (kept, packets) => decoder.decode(kept, packets);
    const reply = await get('?format=wav');
    expect(reply.statusCode).toBe(200);
    expect(reply.rawPayload.readInt16LE(44)).toBe(100);
    const head = await get('?format=wav', 'HEAD');
    expect(head.headers['content-length']).toBe(String(reply.rawPayload.length));
  });

  it('without ffmpeg one sentence says so', async () => {
    bench.decode = () => Promise.resolve(err('no-decoder'));
    const reply = await get('?format=wav');
    expect(reply.statusCode).toBe(501);
    expect(reply.json()).toMatchObject({
      title: 'Only ffmpeg decodes this recording, and it is not installed here',
    });
  });

  it('without `format` as it is kept', async () => {
    expect((await get('')).rawPayload.readInt16LE(44)).toBe(0);
  });

  it('of another recording there are no packets', async () => {
    bench.packets.clear();
    expect((await get('?format=pcap')).statusCode).toBe(501);
  });
});
