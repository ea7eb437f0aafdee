import { describe, expect, it } from 'vitest';
import { SipHeaders } from '../../src/sip/message.ts';
import {
  acceptedSession,
  answerSession,
  expiresAfterMs,
  isTooShort,
  printSession,
  readMinSe,
  readSessionExpires,
  refreshAfterMs,
  type SessionTimer,
} from '../../src/sip/session-timer.ts';

function headers(...fields: readonly (readonly [string, string])[]): SipHeaders {
  return new SipHeaders(fields.map(([name, value]) => ({ name, value })));
}

describe('Session-Expires and Min-SE', () => {
  it.each([
    ['1800', 1800, null],
    ['90;refresher=uac', 90, 'uac'],
    [' 90 ; Refresher = UAS ', 90, 'uas'],
    ['4294967295;x=y;refresher=uas', 4_294_967_295, 'uas'],
    ['90;refresher=both', 90, null],
  ])('%s', (value, seconds, refresher) => {
    expect(readSessionExpires(headers(['Session-Expires', value]))).toEqual({ seconds, refresher });
    expect(readSessionExpires(headers(['x', value]))?.seconds).toBe(seconds);
    expect(readMinSe(headers(['Min-SE', value]))).toBe(seconds);
  });

  it.each(['', '-1', '1e3', '4294967296', '90;;', '90;refresher="uac', 'ninety', '90, 91'])(
    '%s is none',
    (value) => {
      expect(readSessionExpires(headers(['Session-Expires', value]))).toBeNull();
      expect(readMinSe(headers(['Min-SE', value]))).toBeNull();
    },
  );
});

const wishes = { expiresSeconds: 1800, minSeconds: 90 };

function timer(text: string | null): SessionTimer | null {
  const [seconds, refresher] = (text ?? '').split(' ');
  return text === null ? null : { seconds: Number(seconds), refresher: refresher === 'us' ? 'us' : 'them' };
}

describe('RFC 4028 §9, table 2: who refreshes', () => {
  it.each([
    ['N', null, 'us'],
    ['N', 'uac', 'us'],
    ['N', 'uas', 'us'],
    ['Y', null, 'us'],
    ['Y', 'uac', 'them'],
    ['Y', 'uas', 'us'],
  ] as const)('UAC supports: %s, refresher: %s', (supports, refresher, expected) => {
    const request = { expires: { seconds: 600, refresher }, minSe: null, supports: supports === 'Y' };
    expect(answerSession(request, wishes, null)).toEqual({ seconds: 600, refresher: expected });
  });

  it('who refreshes goes on, where the UAC does not say (§7.4)', () => {
    const request = { expires: { seconds: 600, refresher: null }, minSe: null, supports: true };
    expect(answerSession(request, wishes, timer('600 them'))).toEqual(timer('600 them'));
  });
});

describe('RFC 4028 §9: the interval', () => {
  it.each([
    ['is ours where the UAC asks for none', null, null, true, null, '1800 us'],
    ['is at least the Min-SE of the UAC', null, 3600, true, null, '3600 us'],
    ['is nothing where neither asks for it', null, null, false, null, null],
    ['goes on where a refresh does not repeat it', null, null, true, '600 them', '600 them'],
    ['goes on while it is us who refresh', null, null, false, '600 us', '600 us'],
    ['ends where who was to refresh does not speak of it any more', null, null, false, '600 them', null],
    ['is reduced to ours', 7200, null, true, null, '1800 us'],
    ['but not below the Min-SE of the UAC', 7200, 3600, true, null, '3600 us'],
    ['is never increased', 300, 600, true, null, '300 us'],
    ['except for who could not follow a 422 (erratum 1687)', 30, null, false, null, '90 us'],
    ['makes nobody refresh each second', 2, null, true, null, '20 us'],
  ] as const)('%s', (_rule, seconds, minSe, supports, current, expected) => {
    const expires = seconds === null ? null : { seconds, refresher: null };
    expect(answerSession({ expires, minSe, supports }, wishes, timer(current))).toEqual(timer(expected));
  });

  it('is as the UAC asks where none is configured, and none where it does not ask', () => {
    const none = { expiresSeconds: 0, minSeconds: 90 };
    const asked = { expires: { seconds: 7200, refresher: null }, minSe: null, supports: true };
    expect(answerSession(asked, none, null)).toEqual(timer('7200 us'));
    expect(answerSession({ ...asked, expires: null }, none, null)).toBeNull();
    const endless = { ...asked, expires: { seconds: 4_294_967_295, refresher: null } };
    expect(answerSession(endless, none, null)).toEqual(timer('1000000 us'));
  });

  it.each([
    [89, true, true],
    [90, true, false],
    [89, false, false],
    [null, true, false],
  ])('%s seconds, supported: %s: 422 is %s', (seconds, supports, expected) => {
    const expires = seconds === null ? null : { seconds, refresher: null };
    expect(isTooShort({ expires, minSe: null, supports }, wishes)).toBe(expected);
  });
});

describe('a 2xx to a refresh of ours (RFC 4028 §7.2)', () => {
  it.each([
    ['no Session-Expires: no session expiration', null, 1800, null],
    ['uac', '1800;refresher=uac', 1800, '1800 us'],
    ['uas', '600;refresher=uas', 1800, '600 them'],
    ['no refresher: us, so that nobody waits for the other', '600', 1800, '600 us'],
    ['more than we asked for is not what we asked for', '4000000000;refresher=uas', 1800, '1800 them'],
    ['hardly anything', '1;refresher=uac', 1800, '20 us'],
    ['where we asked for nothing', '900;refresher=uas', null, '900 them'],
  ])('%s', (_rule, value, asked, expected) => {
    const response = value === null ? headers() : headers(['Session-Expires', value]);
    expect(acceptedSession(response, asked)).toEqual(timer(expected));
  });
});

it.each([
  ['us', 'uac', '90;refresher=uac'],
  ['us', 'uas', '90;refresher=uas'],
  ['them', 'uac', '90;refresher=uas'],
  ['them', 'uas', '90;refresher=uac'],
] as const)('refreshed by %s, written as %s: %s', (refresher, role, expected) => {
  expect(printSession({ seconds: 90, refresher }, role)).toBe(expected);
});

it.each([
  [1800, 900_000, 1_768_000],
  [90, 45_000, 60_000],
  [96, 48_000, 64_000],
  [20, 10_000, 13_333],
])('%i s: refreshed after %i ms, ended after %i ms (RFC 4028 §10)', (seconds, refresh, end) => {
  const session: SessionTimer = { seconds, refresher: 'us' };
  expect([refreshAfterMs(session), expiresAfterMs(session)]).toEqual([refresh, end]);
});
