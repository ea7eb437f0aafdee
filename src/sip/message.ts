/**
 * A SIP message (RFC 3261 §7). Start-line and header text are strings in which each character is one byte
 * (latin1), so that whatever came in, UTF-8 or not, goes out again byte for byte. Bodies are bytes.
 */
export type SipMessage = SipRequest | SipResponse;

export interface SipRequest {
  readonly type: 'request';
  readonly method: string;
  /** The Request-URI as written. */
  readonly uri: string;
  readonly headers: SipHeaders;
  readonly body: Uint8Array;
}

export interface SipResponse {
  readonly type: 'response';
  readonly status: number;
  readonly phrase: string;
  readonly headers: SipHeaders;
  readonly body: Uint8Array;
}

export interface SipHeader {
  /** As written by whoever made the message, compact form included. */
  readonly name: string;
  /** Unfolded and trimmed, otherwise as written. */
  readonly value: string;
}

/** The compact forms of RFC 3261 §7.3.3 and later RFCs, to their long names. */
const compactForms: ReadonlyMap<string, string> = new Map([
  ['a', 'accept-contact'],
  ['b', 'referred-by'],
  ['c', 'content-type'],
  ['d', 'request-disposition'],
  ['e', 'content-encoding'],
  ['f', 'from'],
  ['i', 'call-id'],
  ['j', 'reject-contact'],
  ['k', 'supported'],
  ['l', 'content-length'],
  ['m', 'contact'],
  ['n', 'identity-info'],
  ['o', 'event'],
  ['r', 'refer-to'],
  ['s', 'subject'],
  ['t', 'to'],
  ['u', 'allow-events'],
  ['v', 'via'],
  ['x', 'session-expires'],
  ['y', 'identity'],
]);

/** The name headers are compared by: lower case, compact forms spelled out. */
export function canonicalName(name: string): string {
  const lower = name.toLowerCase();
  return compactForms.get(lower) ?? lower;
}

/** Header fields in their order. Lookups take the canonical name (`via`, `call-id`). */
export class SipHeaders implements Iterable<SipHeader> {
  readonly #fields: SipHeader[];

  constructor(fields: Iterable<SipHeader> = []) {
    this.#fields = [...fields];
  }

  [Symbol.iterator](): Iterator<SipHeader> {
    return this.#fields[Symbol.iterator]();
  }

  first(canonical: string): string | null {
    return this.#fields.find((field) => canonicalName(field.name) === canonical)?.value ?? null;
  }

  all(canonical: string): string[] {
    return this.#fields
      .filter((field) => canonicalName(field.name) === canonical)
      .map((field) => field.value);
  }

  append(name: string, value: string): this {
    this.#fields.push({ name, value });
    return this;
  }

  prepend(name: string, value: string): this {
    this.#fields.unshift({ name, value });
    return this;
  }

  /** Replaces every field of this name by one, at the place of the first. */
  set(name: string, value: string): this {
    const canonical = canonicalName(name);
    const at = this.#fields.findIndex((field) => canonicalName(field.name) === canonical);
    if (at < 0) return this.append(name, value);
    this.remove(canonical);
    this.#fields.splice(at, 0, { name, value });
    return this;
  }

  remove(canonical: string): this {
    for (let i = this.#fields.length - 1; i >= 0; i--) {
      const field = this.#fields[i];
      if (field !== undefined && canonicalName(field.name) === canonical) this.#fields.splice(i, 1);
    }
    return this;
  }

  clone(): SipHeaders {
    return new SipHeaders(this.#fields);
  }
}
