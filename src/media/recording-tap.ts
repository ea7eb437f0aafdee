import type { MonotonicMs } from '../kernel/clock.ts';
import { type TapKind, tapKind } from '../kernel/tap-ring.ts';
import { codecId } from '../audio/codec-id.ts';
import { rtpHeaderBytes } from '../rtp/rtp-view.ts';
import type { PromptFormat } from './prompt-shelf.ts';
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

/** A party as its recording needs to know it. */
export interface TappedLeg {
  readonly media: LegMedia | null;
  /** What prompts are sent to it as. */
  readonly promptFormat: PromptFormat | null;
}

/** Numbers that no profile gives a meaning (RFC 3551 §6), so that a party may leave one free. */
const lastDynamicType = 127;
const firstDynamicType = 96;

/** A number that the party does not use itself. */
function freePayloadType(media: LegMedia | null): number {
  const used = new Set(media?.formats.map(({ payloadType }) => payloadType));
  for (let type = lastDynamicType; type > firstDynamicType; type--) if (!used.has(type)) return type;
  return firstDynamicType;
}

/** One recording of a session, as it goes into the tap. */
export class RecordingTap {
  readonly recording: number;
  /** What is played to the parties is in it. */
  readonly hasPrompts: boolean;
  readonly #legs: readonly [TappedLeg, TappedLeg];
  readonly #outlet: TapOutlet;
  readonly #tapped: (mark: MarkName, at: MonotonicMs) => void;
  #paused = false;
  /** With prompts: whether the parties are heard. */
  #isOpen = true;
  /** A channel each: the number under which it holds what was played to the other party. */
  readonly #promptTypes: [number, number] = [lastDynamicType, lastDynamicType];
  readonly #promptHead = new Uint8Array(rtpHeaderBytes);
  /** When what is recorded now began: a packet that waited to be read is not older than that. */
  #since = -Infinity as MonotonicMs;
  /** A channel each: packets dropped since the last `dropped` mark. */
  readonly #dropped: [number, number] = [0, 0];

  /** `tapped` hears of each mark that stands in the ring. */
  constructor(
    { recording, prompts = false }: Pick<Extract<MediaCommand, { type: 'begin' }>, 'recording' | 'prompts'>,
    legs: readonly [TappedLeg, TappedLeg],
    outlet: TapOutlet,
    tapped: (mark: MarkName, at: MonotonicMs) => void,
  ) {
    this.recording = recording;
    this.hasPrompts = prompts;
    this.#legs = legs;
    this.#outlet = outlet;
    this.#tapped = tapped;
  }

  /** `isOpen`: whether the parties hear each other. */
  begin(at: MonotonicMs, isOpen: boolean): void {
    this.#isOpen = isOpen;
    for (const leg of [0, 1] as const) {
      this.formats(leg, at);
      if (this.#isHeld(leg)) this.hold(leg, at);
    }
    this.#since = at;
    this.#mark('begin', tapKind.begin, at);
  }

  /** What is said goes in. */
  get isRunning(): boolean {
    return this.#isOpen && !this.#paused;
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

  /** Speech goes in from here on, or prompts alone: what a party says meanwhile is not missed. */
  gate(open: boolean, at: MonotonicMs): void {
    if (!this.hasPrompts || open === this.#isOpen) return;
    this.#isOpen = open;
    this.#since = at;
    this.hold(0, at);
    this.hold(1, at);
  }

  hold(leg: LegIndex, at: MonotonicMs): void {
    this.#outlet.mark(tapKind.hold, this.recording, leg, at, this.#isHeld(leg) ? 1 : 0);
  }

  #isHeld(leg: LegIndex): boolean {
    return !this.#isOpen || this.#legs[leg].media?.sends === false;
  }

  formats(leg: LegIndex, at: MonotonicMs): void {
    const { media } = this.#legs[leg];
    const own = media === null ? [] : tappedFormats(media);
    const bytes = Uint8Array.from([...own, ...this.#promptFormat(leg)]);
    if (bytes.length > 0) this.#outlet.mark(tapKind.formats, this.recording, leg, at, 0, bytes);
    const sdp = media === null ? null : undecodedSdp(media);
    if (sdp !== null) this.#outlet.mark(tapKind.describe, this.recording, leg, at, 0, Buffer.from(sdp));
  }

  /** What a channel holds beside its own party: what was played to the other one. */
  #promptFormat(leg: LegIndex): readonly number[] {
    const format = this.#legs[leg === 0 ? 1 : 0].promptFormat;
    if (!this.hasPrompts || format === null) return [];
    const type = freePayloadType(this.#legs[leg].media);
    this.#promptTypes[leg] = type;
    return [type, spokenCodecs[format.codec]?.id ?? codecId.undecoded, kiloHertz(format.clockRate)];
  }

  /**
   * A packet of a prompt that a party has been sent: it stands in the other one's channel, as what was heard from there,
   * and under a number that means the same there. *Borrows* it until return.
   */
  prompt(hearer: LegIndex, at: MonotonicMs, packet: Uint8Array): void {
    if (!this.hasPrompts || this.#paused) return;
    const channel = hearer === 0 ? 1 : 0;
    const head = this.#promptHead;
    for (let i = 0; i < rtpHeaderBytes; i++) head[i] = packet[i] as number;
    head[1] = ((packet[1] as number) & 0x80) | this.#promptTypes[channel];
    this.#write(channel, at, packet, packet.length, head);
  }

  /** A packet that has been forwarded; in a pause it does not leave this thread. *Borrows* both until return. */
  packet(leg: LegIndex, at: MonotonicMs, packet: Uint8Array, length: number, head: Uint8Array): void {
    if (this.#paused || !this.#isOpen) return;
    this.#write(leg, at, packet, length, head);
  }

  #write(leg: LegIndex, at: MonotonicMs, packet: Uint8Array, length: number, head: Uint8Array): void {
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
