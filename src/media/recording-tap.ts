import type { MonotonicMs } from '../kernel/clock.ts';
import { type TapKind, tapKind } from '../kernel/tap-ring.ts';
import { codecId } from '../audio/codec-id.ts';
import {
  type LegIndex,
  type LegMedia,
  type MediaCommand,
  type MediaEvent,
  spokenCodecs,
} from './protocol.ts';
import type { TapOutlet } from './tap-outlet.ts';

type MarkName = Extract<MediaEvent, { readonly type: 'tapped' }>['mark'];

/** Beside speech: what the recorder neither decodes nor keeps. */
const auxiliary: ReadonlySet<string> = new Set(['TELEPHONE-EVENT', 'CN', 'RED']);

/**
 * The bytes of a `formats` mark: payload type, codec id and kHz of the RTP clock for each format that we speak or keep
 * undecoded.
 */
export function tappedFormats({ formats }: LegMedia): Uint8Array {
  const bytes: number[] = [];
  for (const { payloadType, encoding, clockRate } of formats) {
    const codec = spokenCodecs[encoding];
    if (codec?.clockRates.includes(clockRate) === true) bytes.push(payloadType, codec.id, clockRate / 1000);
    else if (!auxiliary.has(encoding)) bytes.push(payloadType, codecId.undecoded, kiloHertz(clockRate));
  }
  return Uint8Array.from(bytes);
}

/** A clock as one byte says it: 44,100 Hz and the like lose their fraction, which costs the silence its exact length. */
function kiloHertz(clockRate: number): number {
  return Math.min(255, Math.max(1, Math.round(clockRate / 1000)));
}

/** SDP of the formats that nothing here decodes (RFC 8866 §6.6, §6.15); null: there are none. */
export function undecodedSdp({ formats }: LegMedia): string | null {
  const undecoded = formats.filter(
    ({ encoding, clockRate }) =>
      !auxiliary.has(encoding) && spokenCodecs[encoding]?.clockRates.includes(clockRate) !== true,
  );
  if (undecoded.length === 0) return null;
  const lines = undecoded.flatMap(({ payloadType, encoding, clockRate, fmtp }) => [
    `a=rtpmap:${payloadType} ${encoding}/${clockRate}`,
    ...(fmtp === undefined ? [] : [`a=fmtp:${payloadType} ${fmtp}`]),
  ]);
  const types = undecoded.map(({ payloadType }) => payloadType).join(' ');
  return [`m=audio 5004 RTP/AVP ${types}`, ...lines, ''].join('\r\n');
}

/** One recording of a session, as it goes into the tap. */
export class RecordingTap {
  readonly recording: number;
  readonly #outlet: TapOutlet;
  readonly #tapped: (mark: MarkName, at: MonotonicMs) => void;
  #paused = false;
  /** When what is recorded now began: a packet that waited to be read is not older than that. */
  #since = -Infinity as MonotonicMs;
  /** A channel each: packets dropped since the last `dropped` mark. */
  readonly #dropped: [number, number] = [0, 0];

  /** `tapped` hears of each mark that stands in the ring. */
  constructor(recording: number, outlet: TapOutlet, tapped: (mark: MarkName, at: MonotonicMs) => void) {
    this.recording = recording;
    this.#outlet = outlet;
    this.#tapped = tapped;
  }

  begin(at: MonotonicMs, legs: readonly [LegMedia | null, LegMedia | null]): void {
    for (const leg of [0, 1] as const) {
      const media = legs[leg];
      if (media === null) continue;
      this.formats(leg, media, at);
      if (!media.sends) this.hold(leg, true, at);
    }
    this.#since = at;
    this.#mark('begin', tapKind.begin, at);
  }

  /** When a command takes effect that is heard now: as it was given, but not before what it is about. */
  instantOf(
    { type, at }: Extract<MediaCommand, { readonly type: 'keep' | 'pause' | 'resume' | 'end' }>,
    now: MonotonicMs,
  ): MonotonicMs {
    return type === 'resume' ? now : (Math.max(this.#since, Math.min(at, now)) as MonotonicMs);
  }

  /** Somebody asks for what stood by until now. */
  keep(at: MonotonicMs): void {
    this.#mark('keep', tapKind.keep, at);
  }

  pause(at: MonotonicMs): void {
    this.#paused = true;
    this.#since = at;
    this.#mark('pause', tapKind.pause, at);
  }

  resume(at: MonotonicMs): void {
    this.#paused = false;
    this.#since = at;
    this.#mark('resume', tapKind.resume, at);
  }

  end(at: MonotonicMs): void {
    this.#sayDropped(0, at);
    this.#sayDropped(1, at);
    this.#mark('end', tapKind.end, at);
  }

  hold(leg: LegIndex, held: boolean, at: MonotonicMs): void {
    this.#outlet.mark(tapKind.hold, this.recording, leg, at, held ? 1 : 0);
  }

  formats(leg: LegIndex, media: LegMedia, at: MonotonicMs): void {
    this.#outlet.mark(tapKind.formats, this.recording, leg, at, 0, tappedFormats(media));
    const sdp = undecodedSdp(media);
    if (sdp !== null) this.#outlet.mark(tapKind.describe, this.recording, leg, at, 0, Buffer.from(sdp));
  }

  /** A packet that has been forwarded; in a pause it does not leave this thread. *Borrows* both until return. */
  packet(leg: LegIndex, at: MonotonicMs, packet: Uint8Array, length: number, head: Uint8Array): void {
    if (this.#paused) return;
    if (this.#dropped[leg] > 0 && this.#outlet.hasRoom(length)) this.#sayDropped(leg, at);
    const cameAt = at < this.#since ? this.#since : at;
    if (!this.#outlet.packet(this.recording, leg, cameAt, packet, length, head)) this.#dropped[leg] += 1;
  }

  #sayDropped(leg: LegIndex, at: MonotonicMs): void {
    if (this.#dropped[leg] === 0) return;
    this.#outlet.mark(tapKind.dropped, this.recording, leg, at, this.#dropped[leg]);
    this.#dropped[leg] = 0;
  }

  #mark(name: MarkName, kind: TapKind, at: MonotonicMs): void {
    this.#outlet.mark(kind, this.recording, 0, at, 0, undefined, () => {
      this.#tapped(name, at);
    });
  }
}
