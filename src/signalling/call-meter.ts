import type { Gauge, Histogram, Meter } from '../kernel/meter.ts';
import type { CallState } from './call-state.ts';

type Phase = CallState['phase'];

const phases: readonly Phase[] = ['admitting', 'opening', 'telling', 'dialling', 'answered', 'up', 'ending'];
/** A LAN answers in milliseconds; from 0.5 s on there was a retransmission (RFC 3261 §17.1.1.1, T1). */
const bounds = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32];

/** Where calls are, and how long peers take for their first word. */
export class CallMeter {
  readonly #counts = new Map<Phase, number>();
  readonly #gauges: ReadonlyMap<Phase, Gauge>;
  readonly #invite: Histogram;
  readonly #other: Histogram;

  constructor(meter: Meter) {
    this.#gauges = new Map(
      phases.map((phase) => [
        phase,
        meter.gauge('onrecord_sip_calls', 'Calls by where their signalling is', { phase }),
      ]),
    );
    const histogram = (method: string): Histogram =>
      meter.histogram(
        'onrecord_sip_response_seconds',
        'From a request of ours to the first response, provisional ones too',
        bounds,
        { method },
      );
    this.#invite = histogram('INVITE');
    this.#other = histogram('other');
  }

  moved(from: Phase | null, to: Phase): void {
    if (from === to) return;
    if (from !== null) this.#change(from, -1);
    this.#change(to, 1);
  }

  #change(phase: Phase, by: number): void {
    const count = (this.#counts.get(phase) ?? 0) + by;
    this.#counts.set(phase, count);
    this.#gauges.get(phase)?.set(count);
  }

  responded(method: string, ms: number): void {
    (method === 'INVITE' ? this.#invite : this.#other).observe(ms / 1000);
  }
}
