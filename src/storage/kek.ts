import { createHash } from 'node:crypto';
import { link, open, readFile, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { aeadNonceBytes, aes256Gcm } from '../kernel/aead.ts';
import type { RandomBytes } from '../kernel/ids.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { errorCode, isMissing, privateFile, syncDirectory, writeAll } from './durable-file.ts';

const kekBytes = 32;
const kekIdDigits = 16;

/** The key-encryption key. It wraps recordings' identities and opens nothing else. */
export interface Kek {
  /** The first 16 hexadecimal digits of the key's SHA-256. */
  readonly id: string;
  readonly key: Uint8Array;
}

export interface WrappedSecret {
  readonly kekId: string;
  /** Base64 of nonce, ciphertext and tag. */
  readonly wrapped: string;
}

const mend = 'make one with: openssl rand -base64 32';

/**
 * Reads a KEK: 32 raw bytes, 64 hexadecimal digits, or base64 of 32 bytes. `source` names where it came
 * from in the sentence that is the error (`encryption.kek.file ./kek`).
 */
export function parseKek(content: Uint8Array, source: string): Result<Kek, string> {
  const text = Buffer.from(content).toString('latin1').trim();
  if (text === '') return err(`${source} is empty; ${mend}.`);
  if (/^[0-9a-fA-F]{64}$/.test(text)) return ok(kekOf(Buffer.from(text, 'hex')));
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return ok(kekOf(Buffer.from(text, 'base64')));
  // Thirty-two random bytes are never all printable; thirty-two printable characters are a weaker key or a mistake.
  if (content.length === kekBytes && !/^[\x20-\x7e]+$/.test(text)) return ok(kekOf(Uint8Array.from(content)));
  return err(
    `${source} holds ${content.length} bytes that are no key: it must be 32 raw bytes, or 32 bytes as base64 or hexadecimal; ${mend}.`,
  );
}

function kekOf(key: Uint8Array): Kek {
  return { id: createHash('sha256').update(key).digest('hex').slice(0, kekIdDigits), key };
}

export async function loadKekFile(path: string): Promise<Result<Kek, string>> {
  try {
    return parseKek(await readFile(path), `the key file ${path}`);
  } catch (error) {
    if (isMissing(error)) return err(`there is no key file ${path}; ${mend} > ${path}`);
    return err(`the key file ${path} cannot be read: ${errorCode(error) ?? String(error)}.`);
  }
}

/** Makes a KEK, mode 0600 and durable, where there is none yet; else loads the one that is there. */
export async function loadOrCreateKekFile(
  path: string,
  random: RandomBytes,
): Promise<Result<{ readonly kek: Kek; readonly created: boolean }, string>> {
  const temporary = `${path}.${process.pid}`;
  try {
    const handle = await open(temporary, 'w', privateFile);
    try {
      await writeAll(handle, Buffer.from(`${Buffer.from(random(kekBytes)).toString('base64')}\n`));
      await handle.sync();
    } finally {
      await handle.close();
    }
    // Two roles start at once: a link appears with its whole content or fails because the other was first.
    await link(temporary, path).finally(() => unlink(temporary));
    await syncDirectory(dirname(path));
  } catch (error) {
    if (errorCode(error) !== 'EEXIST')
      return err(`the key file ${path} cannot be made: ${errorCode(error) ?? String(error)}.`);
    const loaded = await loadKekFile(path);
    return loaded.ok ? ok({ kek: loaded.value, created: false }) : loaded;
  }
  const loaded = await loadKekFile(path);
  return loaded.ok ? ok({ kek: loaded.value, created: true }) : loaded;
}

/**
 * Wraps a secret with AES-256-GCM under a random nonce, bound to the recording it belongs to. 2^32 wraps
 * under one KEK keep the chance of a repeated nonce below 2^-32 (NIST SP 800-38D §8.3).
 */
export function wrapSecret(
  kek: Kek,
  recordingId: string,
  secret: Uint8Array,
  random: RandomBytes,
): WrappedSecret {
  const nonce = random(aeadNonceBytes);
  const sealed = aes256Gcm.seal(kek.key, nonce, secret, Buffer.from(recordingId));
  return { kekId: kek.id, wrapped: Buffer.concat([nonce, sealed]).toString('base64') };
}

/** The secret, or null: another KEK or another recording's, or the bytes were changed. */
export function unwrapSecret(kek: Kek, recordingId: string, wrapped: WrappedSecret): Uint8Array | null {
  if (wrapped.kekId !== kek.id) return null;
  const bytes = Buffer.from(wrapped.wrapped, 'base64');
  if (bytes.length < aeadNonceBytes) return null;
  const nonce = bytes.subarray(0, aeadNonceBytes);
  return aes256Gcm.open(kek.key, nonce, bytes.subarray(aeadNonceBytes), Buffer.from(recordingId));
}
