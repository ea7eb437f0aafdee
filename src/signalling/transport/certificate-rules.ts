import type { Hop } from '../transaction-layer.ts';
import { provesOneOf } from './tls-identity.ts';

/** What certificates of peers must name (RFC 5922 §7.3, §7.4). */
export interface CertificateRules {
  /** Of a client that connects from there; null: none is asked of it. */
  required(listener: string, address: string, port: number): string | null;
  /** Of a server that is dialled there: one of these. */
  accepted(hop: Hop): readonly string[];
}

/** Where nothing is known of peers: no client shows anything, and a server proves its address. */
export const addressRules: CertificateRules = {
  required: () => null,
  accepted: ({ name, address }) => [name ?? address],
};

/** RFC 5922 §7.4: a peer that is known by its certificate is itself only with it. */
export function provesItself(
  rules: CertificateRules,
  listener: string,
  { address, port }: { readonly address: string; readonly port: number },
  names: readonly string[] | null,
): boolean {
  const required = rules.required(listener, address, port);
  return required === null || (names !== null && provesOneOf(names, [required]));
}
