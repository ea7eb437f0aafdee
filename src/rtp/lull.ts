/** How packets of a format tell that their sender falls silent. */
export const lullRule = {
  /** They do not: who sends them goes on sending. */
  none: 0,
  /** Any packet does: comfort noise (RFC 3389). */
  every: 1,
  /** RFC 3551 §4.5.6: frames of 10 octets, and an SID of 2 at the end. */
  g729: 2,
  /** RFC 3551 §4.5.3: the first octet of a frame tells its kind, an SID among them. */
  g723: 3,
  /** They come in the midst of silence and speech alike: telephone events. */
  unrelated: 4,
} as const;

export type LullRule = (typeof lullRule)[keyof typeof lullRule];

/**
 * By encoding name in upper case. Opus is not among them: in its silence a frame goes out each 400 ms (RFC 6716
 * §2.1.9); nor is AMR, whose SID comes each 160 ms.
 */
export function lullRuleOf(encoding: string): LullRule {
  switch (encoding) {
    case 'CN':
      return lullRule.every;
    case 'G729':
      return lullRule.g729;
    case 'G723':
      return lullRule.g723;
    case 'TELEPHONE-EVENT':
      return lullRule.unrelated;
    default:
      return lullRule.none;
  }
}

/** Octets of a G.723.1 frame by the lowest two bits of its first octet; 3: none is defined. */
const g723Octets = [24, 20, 4, 0] as const;
const g723Silence = 2;

/** Whether after this payload its sender may be silent for as long as it likes. *Borrows* the packet until return. */
export function beginsLull(rule: LullRule, packet: Uint8Array, offset: number, length: number): boolean {
  if (rule === lullRule.every) return true;
  if (rule === lullRule.g729) return length % 10 === 2;
  return rule === lullRule.g723 && endsWithG723Silence(packet, offset, offset + length);
}

function endsWithG723Silence(packet: Uint8Array, from: number, end: number): boolean {
  let kind = 0;
  for (let at = from; at < end; at += g723Octets[kind] as number) {
    kind = (packet[at] as number) & 3;
    if (g723Octets[kind] === 0) return false;
  }
  return kind === g723Silence;
}
