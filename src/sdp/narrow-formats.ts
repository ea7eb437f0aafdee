import { transportOf } from './active-line.ts';
import { encodingName, isSpeech, payloadFormats } from './payload-formats.ts';
import { attributeName, attributeValue, type MediaDescription } from './session-description.ts';

/** Attributes that begin with the payload type they speak of. */
const perFormat: ReadonlySet<string> = new Set(['rtpmap', 'fmtp', 'rtcp-fb']);

/**
 * A media line with only the formats that are listed (`PCMA/8000`; null: all), in its own order, without the
 * attributes of the others. Null where no speech is left. T.38 has one format, and stays.
 */
export function narrowFormats(
  media: MediaDescription,
  encodings: readonly string[] | null,
): MediaDescription | null {
  if (transportOf(media) === 'udptl') return media;
  const formats = payloadFormats(media);
  const kept = formats.filter((format) => encodings?.includes(encodingName(format)) ?? true);
  if (!kept.some(isSpeech)) return null;
  if (encodings === null || kept.length === formats.length) return media;
  const numbers = new Set(kept.map(({ payloadType }) => String(payloadType)));
  return {
    ...media,
    formats: kept.map(({ payloadType }) => String(payloadType)),
    lines: media.lines.filter((line) => {
      if (!perFormat.has(attributeName(line) ?? '')) return true;
      const [format = ''] = attributeValue(line).trim().split(/\s/, 1);
      return format === '*' || numbers.has(format);
    }),
  };
}
