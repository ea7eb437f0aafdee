/** What a crypto suite does to a packet. Lengths in bytes. */
export interface SrtpSuite {
  /** `counter`: AES in counter mode with HMAC-SHA1; `gcm`: AES-GCM, whose tag is its own. */
  readonly mode: 'counter' | 'gcm';
  readonly keyBytes: number;
  readonly saltBytes: number;
  readonly tagBytes: number;
  /** RFC 4568 §6.2: 80 bits also where the tag of RTP is shorter. */
  readonly rtcpTagBytes: number;
}

/**
 * The suites we speak, by their names in SDP: RFC 4568 §6.2, RFC 6188 §3, RFC 7714 §14.1. Each protects what it names:
 * none of them leaves packets in clear or without a tag.
 */
export const srtpSuites = {
  AES_CM_128_HMAC_SHA1_80: { mode: 'counter', keyBytes: 16, saltBytes: 14, tagBytes: 10, rtcpTagBytes: 10 },
  AES_CM_128_HMAC_SHA1_32: { mode: 'counter', keyBytes: 16, saltBytes: 14, tagBytes: 4, rtcpTagBytes: 10 },
  AES_256_CM_HMAC_SHA1_80: { mode: 'counter', keyBytes: 32, saltBytes: 14, tagBytes: 10, rtcpTagBytes: 10 },
  AES_256_CM_HMAC_SHA1_32: { mode: 'counter', keyBytes: 32, saltBytes: 14, tagBytes: 4, rtcpTagBytes: 10 },
  AEAD_AES_128_GCM: { mode: 'gcm', keyBytes: 16, saltBytes: 12, tagBytes: 16, rtcpTagBytes: 16 },
  AEAD_AES_256_GCM: { mode: 'gcm', keyBytes: 32, saltBytes: 12, tagBytes: 16, rtcpTagBytes: 16 },
} as const satisfies Readonly<Record<string, SrtpSuite>>;

export type SrtpSuiteName = keyof typeof srtpSuites;

export function isSrtpSuite(name: string): name is SrtpSuiteName {
  return Object.hasOwn(srtpSuites, name);
}

/** Who sends with it protects, who receives unprotects: each direction of a leg has its own. */
export interface MasterKey {
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
  /** How long the master key identifier of its packets is (RFC 3711 §3.1); absent: they have none. */
  readonly mkiBytes?: number;
}

/** What both ends of a leg agreed to. */
export interface SrtpKeys {
  readonly suite: SrtpSuiteName;
  /** Protects what we send. */
  readonly ours: MasterKey;
  /** Protects what the party sends. */
  readonly theirs: MasterKey;
}
