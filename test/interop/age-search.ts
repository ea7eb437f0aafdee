import { createDecipheriv } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** A thief with everything that lies in the data directory, key-encryption key included. */

export interface Found {
  /** Relative to the directory searched. */
  readonly file: string;
  readonly what: string;
}

export interface Opened extends Found {
  readonly secret: Buffer;
  /** Nonce, ciphertext and tag. */
  readonly wrapped: Buffer;
}

interface Haystack {
  readonly file: string;
  readonly bytes: Buffer;
}

/** Nonce and tag around either spelling of an X25519 identity: 32 raw bytes, 74 characters. */
const wrappedLengths = [12 + 32 + 16, 12 + 74 + 16] as const;
const shortestRun = Math.ceil((Math.min(...wrappedLengths) * 4) / 3);
/**
 * Of a file no larger, every offset is tried as the beginning of a wrapped secret. The embedded database's
 * 26 MB would take minutes; it keeps text as text, which is searched for base64.
 */
const slidingLimit = 256 * 1024;
const database = `database${sep}`;

/** Every file below `directory`; one that goes while it is read is left out. */
export function everyFile(directory: string): Haystack[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap((entry) => {
      const path = join(entry.parentPath, entry.name);
      try {
        return [{ file: relative(directory, path), bytes: readFileSync(path) }];
      } catch {
        return [];
      }
    });
}

/** Where one of `needles` stands: as bytes, hexadecimal or base64 at any alignment, also within base64. */
export function occurrences(files: readonly Haystack[], needles: Readonly<Record<string, Buffer>>): Found[] {
  return files.flatMap(({ file, bytes }) => {
    const layers = [bytes, ...base64Runs(bytes).map((run) => Buffer.from(run, 'base64'))];
    return Object.entries(needles).flatMap(([what, needle]) => {
      const spellings = spellingsOf(needle);
      return layers.some((layer) => spellings.some((each) => layer.includes(each))) ? [{ file, what }] : [];
    });
  });
}

/** What the KEK opens as `recordingId`'s: every piece of base64 of a fitting length, every piece of small files. */
export function openable(files: readonly Haystack[], kek: Buffer, recordingId: string): Opened[] {
  return files.flatMap(({ file, bytes }) => {
    const found = new Map<string, Opened>();
    for (const { what, wrapped } of candidates(file, bytes)) {
      const secret = unwrap(kek, recordingId, wrapped);
      if (secret !== null)
        found.set(wrapped.toString('hex'), { file, what, secret, wrapped: Buffer.from(wrapped) });
    }
    return [...found.values()];
  });
}

function* candidates(
  file: string,
  bytes: Buffer,
): Generator<{ readonly what: string; readonly wrapped: Buffer }> {
  for (const run of base64Runs(bytes)) {
    yield { what: 'base64', wrapped: Buffer.from(run, 'base64') };
    for (const length of wrappedLengths) {
      const characters = Math.ceil((length * 4) / 3);
      // Neighbours in a database page may be letters too.
      for (let at = 0; at + characters <= run.length; at++)
        yield { what: 'base64', wrapped: Buffer.from(run.slice(at, at + characters), 'base64') };
    }
  }
  if (bytes.length > slidingLimit || file.startsWith(database)) return;
  for (const length of wrappedLengths) {
    for (let at = 0; at + length <= bytes.length; at++)
      yield { what: 'bytes', wrapped: bytes.subarray(at, at + length) };
  }
}

/** AES-256-GCM, nonce || ciphertext || tag, the recording's id as additional data. */
function unwrap(kek: Buffer, recordingId: string, wrapped: Buffer): Buffer | null {
  if (wrapped.length <= 28) return null;
  try {
    const opener = createDecipheriv('aes-256-gcm', kek, wrapped.subarray(0, 12), { authTagLength: 16 });
    opener.setAAD(Buffer.from(recordingId));
    opener.setAuthTag(wrapped.subarray(-16));
    return Buffer.concat([opener.update(wrapped.subarray(12, -16)), opener.final()]);
  } catch {
    return null;
  }
}

function base64Runs(bytes: Buffer): string[] {
  return bytes.toString('latin1').match(new RegExp(`[A-Za-z0-9+/_-]{${shortestRun},}={0,2}`, 'g')) ?? [];
}

function spellingsOf(needle: Buffer): Buffer[] {
  const hex = needle.toString('hex');
  const encoded = [0, 1, 2].flatMap((shift) => {
    const whole = Buffer.concat([Buffer.alloc(shift), needle]).toString('base64');
    // The characters at both ends also hold bits of the neighbours.
    const own = whole.replace(/=+$/, '').slice(shift === 0 ? 0 : shift + 1, -1);
    return [own, own.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return [needle, ...[hex, hex.toUpperCase(), ...encoded].map((text) => Buffer.from(text))];
}
