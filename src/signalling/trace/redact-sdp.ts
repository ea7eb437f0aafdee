import { removed } from './redact-uris.ts';

/** Attributes that carry a key or a password: `key-mgmt` (RFC 4567), `ice-pwd` (RFC 8839 §5.4) and their like. */
const keyAttribute = /^a=[^:]*(?:key|pwd|passw|secret|token|auth)[^:]*/i;

/** Nearly no session description has anything that the rules below could mean. */
const mayHide = /^k=|inline:|crypto|key|pwd|passw|secret|token|auth/im;

/** A session description without keys; the suites stay, since a call may fail over them. */
export function redactSdp(sdp: string): string {
  if (!mayHide.test(sdp)) return sdp;
  return sdp.split(/\r?\n/).map(redactLine).join('\r\n');
}

function redactLine(line: string): string {
  // RFC 8866 §5.12: obsolete, and a key all the same.
  if (/^k=/i.test(line)) return `k=${removed}`;
  const inline = line.search(/inline:/i);
  // RFC 4568 §9.2: the key and its salt; what follows are their lifetime and parameters.
  if (inline >= 0) return `${line.slice(0, inline)}inline:${removed}`;
  const crypto = /^a=crypto[^:]*:\s*\S+\s+\S+/i.exec(line);
  if (crypto !== null) return `${crypto[0]} ${removed}`;
  const attribute = keyAttribute.exec(line);
  return attribute === null ? line : `${attribute[0]}:${removed}`;
}
