import { createCipheriv, createDecipheriv } from 'node:crypto';

/** RFC 8439 §2.8 and NIST SP 800-38D as used here: 256-bit key, 96-bit nonce, 128-bit tag. */
export const aeadTagBytes = 16;
export const aeadNonceBytes = 12;

const noAad = new Uint8Array(0);

/** What is sealed, before its parts stand one behind the other. */
export interface SealedParts {
  readonly body: Buffer;
  readonly tag: Buffer;
}

/**
 * Authenticated encryption. The caller owes that no key and nonce ever seal two different plaintexts;
 * a test's stand-in watches over it.
 */
export interface Aead {
  /** Ciphertext followed by the tag. *Borrows* all arguments until return. */
  seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad?: Uint8Array): Buffer;
  /** The same without a copy, for who writes the parts one after the other. *Borrows* all arguments until return. */
  sealParts(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad?: Uint8Array): SealedParts;
  /** The plaintext, or null where the tag does not hold. *Borrows* all arguments until return. */
  open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, aad?: Uint8Array): Buffer | null;
}

type Algorithm = 'chacha20-poly1305' | 'aes-256-gcm';

const options = { authTagLength: aeadTagBytes };

/** The two differ for the type checker only. */
function cipherOf(algorithm: Algorithm, key: Uint8Array, nonce: Uint8Array) {
  return algorithm === 'aes-256-gcm'
    ? createCipheriv(algorithm, key, nonce, options)
    : createCipheriv(algorithm, key, nonce, options);
}

function decipherOf(algorithm: Algorithm, key: Uint8Array, nonce: Uint8Array) {
  return algorithm === 'aes-256-gcm'
    ? createDecipheriv(algorithm, key, nonce, options)
    : createDecipheriv(algorithm, key, nonce, options);
}

function aead(algorithm: Algorithm): Aead {
  const sealParts: Aead['sealParts'] = (key, nonce, plaintext, aad = noAad) => {
    const cipher = cipherOf(algorithm, key, nonce);
    cipher.setAAD(aad, { plaintextLength: plaintext.length });
    // Both are stream ciphers: all of it comes at once, and `final` adds nothing but the tag.
    const body = cipher.update(plaintext);
    cipher.final();
    return { body, tag: cipher.getAuthTag() };
  };
  return {
    sealParts,
    seal(key, nonce, plaintext, aad) {
      const { body, tag } = sealParts(key, nonce, plaintext, aad);
      return Buffer.concat([body, tag]);
    },
    open(key, nonce, sealed, aad = noAad) {
      const length = sealed.length - aeadTagBytes;
      if (length < 0) return null;
      const decipher = decipherOf(algorithm, key, nonce);
      decipher.setAAD(aad, { plaintextLength: length });
      decipher.setAuthTag(sealed.subarray(length));
      const body = decipher.update(sealed.subarray(0, length));
      try {
        return Buffer.concat([body, decipher.final()]);
      } catch {
        return null;
      }
    },
  };
}

export const chacha20Poly1305: Aead = aead('chacha20-poly1305');
export const aes256Gcm: Aead = aead('aes-256-gcm');
