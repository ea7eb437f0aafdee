import type { Result } from '../kernel/result.ts';
import type { FileKind, RecordingFormat, RecordingRecord } from '../records/recording-record.ts';
import type { DoNotRecordEntry } from '../records/do-not-record.ts';
import type { CursorFault, Page, PageRequest } from '../records/ports.ts';

/** Decrypted audio of one recording, as it is kept. */
export interface OpenAudio {
  /** Bytes, before encryption. */
  readonly size: number;
  /** `audio/wav` or `audio/mpeg`. */
  readonly contentType: string;
  readonly format: RecordingFormat;
  /**
   * The bytes from `start` to before `end`, in order, each chunk the reader's own. Throws when what is
   * stored turns out to be damaged.
   */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
  /** Nothing is read any more. */
  close(): void;
}

/** `open`: it has not ended, or only the node that recorded it can read it so far. `key-destroyed`: deleted. `missing`, `damaged`: what is stored is not what was sealed. */
export type AudioFault = 'open' | 'key-destroyed' | 'missing' | 'damaged' | 'unavailable';

/** A waveform: `data` holds an array a channel, the least and the greatest sample of each bucket in turn. */
export interface Waveform {
  readonly sampleRate: number;
  readonly samplesPerBucket: number;
  readonly bits: number;
  readonly length: number;
  readonly data: number[][];
}

/** `none`: no waveform was kept. */
export type PeaksFault = 'none' | 'key-destroyed' | 'damaged' | 'unavailable';

export interface AudioSource {
  /** Sealed, or ended and about to be. */
  open(recording: RecordingRecord): Promise<Result<OpenAudio, AudioFault>>;
  peaks(recording: RecordingRecord): Promise<Result<Waveform, PeaksFault>>;
  /** The pcap file of what was not decoded, beside a sealed recording. `missing`: there is none. */
  packets(recording: RecordingRecord): Promise<Result<OpenPackets, AudioFault>>;
}

/** Decrypted packets of one recording, as `OpenAudio` has its audio. */
export type OpenPackets = Pick<OpenAudio, 'size' | 'read'>;

export type DeletionFault = 'not-found' | 'open' | 'held' | 'node-unreachable';

/** Deletes for good; may be repeated. */
export type DeleteAudio = (recordingId: string, actor: string) => Promise<Result<void, DeletionFault>>;

/** The list of numbers that are never recorded; it sees them and keeps their hashes. */
export interface DoNotRecordDesk {
  add(asked: {
    readonly number: string;
    readonly note: string | null;
    readonly actor: string;
  }): Promise<Result<DoNotRecordEntry, 'no-number' | 'full'>>;
  /** Null: not listed. */
  check(number: string): Promise<Result<DoNotRecordEntry | null, 'no-number'>>;
  /** False: not listed. */
  remove(hash: string, actor: string): Promise<boolean>;
  list(page: PageRequest): Promise<Page<DoNotRecordEntry> | CursorFault>;
}

/** The database, as far as `/readyz` asks. */
export interface DatabaseHealth {
  /** Shown to the user: `PostgreSQL`, or what the embedded one is good for. */
  readonly label: string;
  reachable(): Promise<boolean>;
}

/** Audio in a form that can be sent: as kept, or converted. */
export interface AudioForm {
  readonly size: number;
  readonly contentType: string;
  readonly kind: FileKind | 'pcap';
  /** Whether `read` may begin anywhere. */
  readonly ranges: boolean;
  /** Strong, with its quotes (RFC 9110 §8.8.3). */
  readonly etag: string;
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}

/** `busy`: as many are under way as may be. `unsupported`: not between these formats, or not this file. */
export type ConversionFault = 'busy' | 'unsupported' | 'damaged';

/** `no-decoder`: the program that knows the codec is not installed. */
export type DecodingFault = ConversionFault | 'no-decoder';

/** Makes audio of the packets that were kept because nothing here decodes them. */
export interface PacketDecoder {
  /** The kept audio with what was decoded in the place of silence: of the same size. */
  decode(kept: OpenAudio, packets: OpenPackets): Promise<Result<AudioForm, DecodingFault>>;
}

/** A place among the conversions under way; `release` gives it back and ends what still runs. */
export interface Conversion {
  readonly form: AudioForm;
  readonly release: () => void;
}

export interface Converter {
  /** What a conversion would give, without doing it. */
  plan(
    recording: RecordingRecord,
    kept: OpenAudio,
    to: FileKind,
  ): Promise<Result<AudioForm, ConversionFault>>;
  /** Takes a place and starts nothing until the form is read. */
  convert(
    recording: RecordingRecord,
    kept: OpenAudio,
    to: FileKind,
  ): Promise<Result<Conversion, ConversionFault>>;
}
