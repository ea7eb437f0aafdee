import { canonicalName } from './header-name.ts';

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

/** A header with the name it is compared by (`via`, `call-id`). */
export interface CanonicalHeader extends SipHeader {
  readonly canonical: string;
}

/** The body of a message without one. Shared: nobody may write to it, and it has nothing to write to. */
export const noBody: Uint8Array = new Uint8Array(0);

/** Header fields in their order. Lookups take the canonical name (`via`, `call-id`). */
export class SipHeaders implements Iterable<SipHeader> {
  readonly #fields: CanonicalHeader[] = [];

  constructor(fields: Iterable<SipHeader> = []) {
    for (const { name, value } of fields) this.append(name, value);
  }

  get length(): number {
    return this.#fields.length;
  }

  [Symbol.iterator](): Iterator<SipHeader> {
    return this.#fields[Symbol.iterator]();
  }

  /** The fields with their canonical names, in their order. */
  canonicalFields(): readonly CanonicalHeader[] {
    return this.#fields;
  }

  first(canonical: string): string | null {
    for (const field of this.#fields) if (field.canonical === canonical) return field.value;
    return null;
  }

  all(canonical: string): string[] {
    const values: string[] = [];
    for (const field of this.#fields) if (field.canonical === canonical) values.push(field.value);
    return values;
  }

  /** The fields of a list header as one value (RFC 3261 §7.3.1); null: there is none. */
  joined(canonical: string): string | null {
    const values = this.all(canonical);
    return values.length === 0 ? null : values.join(', ');
  }

  /** How many fields have this name. */
  count(canonical: string): number {
    let found = 0;
    for (const field of this.#fields) if (field.canonical === canonical) found += 1;
    return found;
  }

  append(name: string, value: string): this {
    this.#fields.push({ name, value, canonical: canonicalName(name) });
    return this;
  }

  prepend(name: string, value: string): this {
    this.#fields.unshift({ name, value, canonical: canonicalName(name) });
    return this;
  }

  /** Replaces every field of this name by one, at the place of the first. */
  set(name: string, value: string): this {
    const canonical = canonicalName(name);
    const at = this.#fields.findIndex((field) => field.canonical === canonical);
    if (at < 0) return this.append(name, value);
    this.remove(canonical);
    this.#fields.splice(at, 0, { name, value, canonical });
    return this;
  }

  /** Replaces the value of the first field of this name and leaves the others: the top Via, the top Route. */
  setFirst(name: string, value: string): this {
    const canonical = canonicalName(name);
    const at = this.#fields.findIndex((field) => field.canonical === canonical);
    if (at < 0) return this.append(name, value);
    this.#fields[at] = { name: this.#fields[at]?.name ?? name, value, canonical };
    return this;
  }

  remove(canonical: string): this {
    for (let i = this.#fields.length - 1; i >= 0; i--) {
      if (this.#fields[i]?.canonical === canonical) this.#fields.splice(i, 1);
    }
    return this;
  }

  clone(): SipHeaders {
    return new SipHeaders(this.#fields);
  }
}
