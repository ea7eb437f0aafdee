/** How a codec stands up to loss: equipment impairment Ie, and robustness Bpl (ITU-T G.107 §7.5). */
interface CodecImpairment {
  readonly ie: number;
  readonly bpl: number;
}

/**
 * By encoding name, on the narrowband scale. G.711 with concealment, G.723.1, G.729A and GSM-EFR are ITU-T G.113
 * Appendix I's. G.722 and Opus have no values on that scale: theirs are estimates of ours, for a codec without
 * audible impairment whose concealment is as good as G.711's, and better with Opus's own redundancy.
 */
const impairments: ReadonlyMap<string, CodecImpairment> = new Map([
  ['PCMU', { ie: 0, bpl: 25.1 }],
  ['PCMA', { ie: 0, bpl: 25.1 }],
  ['G729', { ie: 11, bpl: 19 }],
  ['G723', { ie: 15, bpl: 16.1 }],
  ['GSM-EFR', { ie: 5, bpl: 10 }],
  ['G722', { ie: 0, bpl: 25.1 }],
  ['OPUS', { ie: 0, bpl: 35 }],
]);

/** R without delay and equipment impairment, all else of the model at its defaults (ITU-T G.107 §7.7). */
const undisturbed = 93.2;

export interface SpeechPath {
  /** Upper case. */
  readonly encoding: string;
  /** Share of packets, 0 to 1. */
  readonly lost: number;
  /** Mean length of a run of losses against that of random loss; 1: random. */
  readonly burstRatio: number;
  /** Mouth to ear. */
  readonly delayMs: number;
}

/** Mean opinion score, 1 to 4.5, by the E-model (ITU-T G.107, echo aside); null where the codec is not known. */
export function meanOpinionScore({ encoding, lost, burstRatio, delayMs }: SpeechPath): number | null {
  const codec = impairments.get(encoding);
  if (codec === undefined) return null;
  const percent = 100 * lost;
  const loss = ((95 - codec.ie) * percent) / (percent / Math.max(1, burstRatio) + codec.bpl);
  return scoreOf(undisturbed - delayImpairment(delayMs) - codec.ie - loss);
}

/** Idd, what delay does to a conversation without echo (ITU-T G.107 §7.4). */
function delayImpairment(delayMs: number): number {
  if (delayMs <= 100) return 0;
  const x = Math.log2(delayMs / 100);
  return 25 * ((1 + x ** 6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2);
}

/** ITU-T G.107 Annex B. Near R = 0 the cubic dips below 1, which no listener can. */
function scoreOf(r: number): number {
  if (r <= 0) return 1;
  if (r >= 100) return 4.5;
  return Math.max(1, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6);
}
