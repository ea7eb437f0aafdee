import { decodeUser, type Uri } from '../sip/uri.ts';
import { diallingPlans } from '../sip/dialling-plans.ts';

export interface EmergencyPlan {
  /** Digits as a person dials them: `112`. */
  readonly numbers: readonly string[];
  /** ISO 3166-1; of a country without a plan here only the bare numbers are known. */
  readonly country: string;
  /** What is dialled before a number to leave the PBX. */
  readonly outsideLine: readonly string[];
}

/** Whether a Request-URI asks for an emergency service. */
export type IsEmergency = (requestUri: Uri) => boolean;

/**
 * The configured numbers in every form that the country's dialling makes of them, and `urn:service:sos` with its
 * sub-services (RFC 5031 §4.2). In doubt it is an emergency: the other error may cost a life.
 */
export function emergencyNumbers({ numbers, country, outsideLine }: EmergencyPlan): IsEmergency {
  const dialled = numbers.flatMap((number) => formsOf(number, country));
  const forms = new Set([...dialled, ...outsideLine.flatMap((line) => dialled.map((form) => line + form))]);
  return (uri) => {
    // RFC 5031 §4.1: service URNs are compared without case.
    if (uri.scheme === 'other') return /^urn:service:sos(?:\.|$)/i.test(`${uri.name}:${uri.rest}`);
    return forms.has(dialledDigits(decodeUser(uri)));
  };
}

function formsOf(number: string, country: string): string[] {
  const plan = diallingPlans[country];
  if (plan === undefined) return [number];
  const { callingCode, internationalPrefix, trunkPrefixes } = plan;
  const whole = callingCode + number;
  return [
    ...[number, `+${whole}`, internationalPrefix + whole, whole],
    ...trunkPrefixes.map((prefix) => prefix + number),
  ];
}

/**
 * The digits of a user part. Parameters go: a `phone-context` (RFC 3966 §5.1.5) says where the number is local,
 * and 112 is dialled for help wherever that is. Visual separators go (RFC 3966 §3), and one `#` at the end, by
 * which phones say that a number is complete.
 */
function dialledDigits(user: string): string {
  const end = user.indexOf(';');
  return user
    .slice(0, end < 0 ? user.length : end)
    .replace(/[-.() ]/g, '')
    .replace(/#$/, '');
}
