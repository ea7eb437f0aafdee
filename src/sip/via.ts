import { hasParam, paramValue, parseParams, printParams, withParam } from './params.ts';
import type { Params } from './params.ts';
import { endOfElement, isToken, isWhite, trimmed } from './text.ts';
import { parseHostPort } from './uri.ts';

/** RFC 3261 §20.42. */
export interface Via {
  /** In upper case: `UDP`. */
  readonly transport: string;
  /** The sent-by as written. */
  readonly host: string;
  readonly port: number | null;
  readonly params: Params;
}

/** RFC 3261 §8.1.1.7: branches that begin with this are unique by construction. */
export const magicCookie = 'z9hG4bK';

/** Parses the first element of a Via value; more may follow after a comma. Null: broken. */
export function parseVia(value: string): Via | null {
  const end = endOfElement(value, 0);
  if (end < 0) return null;
  const semicolon = value.indexOf(';');
  const paramsFrom = semicolon < 0 || semicolon > end ? end : semicolon;
  const head = parseSentProtocol(value.slice(0, paramsFrom));
  if (head === null) return null;
  const params = parseParams(value.slice(paramsFrom, end), 0);
  if (params === null) return null;
  const { transport, host, port } = head;
  return { transport, host, port, params };
}

/** Whether at least the sent-by can be read: enough to answer a request whose Via is broken further on. */
export function hasSentBy(value: string): boolean {
  const end = value.search(/[;,]/);
  return parseSentProtocol(end < 0 ? value : value.slice(0, end)) !== null;
}

/** `SIP / 2.0 / UDP host : port`: LWS is allowed around each part (RFC 3261 §25.1, sent-protocol). */
function parseSentProtocol(text: string): Omit<Via, 'params'> | null {
  const first = text.indexOf('/');
  const second = text.indexOf('/', first + 1);
  if (first < 0 || second < 0) return null;
  if (trimmed(text, 0, first).toUpperCase() !== 'SIP') return null;
  // Of another version too: RFC 3261 §21.5.6 wants its request answered 505.
  if (!/^[ \t]*\d+\.\d+[ \t]*$/.test(text.slice(first + 1, second))) return null;
  let at = second + 1;
  while (isWhite(text.charCodeAt(at))) at += 1;
  const transportFrom = at;
  while (at < text.length && !isWhite(text.charCodeAt(at))) at += 1;
  const transport = text.slice(transportFrom, at).toUpperCase();
  const sentBy = parseHostPort(text.slice(at).replace(/[ \t]+/g, ''));
  return sentBy === null || !isToken(transport) ? null : { transport, ...sentBy };
}

function printVia(via: Via): string {
  const port = via.port === null ? '' : `:${via.port}`;
  return `SIP/2.0/${via.transport} ${via.host}${port}${printParams(via.params)}`;
}

/** The branch; null: absent or empty (RFC 2543). */
export function branchOf(via: Via): string | null {
  return paramValue(via.params, 'branch') ?? null;
}

/**
 * The Via value as a server hands it on: `received` when the sent-by is not where the request came from
 * (RFC 3261 §18.2.1), `rport` filled in and `received` with it where the client asked (RFC 3581 §4). What the
 * sender claimed in these parameters is overwritten. Further elements of the value stay as they are.
 */
export function stampVia(value: string, via: Via, address: string, port: number): string {
  const asked = hasParam(via.params, 'rport');
  const sentByIsSource = bareHost(via.host) === address;
  if (sentByIsSource && !asked && !hasParam(via.params, 'received')) return value;
  let params = withParam(via.params, 'received', address);
  if (asked) params = withParam(params, 'rport', String(port));
  return printVia({ ...via, params }) + value.slice(endOfElement(value, 0));
}

/** The host without the brackets of an IPv6 reference, in lower case: what a socket calls it. */
export function bareHost(host: string): string {
  const lower = host.toLowerCase();
  return lower.startsWith('[') ? lower.slice(1, -1) : lower;
}
