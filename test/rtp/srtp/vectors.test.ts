import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CounterKeystream } from '../../../src/rtp/srtp/counter-keystream.ts';
import { GcmProtection } from '../../../src/rtp/srtp/gcm-protection.ts';
import { HmacSha1 } from '../../../src/rtp/srtp/hmac-sha1.ts';
import { deriveSessionKeys } from '../../../src/rtp/srtp/key-derivation.ts';
import { LegCrypto } from '../../../src/rtp/srtp/leg-crypto.ts';
import { srtpSuites, type SrtpSuiteName } from '../../../src/rtp/srtp/srtp-suites.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
const hex = (of: Uint8Array): string => Buffer.from(of).toString('hex');
const withRoom = (packet: string): Uint8Array => Uint8Array.from([...bytes(packet), ...new Uint8Array(32)]);

describe('keystreams', () => {
  const rows = [
    {
      name: 'RFC 3711 §B.2, AES-128',
      key: '2B7E151628AED2A6ABF7158809CF4F3C',
      first:
        'E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0',
    },
    {
      name: 'RFC 6188 §7.1, AES-256',
      key: '57f82fe3613fd170a85ec93c40b1f0922ec4cb0dc025b58272147cc438944a98',
      first:
        '92bdd28a93c3f52511c677d08b5515a4 9da71b2378a854f67050756ded165bac 63c4868b7096d88421b563b8c94c9a31',
    },
  ];
  it.each(rows)('$name', ({ key, first }) => {
    const keystream = new CounterKeystream(bytes(key), bytes('F0F1F2F3F4F5F6F7F8F9FAFBFCFD'));
    const block = new Uint8Array(48);
    keystream.apply(block, 0, 48, 0, 0);
    expect(hex(block)).toBe(hex(bytes(first)));
  });
});

describe('session keys', () => {
  const rows: readonly {
    name: string;
    suite: SrtpSuiteName;
    key: string;
    salt: string;
    encryption: string;
    salting: string;
    authentication: string;
  }[] = [
    {
      name: 'RFC 3711 §B.3, AES-128',
      suite: 'AES_CM_128_HMAC_SHA1_80',
      key: 'E1F97A0D3E018BE0D64FA32C06DE4139',
      salt: '0EC675AD498AFEEBB6960B3AABE6',
      encryption: 'C61E7A93744F39EE10734AFE3FF7A087',
      salting: '30CBBC08863D8C85D49DB34A9AE1',
      authentication: 'CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4',
    },
    {
      name: 'RFC 6188 §7.2, AES-256',
      suite: 'AES_256_CM_HMAC_SHA1_80',
      key: 'f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6',
      salt: '3b04803de51ee7c96423ab5b78d2',
      encryption: '5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4',
      salting: 'fa31791685ca444a9e07c6c64e93',
      authentication: 'fd9c32d39ed5fbb5a9dc96b30818454d1313dc05',
    },
  ];
  it.each(rows)('$name', ({ suite, key, salt, encryption, salting, authentication }) => {
    const keys = deriveSessionKeys({ key: bytes(key), salt: bytes(salt) }, srtpSuites[suite], 'rtp');
    expect(hex(keys.encryption)).toBe(encryption.toLowerCase());
    expect(hex(keys.salt)).toBe(salting.toLowerCase());
    expect(hex(keys.authentication)).toBe(authentication.toLowerCase());
  });
});

describe('HMAC-SHA1', () => {
  it('is what OpenSSL makes of every length up to three blocks, with and without a word behind', () => {
    const key = bytes('000102030405060708090a0b0c0d0e0f10111213');
    const mac = new HmacSha1(key);
    const data = Uint8Array.from({ length: 200 }, (_, i) => (7 * i) & 0xff);
    for (let length = 0; length <= data.length; length++) {
      for (const hasWord of [false, true]) {
        mac.compute(data, length, 0xdeadbeef, hasWord);
        const expected = createHmac('sha1', key).update(data.subarray(0, length));
        if (hasWord) expected.update(bytes('deadbeef'));
        const made = Buffer.alloc(20);
        for (let i = 0; i < 5; i++) made.writeInt32BE(mac.digest[i] as number, 4 * i);
        expect(made.toString('hex'), `${length} bytes`).toBe(expected.digest('hex'));
      }
    }
  });
});

describe('AES-GCM with the session keys of RFC 7714 §16 and §17', () => {
  const salt = '517569642070726f2071756f';
  const rtp = `8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070
    61727465 73207472 6573`;
  const rtcp = `81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef
    deadbeef deadbeef deadbeef`;
  const rows = [
    {
      name: 'AEAD_AES_128_GCM',
      key: '000102030405060708090a0b0c0d0e0f',
      rtp: `8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b
        36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce`,
      rtcp: `81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda 4ce09b46
        86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4`,
    },
    {
      name: 'AEAD_AES_256_GCM',
      key: '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
      rtp: `8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02 76ffae0f
        1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13`,
      rtcp: `81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1 110555be 8415f658
        c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4`,
    },
  ];
  const index = 0x5d4;

  it.each(rows)('$name', (row) => {
    const session = { encryption: bytes(row.key), authentication: bytes(''), salt: bytes(salt) };
    const gcm = new GcmProtection(session, session, 0);
    const packet = withRoom(rtp);
    const clear = packet.length - 32;
    expect(gcm.sealRtp(packet, 12, clear, 0x5501a0b2, 0xf17b)).toBe(clear + 16);
    expect(hex(packet.subarray(0, clear + 16))).toBe(hex(bytes(row.rtp)));
    expect(gcm.openRtp(packet, 12, clear + 16, 0x5501a0b2, 0xf17b)).toBe(clear);
    expect(hex(packet.subarray(0, clear))).toBe(hex(bytes(rtp)));
    const report = withRoom(rtcp);
    const length = report.length - 32;
    expect(gcm.sealRtcp(report, length, 0x4d617273, index)).toBe(length + 20);
    expect(hex(report.subarray(0, length + 20))).toBe(hex(bytes(row.rtcp)));
    expect(gcm.openRtcp(report, length + 20, 0x4d617273, (0x8000_0000 | index) >>> 0)).toBe(length);
    expect(hex(report.subarray(0, length))).toBe(hex(bytes(rtcp)));
  });
});

/** Whole packets out of master keys, as libsrtp (`test/srtp_driver.c`) makes them. */
describe('packets that libsrtp made', () => {
  const clear = '800f1234decafbadcafebabeabababababababababababababababab';
  const report = '81c8000bcafebabeabababababababababababababababab';
  const rows: readonly {
    suite: SrtpSuiteName;
    key: string;
    salt: string;
    rtp: string;
    rtcp: string | null;
  }[] = [
    {
      suite: 'AES_CM_128_HMAC_SHA1_80',
      key: 'e1f97a0d3e018be0d64fa32c06de4139',
      salt: '0ec675ad498afeebb6960b3aabe6',
      rtp: '800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb',
      rtcp: '81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798',
    },
    {
      suite: 'AES_256_CM_HMAC_SHA1_80',
      key: 'f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6',
      salt: '3b04803de51ee7c96423ab5b78d2',
      rtp: '800f1234decafbadcafebabef1d9de17ff251ff1aa007774b0b4b40da08d9d9a5b3a55d8873b',
      rtcp: null,
    },
    {
      suite: 'AEAD_AES_128_GCM',
      key: '000102030405060708090a0b0c0d0e0f',
      salt: 'a0a1a2a3a4a5a6a7a8a9aaab',
      rtp: '800f1234decafbadcafebabec5002ede04cfdd2eb91159e0880aa06ed2976826f796b201df3131a127e8a392',
      rtcp: '81c8000bcafebabec98b8b5df0392a55852b6c21ac8e7025c52c6fbea2b3b446ea31123ba88ce61e80000001',
    },
  ];

  it.each(rows)('$suite', ({ suite, key, salt, rtp, rtcp }) => {
    const master = { key: bytes(key), salt: bytes(salt) };
    const crypto = new LegCrypto({ suite, ours: master, theirs: master });
    const packet = withRoom(clear);
    const length = crypto.protectRtp(packet, 28);
    expect(hex(packet.subarray(0, length))).toBe(rtp);
    expect(crypto.unprotectRtp(packet, length)).toBe(28);
    expect(hex(packet.subarray(0, 28))).toBe(clear);
    if (rtcp === null) return;
    // Its first index is 1.
    expect(crypto.protectRtcp(withRoom(report), 24)).toBeGreaterThan(24);
    const made = withRoom(report);
    const end = crypto.protectRtcp(made, 24);
    expect(hex(made.subarray(0, end))).toBe(rtcp);
    expect(crypto.unprotectRtcp(made, end)).toBe(24);
    expect(hex(made.subarray(0, 24))).toBe(report);
  });
});
