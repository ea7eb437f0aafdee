import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { ListenerOptions } from '../options.ts';

/** The PEM files of a listener. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  /** Null: the authorities that Node brings along. */
  readonly ca: string | null;
}

/** What was read of them, and fits together. */
export interface TlsMaterial {
  readonly context: Pick<SecureContextOptions, 'cert' | 'key' | 'ca'>;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Null: the listener names none. */
export function tlsFilesOf({ cert, key, ca }: ListenerOptions): TlsFiles | null {
  return cert === undefined || key === undefined ? null : { cert, key, ca: ca ?? null };
}

/** Reads the files again. The fault is one sentence, which holds nothing of what is in them. */
export function readTlsMaterial(files: TlsFiles): Result<TlsMaterial, string> {
  try {
    const cert = read('cert', files.cert);
    const key = read('key', files.key);
    const ca = files.ca === null ? undefined : read('ca', files.ca);
    const leaf = certificateOf('cert', files.cert, cert);
    if (ca !== undefined && files.ca !== null) certificateOf('ca', files.ca, ca);
    if (!leaf.checkPrivateKey(privateKeyOf(files.key, key)))
      throw new Fault(
        `key ${files.key} is not the key of cert ${files.cert}; name the two that belong together`,
      );
    const context = ca === undefined ? { cert, key } : { cert, key, ca };
    createSecureContext(context);
    return ok({ context, expiresAt: Date.parse(leaf.validTo) });
  } catch (error) {
    if (error instanceof Fault) return err(error.message);
    return err(`cert ${files.cert} and key ${files.key} cannot be used for TLS; make them anew`);
  }
}

/** A sentence for the user. */
class Fault extends Error {}

function read(what: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new Fault(`${what} ${file} cannot be read (${code}); name a PEM file that this user may read`);
  }
}

function certificateOf(what: string, file: string, pem: Buffer): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new Fault(`${what} ${file} holds no certificate in PEM form`);
  }
}

function privateKeyOf(file: string, pem: Buffer): ReturnType<typeof createPrivateKey> {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new Fault(`key ${file} holds no private key in PEM form without a passphrase`);
  }
}
