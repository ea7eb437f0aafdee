import type { MediaDescription, SdpLine, SessionDescription } from './session-description.ts';

/** Writes a session description as it goes on the wire, CRLF after each line (RFC 8866 §5). */
export function printSdp({ lines, media }: SessionDescription): Uint8Array {
  const text = [...lines, ...media.flatMap((one) => [mediaLine(one), ...one.lines])]
    .map(({ type, value }) => `${type}=${value}\r\n`)
    .join('');
  return Buffer.from(text, 'latin1');
}

function mediaLine({ kind, port, portCount, proto, formats }: MediaDescription): SdpLine {
  const where = portCount === null ? String(port) : `${port}/${portCount}`;
  return { type: 'm', value: [kind, where, proto, ...formats].join(' ') };
}
