import { createDecipheriv, createPrivateKey, createPublicKey, diffieHellman, hkdfSync } from 'node:crypto';

/**
 * What the age v1 format (age-encryption.org/v1) says about identities and headers, written from its text for
 * the tests: it tells which bytes would open a file, so that they can be looked for.
 */

const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';

/** The 32 secret bytes of `AGE-SECRET-KEY-1...`: Bech32 (BIP 173), its checksum of six characters left out. */
export function secretOf(identity: string): Buffer {
  const lower = identity.toLowerCase();
  const data = lower.slice(lower.lastIndexOf('1') + 1, -6);
  let bits = 0;
  let held = 0;
  const bytes: number[] = [];
  for (const character of data) {
    held = (held << 5) | alphabet.indexOf(character);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >> bits) & 255);
      held &= (1 << bits) - 1;
    }
  }
  return Buffer.from(bytes);
}

/** The file key that an age file's one X25519 stanza holds for `identity`. */
export function fileKeyOf(file: Buffer, identity: string): Buffer {
  const header = file.toString('latin1', 0, 2000);
  const stanza = /^age-encryption\.org\/v1\n-> X25519 (\S+)\n(\S+)\n--- /.exec(header);
  if (stanza === null) throw new Error('no age file with one X25519 recipient');
  const share = Buffer.from(stanza[1]!, 'base64');
  const body = Buffer.from(stanza[2]!, 'base64');
  const own = privateKey(secretOf(identity));
  const recipient = createPublicKey(own).export({ type: 'spki', format: 'der' }).subarray(-32);
  const shared = diffieHellman({ privateKey: own, publicKey: publicKey(share) });
  const salt = Buffer.concat([share, recipient]);
  const wrapKey = Buffer.from(hkdfSync('sha256', shared, salt, 'age-encryption.org/v1/X25519', 32));
  const opener = createDecipheriv('chacha20-poly1305', wrapKey, Buffer.alloc(12), { authTagLength: 16 });
  opener.setAuthTag(body.subarray(16));
  return Buffer.concat([opener.update(body.subarray(0, 16)), opener.final()]);
}

/** RFC 8410 §7 and §4: the DER that goes before 32 raw bytes. */
function privateKey(raw: Buffer): ReturnType<typeof createPrivateKey> {
  const key = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), raw]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

function publicKey(raw: Buffer): ReturnType<typeof createPublicKey> {
  const key = Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), raw]);
  return createPublicKey({ key, format: 'der', type: 'spki' });
}
