/** How numbers are dialled in one country. */
export interface DiallingPlan {
  /** Without `+`. */
  readonly callingCode: string;
  readonly internationalPrefix: string;
  /** National (trunk) prefixes; empty: every number is dialled whole. */
  readonly trunkPrefixes: readonly string[];
}

function plan(callingCode: string, ...trunkPrefixes: string[]): DiallingPlan {
  return { callingCode, internationalPrefix: '00', trunkPrefixes };
}

/**
 * EU, EEA, Switzerland and the United Kingdom by ISO 3166-1 code. Calling codes: ITU-T "List of Recommendation
 * ITU-T E.164 assigned country codes". Prefixes: ITU-T "Dialling procedures (international prefix, national
 * (trunk) prefix and national (significant) number)", annex to Operational Bulletin 994, and the later national
 * plans of ITU-T E.129 (Lithuania has been moving from 8 to 0 since 2022). The international prefix is 00 in
 * all of them, as Directive (EU) 2018/1972 Art. 96(3) has it.
 */
export const diallingPlans: Readonly<Record<string, DiallingPlan>> = {
  AT: plan('43', '0'),
  BE: plan('32', '0'),
  BG: plan('359', '0'),
  CH: plan('41', '0'),
  CY: plan('357'),
  CZ: plan('420'),
  DE: plan('49', '0'),
  DK: plan('45'),
  EE: plan('372'),
  ES: plan('34'),
  FI: plan('358', '0'),
  FR: plan('33', '0'),
  GB: plan('44', '0'),
  GR: plan('30'),
  HR: plan('385', '0'),
  HU: plan('36', '06'),
  IE: plan('353', '0'),
  IS: plan('354'),
  IT: plan('39'),
  LI: plan('423'),
  LT: plan('370', '0', '8'),
  LU: plan('352'),
  LV: plan('371'),
  MT: plan('356'),
  NL: plan('31', '0'),
  NO: plan('47'),
  PL: plan('48'),
  PT: plan('351'),
  RO: plan('40', '0'),
  SE: plan('46', '0'),
  SI: plan('386', '0'),
  SK: plan('421', '0'),
};
