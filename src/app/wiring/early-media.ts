import type { Logger } from '../../kernel/logger.ts';
import type { Decision } from '../../policy/decide.ts';
import type { MediaHandle } from '../media-pool.ts';
import type { CallConsent } from './call-consent.ts';
import { tellsFirst } from './consent-plan.ts';

/** What the caller of one call hears of us before it is answered. */
export class EarlyMedia {
  readonly #callId: string;
  readonly #deps: { readonly logger: Logger; readonly dial: (callId: string) => void };
  #heard = false;
  #rings = false;

  constructor(callId: string, deps: { readonly logger: Logger; readonly dial: (callId: string) => void }) {
    this.#callId = callId;
    this.#deps = deps;
  }

  /** The caller can hear us, and nobody has been dialled. Null: there is nothing to tell. */
  begin(consent: CallConsent | null): void {
    this.#heard = true;
    if (consent === null) this.#deps.dial(this.#callId);
    else consent.step({ type: 'early' });
  }

  /** Who hears our early media hears in it that the callee rings, until there is something else to be heard. */
  ring(media: MediaHandle | null, tone: string | null): void {
    if (tone === null || !this.#heard || this.#rings) return;
    this.#rings = true;
    media?.ring(0, tone);
  }

  answered(media: MediaHandle | null, decision: Decision): void {
    if (this.#rings) media?.stopPlay(0);
    if (this.#heard || !decision.record || tellsFirst(decision.rule) === null) return;
    // The evidence says so, too: its moment is `on-answer`.
    this.#deps.logger.info('announced-on-answer', { callId: this.#callId, ruleId: decision.rule.id });
  }
}
