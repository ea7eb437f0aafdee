import { createHash } from 'node:crypto';
import type { RandomBytes } from '../kernel/ids.ts';

/** 256 bits: nothing to guess, so that a plain SHA-256 keeps it (no salt, no stretching). */
const tokenBytes = 32;
/** Lets people and secret scanners see what a stray string is. */
const prefix = 'onr_';
/** RFC 6750 §2.1: b64token. */
const b64token = /^[A-Za-z0-9\-._~+/]+=*$/;
export const longestToken = 512;

export function makeToken(random: RandomBytes): string {
  return prefix + Buffer.from(random(tokenBytes)).toString('base64url');
}

/** Hexadecimal SHA-256, the form in which a token is kept. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex');
}

export function isTokenText(text: string): boolean {
  return text.length <= longestToken && b64token.test(text);
}

/** The token of an `Authorization` header; null: there is none, or it is not of the Bearer scheme (RFC 6750 §2.1). */
export function bearerOf(header: string | undefined): string | null {
  if (header === undefined || header.length > longestToken + 'Bearer '.length) return null;
  // RFC 9110 §11.1: the scheme's name is case-insensitive.
  const token = /^bearer +(\S+)$/i.exec(header)?.[1];
  return token !== undefined && isTokenText(token) ? token : null;
}
