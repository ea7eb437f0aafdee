import { attributeName, attributeValue, type MediaDescription } from './session-description.ts';

export interface PayloadFormat {
  readonly payloadType: number;
  /** Upper case; encoding names are case-insensitive (RFC 8866 §6.6). */
  readonly encoding: string;
  /** Hz of the RTP clock. */
  readonly clockRate: number;
  /** Of speech: the parameters of its a=fmtp, where there is one. */
  readonly fmtp?: string;
}

/** Static payload types (RFC 3551 §6), which need no rtpmap. G722's clock is 8000 although it samples at 16000. */
const staticTypes: Readonly<Record<string, readonly [string, number]>> = {
  0: ['PCMU', 8000],
  3: ['GSM', 8000],
  4: ['G723', 8000],
  5: ['DVI4', 8000],
  6: ['DVI4', 16_000],
  7: ['LPC', 8000],
  8: ['PCMA', 8000],
  9: ['G722', 8000],
  10: ['L16', 44_100],
  11: ['L16', 44_100],
  12: ['QCELP', 8000],
  13: ['CN', 8000],
  14: ['MPA', 90_000],
  15: ['G728', 8000],
  16: ['DVI4', 11_025],
  17: ['DVI4', 22_050],
  18: ['G729', 8000],
};

/** Encodings that are no speech: a description with nothing else carries no call. */
const auxiliary: ReadonlySet<string> = new Set(['TELEPHONE-EVENT', 'CN', 'RED']);

export function isSpeech(format: PayloadFormat): boolean {
  return !auxiliary.has(format.encoding);
}

/** `PCMA/8000`: how configuration and rules name an encoding. */
export function encodingName({ encoding, clockRate }: PayloadFormat): string {
  return `${encoding}/${clockRate}`;
}

/**
 * Payload types of an RTP media line in its order. One that is neither static nor mapped goes by its number
 * (`PT-97`), so that a call passes between two parties that know what they mean by it.
 */
export function payloadFormats(media: MediaDescription): PayloadFormat[] {
  const maps = rtpMaps(media);
  const seen = new Set<number>();
  return media.formats.flatMap((format) => {
    const payloadType = /^\d{1,3}$/.test(format) ? Number(format) : 128;
    if (payloadType > 127 || seen.has(payloadType)) return [];
    seen.add(payloadType);
    const [encoding, clockRate] = maps.get(payloadType) ??
      staticTypes[payloadType] ?? [`PT-${payloadType}`, 8000];
    const parameters = auxiliary.has(encoding) ? undefined : formatParameters(media, payloadType);
    return [{ payloadType, encoding, clockRate, ...(parameters === undefined ? {} : { fmtp: parameters }) }];
  });
}

/** `a=fmtp:18 annexb=no` (RFC 8866 §6.15). */
function formatParameters(media: MediaDescription, payloadType: number): string | undefined {
  for (const line of media.lines) {
    if (attributeName(line) !== 'fmtp') continue;
    const [, format, parameters] = /^\s*(\d{1,3})\s+(.*\S)/.exec(attributeValue(line)) ?? [];
    if (Number(format) === payloadType) return parameters;
  }
  return undefined;
}

/** `a=rtpmap:96 opus/48000/2` (RFC 8866 §6.6). */
function rtpMaps(media: MediaDescription): Map<number, readonly [string, number]> {
  const maps = new Map<number, readonly [string, number]>();
  for (const line of media.lines) {
    if (attributeName(line) !== 'rtpmap') continue;
    const match = /^\s*(\d{1,3})\s+([^\s/]+)\/([1-9]\d{0,5})(?:\/|\s|$)/.exec(attributeValue(line));
    if (match === null) continue;
    const [, payloadType = '', encoding = '', clockRate = ''] = match;
    maps.set(Number(payloadType), [encoding.toUpperCase(), Number(clockRate)]);
  }
  return maps;
}
