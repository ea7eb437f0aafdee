import type { SipHeaders } from './message.ts';
import { paramValue, parseParams } from './params.ts';
import { parseDecimal, trimmed } from './text.ts';

/** What a side has configured: the interval that it asks for, and the shortest that it takes (RFC 4028 §4, §5). */
export interface SessionWishes {
  /** 0: it asks for none, and does as the other side asks. */
  readonly expiresSeconds: number;
  readonly minSeconds: number;
}

/** An interval that both sides have agreed to, and who of them sends the refreshes. */
export interface SessionTimer {
  readonly seconds: number;
  readonly refresher: 'us' | 'them';
}

export interface SessionExpires {
  readonly seconds: number;
  readonly refresher: 'uac' | 'uas' | null;
}

/** RFC 4028 §5: "This minimum interval MUST NOT be lower than 90 seconds". */
export const leastMinSeconds = 90;
/** RFC 4028 §4 recommends half an hour. */
export const defaultSession: SessionWishes = { expiresSeconds: 1800, minSeconds: leastMinSeconds };
/** Nobody makes us refresh more often than each ten seconds, whatever it says. */
const shortestSeconds = 20;
/** Longer than any call; and its milliseconds are what a timer can count. */
const longestSeconds = 1_000_000;
/** RFC 4028 §3: delta-seconds. */
const mostSeconds = 0xffff_ffff;

/** Null: there is none, or none that can be understood, which is as good (RFC 4028 §4 gives it no answer of its own). */
export function readSessionExpires(headers: SipHeaders): SessionExpires | null {
  const value = headers.first('session-expires');
  const parts = value === null ? null : secondsOf(value);
  if (parts === null) return null;
  const refresher = paramValue(parts.params, 'refresher')?.toLowerCase();
  return { seconds: parts.seconds, refresher: refresher === 'uac' || refresher === 'uas' ? refresher : null };
}

export function readMinSe(headers: SipHeaders): number | null {
  const value = headers.first('min-se');
  return value === null ? null : (secondsOf(value)?.seconds ?? null);
}

function secondsOf(
  value: string,
): { seconds: number; params: NonNullable<ReturnType<typeof parseParams>> } | null {
  const end = value.indexOf(';');
  const at = end < 0 ? value.length : end;
  const seconds = parseDecimal(trimmed(value, 0, at), mostSeconds);
  const params = parseParams(value, at);
  return seconds === null || params === null ? null : { seconds, params };
}

/** What a request says of session timers. */
export interface SessionRequest {
  readonly expires: SessionExpires | null;
  readonly minSe: number | null;
  /** Whether `timer` stands in its Supported or Require. */
  readonly supports: boolean;
}

/** RFC 4028 §9: such a request is 422, if its sender knows what that means. */
export function isTooShort({ expires, supports }: SessionRequest, { minSeconds }: SessionWishes): boolean {
  return supports && expires !== null && expires.seconds < minSeconds;
}

/**
 * What our 2xx to a session refresh says (RFC 4028 §9 and its table 2); `current` is what held before. Null: nothing,
 * and there is no session timer. Where the table leaves the choice, who refreshes goes on, and we do at first: a peer
 * that promises refreshes and forgets them would end its calls.
 */
export function answerSession(
  { expires, minSe, supports }: SessionRequest,
  wishes: SessionWishes,
  current: SessionTimer | null,
): SessionTimer | null {
  const ours = current?.seconds ?? wishes.expiresSeconds;
  if (expires === null) {
    if (ours === 0) return null;
    if (!supports) return current?.refresher === 'us' ? current : null;
    return {
      seconds: bounded(Math.max(ours, minSe ?? leastMinSeconds)),
      refresher: current?.refresher ?? 'us',
    };
  }
  const cap = wishes.expiresSeconds === 0 ? longestSeconds : wishes.expiresSeconds;
  const wanted = Math.max(Math.min(expires.seconds, cap), minSe ?? 0);
  // §9: "The UAS MUST NOT increase the value of the Session-Expires header field", but for a UAC that could not follow
  // a 422 (erratum 1687).
  const seconds = supports ? Math.min(wanted, expires.seconds) : Math.max(wanted, wishes.minSeconds);
  return { seconds: bounded(seconds), refresher: refresherOf(expires, supports, current) };
}

function bounded(seconds: number): number {
  return Math.min(Math.max(seconds, shortestSeconds), longestSeconds);
}

function refresherOf(
  { refresher }: SessionExpires,
  supports: boolean,
  current: SessionTimer | null,
): SessionTimer['refresher'] {
  if (!supports || refresher === 'uas') return 'us';
  if (refresher === 'uac') return 'them';
  return current?.refresher ?? 'us';
}

/**
 * What a 2xx to our session refresh says (RFC 4028 §7.2), which asked for so many seconds. Null: "there is no session
 * expiration". Without a refresher it is us, so that nobody waits for the other.
 */
export function acceptedSession(headers: SipHeaders, asked: number | null): SessionTimer | null {
  const expires = readSessionExpires(headers);
  if (expires === null) return null;
  const seconds = bounded(Math.min(expires.seconds, asked ?? longestSeconds));
  return { seconds, refresher: expires.refresher === 'uas' ? 'them' : 'us' };
}

/** The value of Session-Expires in a message of ours; `role` is ours in this transaction. */
export function printSession({ seconds, refresher }: SessionTimer, role: 'uac' | 'uas'): string {
  const other = role === 'uac' ? 'uas' : 'uac';
  return `${seconds};refresher=${refresher === 'us' ? role : other}`;
}

/** RFC 4028 §7.2, §9: a refresh "once half the session interval has elapsed". */
export function refreshAfterMs({ seconds }: SessionTimer): number {
  return seconds * 500;
}

/**
 * RFC 4028 §10: the session is ended "slightly before the session expiration. The minimum of 32 seconds and one third
 * of the session interval is RECOMMENDED".
 */
export function expiresAfterMs({ seconds }: SessionTimer): number {
  return Math.floor((seconds - Math.min(32, seconds / 3)) * 1000);
}
