import type { Aead } from '../kernel/aead.ts';
import type { RecordingFormat } from '../records/recording-record.ts';
import type { SpoolSource } from './ports.ts';
import { fileEnds } from './seal.ts';
import {
  type Checkpoint,
  frameHeadBytes,
  type FrameKind,
  frameKind,
  readCheckpoint,
  readManifest,
  type SpoolFrame,
  spoolHeaderBytes,
  spoolKey,
  spoolMagic,
  type SpoolManifest,
} from './spool-format.ts';
import { type FramePlace, SpoolMap } from './spool-map.ts';
import { openFrame } from './spool-reader.ts';

/** `open`: its recording has not ended, or was cut off. `unreadable`: damaged, no spool, or of another secret. */
export type SpoolAudioFault = 'open' | 'unreadable';

/** The spool was damaged after it was opened, or a disk lies. */
export class CorruptSpoolError extends Error {
  override readonly name = 'CorruptSpoolError';
}

/**
 * The file that a recording is about to become, out of its spool: for who listens while it is still being sealed.
 * Byte for byte what will be sealed; of an MP3 that is still to be encoded, the samples, as a WAV.
 */
export class SpoolAudio {
  readonly format: RecordingFormat;
  /** Of the whole file. */
  readonly size: number;
  readonly #frames: FrameOpener;
  readonly #map: SpoolMap;
  readonly #kind: FrameKind;
  readonly #head: Uint8Array;
  readonly #tail: Uint8Array;

  private constructor(frames: FrameOpener, map: SpoolMap, manifest: SpoolManifest, last: Checkpoint) {
    const isMp3 = manifest.format === 'mp3';
    const encoded = isMp3 ? last.encoded : null;
    const progress = encoded ?? last.progress;
    this.format = isMp3 && encoded === null ? 'wav' : manifest.format;
    this.#frames = frames;
    this.#map = map;
    this.#kind = encoded === null ? frameKind.audio : frameKind.encoded;
    const { head, tail } = fileEnds({ manifest, last }, { format: this.format, progress });
    this.#head = head;
    this.#tail = tail;
    this.size = head.length + progress.bytes + tail.length;
  }

  /** The source stays the caller's, and is read from until the last `read` has ended. */
  static async open(
    source: SpoolSource,
    spoolSecret: Uint8Array,
    aead: Aead,
  ): Promise<SpoolAudio | SpoolAudioFault> {
    const start = Buffer.from(await source.read(0, spoolHeaderBytes));
    if (start.length < spoolHeaderBytes || !start.subarray(0, spoolMagic.length).equals(spoolMagic))
      return 'unreadable';
    const key = spoolKey(spoolSecret, start.subarray(spoolMagic.length));
    const frames = new FrameOpener(source, key, aead);
    if (!(await mayHaveEnded(source))) return 'open';
    const map = await SpoolMap.of(source);
    const [first] = map.frames(frameKind.manifest);
    const [end] = map.frames(frameKind.end);
    if (first === undefined) return 'unreadable';
    const manifest = readManifest((await frames.open(first))?.text ?? '');
    if (manifest === null) return 'unreadable';
    if (end === undefined) return 'open';
    const last = readCheckpoint((await frames.open(end))?.text ?? '');
    return last === null ? 'unreadable' : new SpoolAudio(frames, map, manifest, last);
  }

  /** The bytes from `start` to before `end`. Throws `CorruptSpoolError`. */
  async *read(start: number, end: number): AsyncGenerator<Uint8Array> {
    const bodyAt = this.#head.length;
    const tailAt = this.size - this.#tail.length;
    if (start < bodyAt) yield this.#head.subarray(start, end);
    yield* this.#body(Math.max(0, start - bodyAt), Math.min(end, tailAt) - bodyAt);
    if (end > tailAt) yield this.#tail.subarray(Math.max(0, start - tailAt), end - tailAt);
  }

  async *#body(start: number, end: number): AsyncGenerator<Uint8Array> {
    if (start >= end) return;
    const places = this.#map.frames(this.#kind);
    for (let i = this.#map.indexAt(this.#kind, start); i < places.length; i++) {
      const place = places[i];
      if (place === undefined || place.audioAt >= end) return;
      const frame = await this.#frames.open(place);
      if (frame === null) throw new CorruptSpoolError('a spool does not hold what was written to it');
      yield frame.audio.subarray(Math.max(0, start - place.audioAt), end - place.audioAt);
    }
  }
}

/** Longer than a last checkpoint gets. */
const longestEnd = 64 * 1024;

/** Whether something ends with the file that looks like the last frame: who asks for a running call is answered soon. */
async function mayHaveEnded(source: SpoolSource): Promise<boolean> {
  const from = Math.max(spoolHeaderBytes, source.size - longestEnd);
  const tail = Buffer.from(await source.read(from, source.size - from));
  for (let at = tail.length - frameHeadBytes; at >= 0; at--) {
    if (tail[at] !== frameKind.end) continue;
    if (tail.readUInt32BE(at + 4) === tail.length - at - frameHeadBytes) return true;
  }
  return false;
}

/** Opens single frames, wherever they are. */
class FrameOpener {
  readonly #source: SpoolSource;
  readonly #key: Uint8Array;
  readonly #aead: Aead;

  constructor(source: SpoolSource, key: Uint8Array, aead: Aead) {
    this.#source = source;
    this.#key = key;
    this.#aead = aead;
  }

  async open({ at, index, head }: FramePlace): Promise<SpoolFrame | null> {
    const bytes = await this.#source.read(at, frameHeadBytes + head.sealedBytes);
    const frame = {
      head,
      headBytes: bytes.subarray(0, frameHeadBytes),
      sealed: bytes.subarray(frameHeadBytes),
    };
    return openFrame(this.#aead, this.#key, index, frame);
  }
}
