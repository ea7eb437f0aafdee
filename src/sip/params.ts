import { maxParameters } from './limits.ts';
import { skipQuoted } from './text.ts';

/** One `;name=value`. The value is as written, quotes included; null: there was no `=`. */
interface Param {
  readonly name: string;
  readonly value: string | null;
}

export type Params = readonly Param[];

/** The value of a parameter: undefined when it is absent, null when it stands without a value. */
export function paramValue(params: Params, name: string): string | null | undefined {
  for (const param of params) {
    if (param.name === name || param.name.toLowerCase() === name) return param.value;
  }
  return undefined;
}

/** Whether the parameter is there, with a value or without. `name` in lower case. */
export function hasParam(params: Params, name: string): boolean {
  return paramValue(params, name) !== undefined;
}

/** The parameters with this one replaced in its place, or added last. `name` in lower case. */
export function withParam(params: Params, name: string, value: string | null): Params {
  const at = params.findIndex((param) => param.name.toLowerCase() === name);
  if (at < 0) return [...params, { name, value }];
  return params.map((param, i) => (i === at ? { name: param.name, value } : param));
}

/** The parameters without this one. `name` in lower case. */
export function withoutParam(params: Params, name: string): Params {
  return params.filter((param) => param.name.toLowerCase() !== name);
}

export function printParams(params: Params): string {
  let text = '';
  for (const { name, value } of params) text += value === null ? `;${name}` : `;${name}=${value}`;
  return text;
}

const semicolon = 0x3b;
const equals = 0x3d;
const quote = 0x22;
const noParams: Params = [];

/**
 * Parses `;a=b;c="d;e"` to the end of the text (RFC 3261 §25.1, generic-param). White space around `;` and
 * `=` is LWS and goes. An empty parameter (`;;`) is broken, as RFC 4475 §3.1.2.1 has it. Null: broken, or more
 * than `maxParameters`.
 */
export function parseParams(text: string, from: number): Params | null {
  let at = skipSpace(text, from);
  if (at === text.length) return noParams;
  const params: Param[] = [];
  while (at < text.length) {
    if (text.charCodeAt(at) !== semicolon || params.length === maxParameters) return null;
    at = skipSpace(text, at + 1);
    const nameAt = at;
    while (at < text.length && !endsName(text.charCodeAt(at))) at += 1;
    const name = text.slice(nameAt, at);
    at = skipSpace(text, at);
    if (name === '') return null;
    if (text.charCodeAt(at) !== equals) {
      params.push({ name, value: null });
      continue;
    }
    at = skipSpace(text, at + 1);
    const end = endOfValue(text, at);
    if (end <= at) return null;
    params.push({ name, value: text.slice(at, end) });
    at = skipSpace(text, end);
  }
  return params;
}

function endOfValue(text: string, at: number): number {
  if (text.charCodeAt(at) === quote) return skipQuoted(text, at);
  let end = at;
  while (end < text.length && !endsValue(text.charCodeAt(end))) end += 1;
  return end;
}

function endsName(code: number): boolean {
  return code === semicolon || code === equals || isSpace(code) || endsBoth(code);
}

function endsValue(code: number): boolean {
  return code === semicolon || isSpace(code) || endsBoth(code);
}

/** `"`, `,`, `<`, `>`: never part of a parameter outside quotes. */
function endsBoth(code: number): boolean {
  return code === quote || code === 0x2c || code === 0x3c || code === 0x3e;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at += 1;
  return at;
}
