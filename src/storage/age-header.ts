import { hkdfSync } from 'node:crypto';
import { Decrypter, Encrypter, type Recipient } from 'age-encryption';

/** What follows `age-encryption.org/v1`'s header: C2SP age, "Payload". */
export const payloadNonceBytes = 16;
export const payloadChunkBytes = 64 * 1024;

/** The longest header that we look for: one X25519 stanza takes about 200 bytes. */
export const headerSearchBytes = 4096;

/** What the library appends to the header of an empty file: nonce, then one empty sealed chunk. */
const emptyPayloadBytes = payloadNonceBytes + 16;

const newline = 0x0a;
const lastLine = Buffer.from('\n--- ');

/**
 * A header for one recipient with a fresh file key. The library builds it; a recipient that watches
 * gives us the file key, since the payload is sealed by `node:crypto`, ten times as fast.
 */
export async function createAgeHeader(
  recipient: string,
): Promise<{ readonly header: Uint8Array; readonly fileKey: Uint8Array }> {
  const taken: Uint8Array[] = [];
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  encrypter.addRecipient(watching(taken));
  const file = await encrypter.encrypt(new Uint8Array(0));
  const fileKey = taken[0];
  if (fileKey === undefined) throw new Error('the age header was built without its recipients');
  return { header: file.subarray(0, file.length - emptyPayloadBytes), fileKey };
}

/** Adds no stanza to the header. */
function watching(taken: Uint8Array[]): Recipient {
  return {
    wrapFileKey(fileKey) {
      taken.push(Uint8Array.from(fileKey));
      return [];
    },
  };
}

/** Where the header ends: after the line that begins with `--- `. Null: this is no age file. */
export function ageHeaderLength(start: Uint8Array): number | null {
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.length);
  if (!bytes.toString('latin1', 0, 22).startsWith('age-encryption.org/v1\n')) return null;
  const mac = bytes.indexOf(lastLine);
  const end = mac < 0 ? -1 : bytes.indexOf(newline, mac + lastLine.length);
  return end < 0 ? null : end + 1;
}

/** The file key, or null: the identity does not match, or the header was changed. */
export async function openAgeHeader(header: Uint8Array, identity: string): Promise<Uint8Array | null> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  try {
    return await decrypter.decryptHeader(header);
  } catch {
    return null;
  }
}

/** C2SP age, "Payload": HKDF-SHA-256 of the file key, salt the nonce, info `payload`. */
export function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
}

/** C2SP age, "Payload": an 11-byte big-endian chunk counter, then 1 for the last chunk, else 0. */
export function chunkNonce(index: number, last: boolean): Uint8Array {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(index, 5, 6);
  nonce[11] = last ? 1 : 0;
  return nonce;
}
