import type { Counter, Meter } from '../../kernel/meter.ts';
import type { Schedule } from '../../kernel/timers.ts';
import type { LadderLeg } from '../../records/ladder-record.ts';
import { type CallTracer, lingerMs } from './call-tracer.ts';
import { encodeHep } from './hep-packet.ts';
import type { TracedMessage } from './message-observer.ts';
import type { HepOptions } from './options.ts';
import { redactMessage } from './redact-message.ts';

export interface HepExporterOptions {
  readonly hep: Pick<HepOptions, 'captureId' | 'password'>;
  readonly send: (packet: Buffer) => void;
  readonly schedule: Schedule;
  readonly meter: Meter;
}

/** IANA's protocol numbers: under TLS and WebSocket there is TCP. */
const udp = 17;
const tcp = 6;
/** So far apart, the wall clock was set. */
const clockStepMs = 5;

/** Copies each SIP message, without its secrets, to a Homer collector. */
export class HepExporter implements CallTracer {
  readonly #options: HepExporterOptions;
  /** By SIP Call-ID, the caller's Call-ID of the same call: by it Homer joins both legs. */
  readonly #joined = new Map<string, string>();
  readonly #dialogs = new Map<string, string[]>();
  readonly #sent: Counter;
  #wallOfMonotonic = Number.NEGATIVE_INFINITY;

  constructor(options: HepExporterOptions) {
    this.#options = options;
    this.#sent = options.meter.counter(
      'onrecord_hep_packets_total',
      'SIP messages copied to a HEP collector',
    );
  }

  observe({ direction, hop, local, wall, at, sipCallId, bytes }: TracedMessage): void {
    const { hep, send, meter } = this.#options;
    const us = { address: local.host, port: local.port };
    const packet = encodeHep({
      source: direction === 'received' ? hop : us,
      destination: direction === 'received' ? us : hop,
      protocol: hop.transport === 'udp' ? udp : tcp,
      at: this.#timeOf(wall, at),
      captureId: hep.captureId,
      password: hep.password ?? null,
      // The first INVITE comes before its call is known, and is the caller's.
      correlation: this.#joined.get(sipCallId) ?? sipCallId,
      payload: payloadOf(bytes),
    });
    if (packet === null) {
      meter.counter('onrecord_hep_dropped_total', hepDropped, { reason: 'too-long' }).add();
      return;
    }
    this.#sent.add();
    send(packet);
  }

  /** Wall time with the fractions of the monotonic clock, since a collector sorts messages by it. */
  #timeOf(wall: number, at: number): number {
    if (Math.abs(this.#wallOfMonotonic + at - wall) > clockStepMs) this.#wallOfMonotonic = wall - at;
    return this.#wallOfMonotonic + at;
  }

  claim(callId: string, { sipCallId }: LadderLeg): void {
    const dialogs = this.#dialogs.get(callId) ?? [];
    this.#dialogs.set(callId, dialogs);
    const [first = sipCallId] = dialogs;
    if (dialogs.includes(sipCallId)) return;
    dialogs.push(sipCallId);
    this.#joined.set(sipCallId, first);
  }

  over(callId: string): void {
    this.#options.schedule(lingerMs, () => {
      for (const sipCallId of this.#dialogs.get(callId) ?? []) this.#joined.delete(sipCallId);
      this.#dialogs.delete(callId);
    });
  }
}

export const hepDropped = 'SIP messages that no HEP collector was sent';

/** A message that a collector can parse: its Content-Length is that of what is left of the body. */
function payloadOf(bytes: Buffer): Buffer {
  const { head, body } = redactMessage(bytes);
  const counted = head.replace(/^(content-length|l)([ \t]*:[ \t]*)\d+/im, `$1$2${body.length}`);
  return Buffer.from(`${counted}\r\n${body}`, 'latin1');
}
