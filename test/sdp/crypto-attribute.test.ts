import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { srtpSuites, type SrtpSuiteName } from '../../src/rtp/srtp/srtp-suites.ts';
import { cryptoAttributes, printCrypto, readCrypto } from '../../src/sdp/crypto-attribute.ts';

const base64 = (bytes: number): string => Buffer.alloc(bytes, 0x41).toString('base64');
const aes128 = `inline:${base64(30)}`;
const suite = 'AES_CM_128_HMAC_SHA1_80';

describe('lines that can be used', () => {
  const rows = [
    // RFC 4568 §4: the first example.
    {
      name: 'key, lifetime, MKI, parameter',
      line: '1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR|2^20|1:32',
      mki: 32,
    },
    { name: 'the key alone', line: `1 ${suite} ${aes128}` },
    { name: 'a lifetime as a number', line: `1 ${suite} ${aes128}|1048576` },
    { name: 'an MKI without a lifetime', line: `2 ${suite} ${aes128}|1:4`, mki: 4 },
    { name: 'a window that is smaller than ours', line: `1 ${suite} ${aes128} WSH=64` },
    { name: 'keys derived once', line: `1 ${suite} ${aes128} KDR=0` },
    { name: 'RFC 4568 §6.3.7: a parameter that may be passed over', line: `1 ${suite} ${aes128} -x=1` },
    { name: 'AES-256', line: `3 AES_256_CM_HMAC_SHA1_80 inline:${base64(46)}` },
    { name: 'GCM', line: `3 AEAD_AES_128_GCM inline:${base64(28)}` },
    { name: 'GCM of 256 bits, white space around', line: ` 3  AEAD_AES_256_GCM \t inline:${base64(44)} ` },
    { name: 'nine digits of tag', line: `123456789 ${suite} ${aes128}` },
  ];
  it.each(rows)('$name', ({ line, mki }) => {
    const read = readCrypto(line);
    expect(read.ok ? (read.value.key.mkiBytes ?? null) : read.error).toBe(mki ?? null);
  });
});

describe('lines that are passed over (RFC 4568 §5.1.2)', () => {
  const rows = [
    { name: 'nothing', line: '', fault: 'malformed' },
    { name: 'no key', line: `1 ${suite}`, fault: 'malformed' },
    { name: 'a tag of letters', line: `a ${suite} ${aes128}`, fault: 'malformed' },
    { name: 'another method', line: `1 ${suite} prompt:${base64(30)}`, fault: 'malformed' },
    { name: 'F8', line: `1 F8_128_HMAC_SHA1_80 ${aes128}`, fault: 'unknown-suite' },
    { name: 'a suite of the prototype', line: `1 constructor ${aes128}`, fault: 'unknown-suite' },
    { name: 'a key too short', line: `1 ${suite} inline:${base64(29)}`, fault: 'bad-key' },
    { name: 'a key too long', line: `1 ${suite} inline:${base64(31)}`, fault: 'bad-key' },
    { name: 'no base64', line: `1 ${suite} inline:${'*'.repeat(40)}`, fault: 'bad-key' },
    { name: 'several keys', line: `1 ${suite} ${aes128}|1:4;${aes128}|2:4`, fault: 'several-keys' },
    { name: 'a lifetime of nothing', line: `1 ${suite} ${aes128}|0`, fault: 'bad-lifetime' },
    { name: 'an empty lifetime', line: `1 ${suite} ${aes128}||1:4`, fault: 'bad-lifetime' },
    { name: 'a lifetime beyond 2^48', line: `1 ${suite} ${aes128}|2^49`, fault: 'bad-lifetime' },
    { name: 'a lifetime of letters', line: `1 ${suite} ${aes128}|long`, fault: 'bad-lifetime' },
    { name: 'an MKI of no length', line: `1 ${suite} ${aes128}|1:0`, fault: 'bad-mki' },
    { name: 'an MKI of 129 bytes', line: `1 ${suite} ${aes128}|2^20|1:129`, fault: 'bad-mki' },
    {
      name: 'RFC 4568 §6.3.2: UNENCRYPTED_SRTP',
      line: `1 ${suite} ${aes128} UNENCRYPTED_SRTP`,
      fault: 'unsupported-parameter',
    },
    {
      name: 'unauthenticated',
      line: `1 ${suite} ${aes128} UNAUTHENTICATED_SRTP`,
      fault: 'unsupported-parameter',
    },
    { name: 'keys derived anew', line: `1 ${suite} ${aes128} KDR=4`, fault: 'unsupported-parameter' },
    { name: 'something unheard of', line: `1 ${suite} ${aes128} NEW=1`, fault: 'unsupported-parameter' },
  ];
  it.each(rows)('$name', ({ line, fault }) => {
    expect(readCrypto(line)).toEqual({ ok: false, error: fault });
  });
});

it('prints what it reads', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...(Object.keys(srtpSuites) as SrtpSuiteName[])),
      fc.integer({ min: 1, max: 999_999_999 }),
      fc.infiniteStream(fc.integer({ min: 0, max: 255 })),
      (name, tag, bytes) => {
        const { keyBytes, saltBytes } = srtpSuites[name];
        const drawn = Uint8Array.from([...bytes.take(keyBytes + saltBytes)]);
        const key = { key: drawn.subarray(0, keyBytes), salt: drawn.subarray(keyBytes) };
        expect(cryptoAttributes([printCrypto({ tag, suite: name, key })])).toEqual([
          { tag, suite: name, key },
        ]);
      },
    ),
  );
});

it('never throws', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom('1 ', suite, ' ', 'inline:', aes128, '|', '2^20', ':', '1:4', ';', '=', '\t'),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const read = readCrypto(pieces.join(''));
      if (read.ok) expect(read.value.key.key.length).toBe(srtpSuites[read.value.suite].keyBytes);
    }),
  );
});
