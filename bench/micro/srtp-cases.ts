import { createCipheriv, createHmac } from 'node:crypto';
import { writeRtpHeader } from '../../src/rtp/rtp-header.ts';
import { LegCrypto } from '../../src/rtp/srtp/leg-crypto.ts';
import { type SrtpSuiteName, srtpSuites } from '../../src/rtp/srtp/srtp-suites.ts';
import type { BenchCase } from '../measure.ts';

/** 20 ms of G.711, and room for any tag. */
const clearBytes = 12 + 160;
const room = 16;

export const srtpCases: readonly BenchCase[] = [
  suiteCase('srtp', 'AES_CM_128_HMAC_SHA1_80'),
  suiteCase('srtp-aes-256', 'AES_256_CM_HMAC_SHA1_80'),
  suiteCase('srtp-gcm', 'AEAD_AES_128_GCM'),
  {
    name: 'srtp-plainly',
    unit: 'one packet protected by a new cipher and a new HMAC',
    setUp: () => {
      const [key, salt] = [new Uint8Array(16), new Uint8Array(16)];
      const packet = new Uint8Array(clearBytes + room);
      const body = packet.subarray(12, clearBytes);
      return () => {
        packet.set(createCipheriv('aes-128-ctr', key, salt).update(body), 12);
        const tag = createHmac('sha1', key).update(packet.subarray(0, clearBytes)).digest();
        packet.set(tag.subarray(0, 10), clearBytes);
      };
    },
  },
];

function suiteCase(name: string, suite: SrtpSuiteName): BenchCase {
  return {
    name,
    unit: `one packet of ${suite} protected, and unprotected`,
    setUp: () => {
      const { keyBytes, saltBytes } = srtpSuites[suite];
      const master = { key: new Uint8Array(keyBytes).fill(1), salt: new Uint8Array(saltBytes).fill(2) };
      const crypto = new LegCrypto({ suite, ours: master, theirs: master });
      const packet = new Uint8Array(clearBytes + room);
      let sequence = 0;
      return () => {
        writeRtpHeader(packet, false, 0, sequence, 0, 1);
        sequence = (sequence + 1) & 0xffff;
        const length = crypto.protectRtp(packet, clearBytes);
        if (crypto.unprotectRtp(packet, length) !== clearBytes) throw new Error('the tag does not hold');
      };
    },
  };
}
