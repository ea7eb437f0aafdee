/**
 * G.711 from the definition in ITU-T Rec. G.711 (1988), tables 1 and 2, written for the user agents of the
 * tests: decoding by the formula of the characteristic, encoding by the nearest output value.
 */
export type Law = 'pcma' | 'pcmu';

/** A-law: sign, 3 bits of segment, 4 bits of step; every second bit is inverted on the line (table 1a, note). */
function alawValue(code: number): number {
  const bits = code ^ 0x55;
  const segment = (bits >> 4) & 7;
  const step = bits & 15;
  const magnitude = segment === 0 ? 2 * step + 1 : (2 * step + 33) * 2 ** (segment - 1);
  // The scale of the definition is 13 bits with sign; PCM files have 16.
  return (bits & 0x80 ? 1 : -1) * magnitude * 8;
}

/** μ-law: all bits inverted on the line, bias 33 on the 14-bit scale (table 2a). */
function ulawValue(code: number): number {
  const bits = ~code & 0xff;
  const segment = (bits >> 4) & 7;
  const step = bits & 15;
  const magnitude = (2 * step + 33) * 2 ** segment - 33;
  return (bits & 0x80 ? -1 : 1) * magnitude * 4;
}

interface Tables {
  readonly decode: Int16Array;
  readonly encode: Uint8Array;
}

function tablesOf(value: (code: number) => number): Tables {
  const codes = Array.from({ length: 256 }, (_, code) => ({ code, out: value(code) }));
  // 0xff before 0x7f for μ-law's two zeros: a stable sort would otherwise choose the negative one.
  codes.sort((a, b) => a.out - b.out || a.code - b.code);
  const encode = new Uint8Array(65_536);
  let at = 0;
  for (let sample = -32_768; sample <= 32_767; sample++) {
    while (at < 255 && Math.abs(codes[at + 1]!.out - sample) <= Math.abs(codes[at]!.out - sample)) at++;
    encode[sample + 32_768] = codes[at]!.code;
  }
  return { decode: Int16Array.from({ length: 256 }, (_, code) => value(code)), encode };
}

const tables: Readonly<Record<Law, Tables>> = { pcma: tablesOf(alawValue), pcmu: tablesOf(ulawValue) };

export function encodeG711(law: Law, samples: Int16Array): Uint8Array {
  const { encode } = tables[law];
  return Uint8Array.from(samples, (sample) => encode[sample + 32_768]!);
}

export function decodeG711(law: Law, payload: Uint8Array): Int16Array {
  const { decode } = tables[law];
  return Int16Array.from(payload, (code) => decode[code]!);
}
