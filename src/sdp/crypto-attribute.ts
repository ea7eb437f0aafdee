import { err, ok, type Result } from '../kernel/result.ts';
import { isSrtpSuite, type MasterKey, type SrtpSuiteName, srtpSuites } from '../rtp/srtp/srtp-suites.ts';
import { attributeName, attributeValue, type SdpLine } from './session-description.ts';

/** `a=crypto` (RFC 4568 §4): with what the one who wrote it protects what it sends. */
export interface CryptoAttribute {
  readonly tag: number;
  readonly suite: SrtpSuiteName;
  readonly key: MasterKey;
}

/** Why a line is passed over, as RFC 4568 §5.1.2 has it of what an answerer does not support. */
export type CryptoFault =
  | 'malformed'
  | 'unknown-suite'
  | 'several-keys'
  | 'bad-key'
  | 'bad-lifetime'
  | 'bad-mki'
  | 'unsupported-parameter';

/** Lines of one description that are looked at; nobody offers more. */
const maxLines = 32;

/** The lines that can be used, in their order, which is the offerer's preference (RFC 4568 §5.1.1). */
export function cryptoAttributes(lines: readonly SdpLine[]): CryptoAttribute[] {
  return lines
    .filter((line) => attributeName(line) === 'crypto')
    .slice(0, maxLines)
    .flatMap((line) => {
      const read = readCrypto(attributeValue(line));
      return read.ok ? [read.value] : [];
    });
}

/** `1 AES_CM_128_HMAC_SHA1_80 inline:BASE64|2^20|1:4 WSH=64` (RFC 4568 §9.1). */
export function readCrypto(value: string): Result<CryptoAttribute, CryptoFault> {
  const [tag = '', suite = '', key = '', ...parameters] = value.trim().split(/[ \t]+/, 24);
  if (!/^\d{1,9}$/.test(tag) || key === '') return err('malformed');
  if (!isSrtpSuite(suite)) return err('unknown-suite');
  if (!parameters.every(isHarmless)) return err('unsupported-parameter');
  const master = readKey(key, suite);
  return master.ok ? ok({ tag: Number(tag), suite, key: master.value }) : master;
}

/**
 * RFC 4568 §6.3: what an answerer does not support makes the line unusable, unless its name begins with a dash. A window
 * smaller than ours asks nothing of us; UNENCRYPTED_SRTP and its like would leave out what the line is for.
 */
function isHarmless(parameter: string): boolean {
  return parameter.startsWith('-') || /^(?:WSH=\d{2,3}|KDR=0)$/i.test(parameter);
}

/** `inline:` key and salt, `|` lifetime, `|` MKI `:` its length (RFC 4568 §6.1, §9.2). */
function readKey(text: string, suite: SrtpSuiteName): Result<MasterKey, CryptoFault> {
  // RFC 4568 §6.1: more than one key, told apart by their MKI.
  if (text.includes(';')) return err('several-keys');
  const [method = '', keySalt = '', ...rest] = text.split(/[:|]/);
  if (method.toLowerCase() !== 'inline') return err('malformed');
  const bytes = readBase64(keySalt);
  const { keyBytes, saltBytes } = srtpSuites[suite];
  if (bytes?.length !== keyBytes + saltBytes) return err('bad-key');
  const tail = text.slice(method.length + 1 + keySalt.length);
  const match = /^(?:\|([^|:]*))?(?:\|(\d+):(\d{1,3}))?$/.exec(tail);
  if (match === null || rest.length > 3) return err(tail.includes(':') ? 'bad-mki' : 'bad-lifetime');
  const [, lifetime, , mkiLength] = match;
  if (lifetime !== undefined && !isLifetime(lifetime)) return err('bad-lifetime');
  const mkiBytes = Number(mkiLength ?? 0);
  if (mkiLength !== undefined && (mkiBytes < 1 || mkiBytes > 128)) return err('bad-mki');
  const master = { key: bytes.subarray(0, keyBytes), salt: bytes.subarray(keyBytes) };
  return ok(mkiBytes === 0 ? master : { ...master, mkiBytes });
}

function readBase64(text: string): Uint8Array | null {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Uint8Array.from(Buffer.from(text, 'base64')) : null;
}

/** RFC 4568 §6.1: at most 2^48 packets, and at least one. */
function isLifetime(text: string): boolean {
  const [, power, count] = /^(?:2\^(\d{1,2})|(\d{1,15}))$/.exec(text) ?? [];
  if (power !== undefined) return Number(power) <= 48;
  return count !== undefined && Number(count) >= 1 && Number(count) <= 2 ** 48;
}

/** The line as we write it: the lifetime is the suite's own, and there is one key. */
export function printCrypto({ tag, suite, key }: CryptoAttribute): SdpLine {
  const inline = Buffer.concat([key.key, key.salt]).toString('base64');
  return { type: 'a', value: `crypto:${tag} ${suite} inline:${inline}` };
}
