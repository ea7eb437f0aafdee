/** RFC 3261 §20.33: `120 (in a meeting);duration=3600`. The seconds; null: broken, or more than a day. */
export function parseRetryAfter(value: string): number | null {
  const seconds = /^[ \t]*(\d{1,10})[ \t]*(?:[;(]|$)/.exec(value)?.[1];
  return seconds === undefined || Number(seconds) > 86_400 ? null : Number(seconds);
}
