import { diallingPlans } from './dialling-plans.ts';

/** Where a number was dialled or presented. */
export interface Numbering {
  /** ISO 3166-1; of a country without a plan only numbers with `+` can be read. */
  readonly country: string;
  /** What a PBX may leave before a number that leaves it; none for a number that is presented. */
  readonly outsideLine: readonly string[];
}

/** Shorter numbers are extensions, short codes and services. */
const shortestNational = 6;
/** ITU-T E.164 §6.2.1: at most 15 digits, none of which the plus sign is. */
const e164 = /^\+[1-9]\d{6,14}$/;

/**
 * Every E.164 number (`+352621000000`) that the user of a URI can be read as, the likeliest first; empty: none. In
 * doubt there are several: `0` before a number may be a national prefix or the way out of a PBX.
 */
export function e164Readings(user: string, numbering: Numbering): readonly string[] {
  const dialled = dialledNumber(user);
  if (dialled === null) return [];
  const outside = numbering.outsideLine
    .filter((line) => dialled.startsWith(line))
    .map((line) => dialled.slice(line.length));
  const readings = [dialled, ...outside].flatMap((number) => readingsIn(number, numbering.country));
  return [...new Set(readings)].filter((number) => e164.test(number));
}

/**
 * The forms in which a pattern may name this user: as it came, and of each reading the international forms and, of
 * the own country's, the one that is dialled there.
 */
export function numberForms(user: string, numbering: Numbering): readonly string[] {
  const readings = e164Readings(user, numbering);
  const written = dialledNumber(user) ?? user;
  return [...new Set([user, written, ...readings.flatMap((number) => formsIn(number, numbering.country))])];
}

/** Digits, with `+` if it is there; RFC 3966 §3 names the visual separators. Null: it is no number. */
function dialledNumber(user: string): string | null {
  const number = user.replace(/[-.() ]/g, '');
  return /^\+?\d+$/.test(number) ? number : null;
}

function readingsIn(number: string, country: string): string[] {
  if (number.startsWith('+')) return [number];
  const plan = diallingPlans[country];
  if (plan === undefined) return [];
  const { callingCode, internationalPrefix, trunkPrefixes } = plan;
  if (number.startsWith(internationalPrefix)) return [`+${number.slice(internationalPrefix.length)}`];
  const trunk = trunkPrefixes
    .filter((prefix) => number.startsWith(prefix))
    .map((prefix) => number.slice(prefix.length));
  const national = trunkPrefixes.length === 0 ? [number] : trunk;
  const readings = national
    .filter((rest) => rest.length >= shortestNational)
    .map((rest) => `+${callingCode}${rest}`);
  // Carriers present numbers without their plus sign.
  if (number.startsWith(callingCode) && number.length >= callingCode.length + shortestNational)
    readings.unshift(`+${number}`);
  return readings;
}

function formsIn(number: string, country: string): string[] {
  const international = [number, number.slice(1)];
  const plan = diallingPlans[country];
  if (plan === undefined) return international;
  const { callingCode, internationalPrefix, trunkPrefixes } = plan;
  international.push(internationalPrefix + number.slice(1));
  if (!number.startsWith(`+${callingCode}`)) return international;
  const rest = number.slice(callingCode.length + 1);
  const national = trunkPrefixes.length === 0 ? [rest] : trunkPrefixes.map((prefix) => prefix + rest);
  return [...international, ...national];
}
