const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  CERT_HAS_EXPIRED: 'certificate-expired',
  CERT_NOT_YET_VALID: 'certificate-not-yet-valid',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate-wrong-name',
};

/** What OpenSSL says of a chain that does not lead to an authority that we trust. */
const untrusted =
  /^(?:UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|CERT_(?:UNTRUSTED|REJECTED|SIGNATURE|CHAIN)|INVALID_(?:CA|PURPOSE))/;

/** Why a connection broke, as a word of a small set, since it becomes a label. */
export function breakReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const known = reasons[code];
  if (known !== undefined) return known;
  if (untrusted.test(code)) return 'certificate-untrusted';
  // RFC 8446 §6.2: an alert is the other side's word: our certificate does not please it, or we share no version.
  if (code.startsWith('ERR_SSL') && code.includes('ALERT')) return 'tls-refused';
  return /^(?:ERR_SSL|ERR_TLS|EPROTO)/.test(code) ? 'tls-protocol' : 'error';
}
