import { createHash } from 'node:crypto';
import wavefile from 'wavefile';
import { err, ok, type Result } from '../kernel/result.ts';

/** Hz: that of G.711; anything lower would be heard as such. */
const lowestRate = 8000;
const highestRate = 192_000;
/** A party listens to the whole of it before anybody may speak. */
const longestSeconds = 60;

/** A prompt as linear samples, 16 bit mono, at the rate of its file, with what proves which one it was. */
export interface PromptSound {
  readonly samples: Int16Array;
  /** Hz. */
  readonly sampleRate: number;
  /** Lower-case hexadecimal, over the samples as little-endian bytes. */
  readonly sha256: string;
  readonly durationMs: number;
}

/**
 * Reads and checks a WAV prompt. `read` gives the file's bytes or throws as `node:fs` does. The error is one
 * sentence for the user: which file, what is wrong, what to do.
 */
export function readPrompt(file: string, read: (file: string) => Uint8Array): Result<PromptSound, string> {
  let bytes: Uint8Array;
  try {
    bytes = read(file);
  } catch (error) {
    return err(`prompt ${file} ${unreadable(error)}`);
  }
  const fault = layoutFault(bytes);
  if (fault !== null) return err(`prompt ${file} ${fault}`);
  try {
    const { samples, sampleRate } = linearSamples(bytes);
    const sha256 = createHash('sha256').update(littleEndian(samples)).digest('hex');
    return ok({ samples, sampleRate, sha256, durationMs: (samples.length / sampleRate) * 1000 });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(`prompt ${file} cannot be decoded (${why}); ${saveAs}`);
  }
}

const saveAs = 'save it as WAV, PCM 16 bit, mono, 8000, 16000 or 48000 Hz';

function unreadable(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === 'ENOENT') return 'does not exist; put the file there or correct the name';
  if (code === 'EISDIR') return 'is a directory; name the WAV file in it';
  if (code === 'EACCES') return 'may not be read by this user; change its permissions';
  return `cannot be read: ${error instanceof Error ? error.message : String(error)}; name another file`;
}

interface Format {
  readonly tag: number;
  readonly channels: number;
  readonly rate: number;
  readonly bits: number;
}

/** Format tags of RFC 2361 that `wavefile` decodes: PCM, IEEE float, A-law, mu-law. */
const decodable: readonly number[] = [1, 3, 6, 7];
/** WAVE_FORMAT_EXTENSIBLE: the tag proper is the first word of the sub-format. */
const extensible = 0xfffe;
/** What a writer that could not seek back leaves as a length. */
const unknownLength = 0xffffffff;

/** `wavefile` reads a cut-off file without a word, so the lengths are checked here, before it sees the bytes. */
function layoutFault(bytes: Uint8Array): string | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || fourCc(view, 0) !== 'RIFF' || fourCc(view, 8) !== 'WAVE') {
    return `is not a WAV file; ${saveAs}`;
  }
  let format: Format | null = null;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const id = fourCc(view, at);
    const length = view.getUint32(at + 4, true);
    if (length === unknownLength) return `has no lengths in its header (was it piped?); ${saveAs}`;
    const body = at + 8;
    if (body + length > bytes.length) {
      return `is cut off: its "${id.trim()}" part says ${length} bytes and ${bytes.length - body} are there; copy the file again`;
    }
    if (id === 'fmt ' && length >= 16) format = readFormat(view, body, length);
    if (id === 'data')
      return format === null ? `says nothing of its format; ${saveAs}` : soundFault(format, length);
    // Chunks are padded to even lengths.
    at = body + length + (length % 2);
  }
  return `has no audio part; ${saveAs}`;
}

function readFormat(view: DataView, at: number, length: number): Format {
  const tag = view.getUint16(at, true);
  return {
    tag: tag === extensible && length >= 26 ? view.getUint16(at + 24, true) : tag,
    channels: view.getUint16(at + 2, true),
    rate: view.getUint32(at + 4, true),
    bits: view.getUint16(at + 14, true),
  };
}

function soundFault({ tag, channels, rate, bits }: Format, length: number): string | null {
  if (!decodable.includes(tag)) return `holds audio of format ${tag}, which is not PCM; ${saveAs}`;
  if (channels !== 1) {
    return `has ${channels} channels and a prompt has one; mix it down to mono (sox IN.wav -c 1 OUT.wav)`;
  }
  if (rate < lowestRate || rate > highestRate) {
    return `is sampled at ${rate} Hz, outside ${lowestRate}-${highestRate} Hz; ${saveAs}`;
  }
  const frames = bits < 8 ? 0 : Math.floor(length / (bits / 8));
  if (frames === 0) return 'holds no audio; record it again';
  if (frames / rate > longestSeconds) {
    return `lasts ${Math.ceil(frames / rate)} s and a prompt may last ${longestSeconds} s; shorten it`;
  }
  return null;
}

function fourCc(view: DataView, at: number): string {
  return String.fromCharCode(
    view.getUint8(at),
    view.getUint8(at + 1),
    view.getUint8(at + 2),
    view.getUint8(at + 3),
  );
}

function linearSamples(bytes: Uint8Array): Pick<PromptSound, 'samples' | 'sampleRate'> {
  const wav = new wavefile.WaveFile();
  wav.fromBuffer(bytes);
  if (wav.bitDepth === '8a') wav.fromALaw('16');
  else if (wav.bitDepth === '8m') wav.fromMuLaw('16');
  else if (wav.bitDepth !== '16') wav.toBitDepth('16');
  const { sampleRate } = wav.fmt as { readonly sampleRate: number };
  return { samples: Int16Array.from(wav.getSamples(false)), sampleRate };
}

function littleEndian(samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length * 2);
  const view = new DataView(bytes.buffer);
  for (const [i, sample] of samples.entries()) view.setInt16(2 * i, sample, true);
  return bytes;
}
