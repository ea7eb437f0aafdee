/**
 * ITU-T G.711 by tables. Linear samples are 16 bit: the standard's 14 bit (mu-law) and 13 bit (A-law) values
 * moved to the top, as every common decoder gives them.
 */

/** G.711 table 2a: sign, three bits of segment, four of interval; sent inverted. */
function muLawSample(octet: number): number {
  const bits = ~octet & 0xff;
  const magnitude = ((((bits & 0x0f) << 3) + 0x84) << ((bits >> 4) & 7)) - 0x84;
  return bits > 127 ? -magnitude : magnitude;
}

/** G.711 table 1a: the same fields with even bits inverted; a set sign bit is positive. */
function aLawSample(octet: number): number {
  const bits = octet ^ 0x55;
  const segment = (bits >> 4) & 7;
  const interval = ((bits & 0x0f) << 4) + 8;
  const magnitude = segment === 0 ? interval : (interval + 0x100) << (segment - 1);
  return bits > 127 ? magnitude : -magnitude;
}

const muLawSamples = Int16Array.from({ length: 256 }, (_, octet) => muLawSample(octet));
const aLawSamples = Int16Array.from({ length: 256 }, (_, octet) => aLawSample(octet));

/**
 * For each 16-bit sample (offset by 32768) the octet whose value is nearest; halfway, the smaller magnitude.
 * Zero is the positive zero of each law.
 */
function encodeTable(samples: Int16Array): Uint8Array {
  const positive = Array.from(samples.keys())
    .filter((octet) => octet > 127)
    .sort((a, b) => (samples[a] as number) - (samples[b] as number));
  const table = new Uint8Array(65536);
  let best = 0;
  for (let magnitude = 0; magnitude <= 32768; magnitude++) {
    const distance = (index: number): number =>
      Math.abs(magnitude - (samples[positive[index] as number] as number));
    while (best < 127 && distance(best + 1) < distance(best)) best += 1;
    const octet = positive[best] as number;
    // In both laws the top bit alone is the sign, and set means positive.
    if (magnitude > 0) table[32768 - magnitude] = octet & 0x7f;
    if (magnitude < 32768) table[32768 + magnitude] = octet;
  }
  return table;
}

const muLawOctets = encodeTable(muLawSamples);
const aLawOctets = encodeTable(aLawSamples);

/** Silence on the wire: the positive zero of mu-law, the smallest positive value of A-law. */
export const muLawSilence = 0xff;
export const aLawSilence = 0xd5;

function decode(
  table: Int16Array,
  source: Uint8Array,
  from: number,
  length: number,
  target: Int16Array,
  at: number,
): void {
  for (let i = 0; i < length; i++) target[at + i] = table[source[from + i] as number] as number;
}

function encode(
  table: Uint8Array,
  source: Int16Array,
  from: number,
  length: number,
  target: Uint8Array,
  at: number,
): void {
  for (let i = 0; i < length; i++) target[at + i] = table[(source[from + i] as number) + 32768] as number;
}

/** Decodes `length` octets into `target` from index `at` on. *Borrows* both until return. */
export function decodeMuLaw(
  source: Uint8Array,
  from: number,
  length: number,
  target: Int16Array,
  at: number,
): void {
  decode(muLawSamples, source, from, length, target, at);
}

/** Decodes `length` octets into `target` from index `at` on. *Borrows* both until return. */
export function decodeALaw(
  source: Uint8Array,
  from: number,
  length: number,
  target: Int16Array,
  at: number,
): void {
  decode(aLawSamples, source, from, length, target, at);
}

/** Encodes `length` samples into `target` from index `at` on. *Borrows* both until return. */
export function encodeMuLaw(
  source: Int16Array,
  from: number,
  length: number,
  target: Uint8Array,
  at: number,
): void {
  encode(muLawOctets, source, from, length, target, at);
}

/** Encodes `length` samples into `target` from index `at` on. *Borrows* both until return. */
export function encodeALaw(
  source: Int16Array,
  from: number,
  length: number,
  target: Uint8Array,
  at: number,
): void {
  encode(aLawOctets, source, from, length, target, at);
}

/** Octets and samples together, as far as 16 bits go. */
function add(
  samples: Int16Array,
  octets: Uint8Array,
  target: Uint8Array,
  at: number,
  length: number,
  added: Int16Array,
  from: number,
): void {
  for (let i = 0; i < length; i++) {
    const sum = (samples[target[at + i] as number] as number) + (added[from + i] as number);
    target[at + i] = octets[Math.max(-32_768, Math.min(32_767, sum)) + 32_768] as number;
  }
}

/** Adds `length` samples from index `from` on to the octets at `at`. *Borrows* both until return. */
export function addToMuLaw(
  target: Uint8Array,
  at: number,
  length: number,
  added: Int16Array,
  from: number,
): void {
  add(muLawSamples, muLawOctets, target, at, length, added, from);
}

/** Adds `length` samples from index `from` on to the octets at `at`. *Borrows* both until return. */
export function addToALaw(
  target: Uint8Array,
  at: number,
  length: number,
  added: Int16Array,
  from: number,
): void {
  add(aLawSamples, aLawOctets, target, at, length, added, from);
}
