import { randomBytes } from 'node:crypto';
import type { BodyAndContentType, SessionDescriptionHandler } from 'sip.js';
import type { Law } from './g711.ts';
import { RtpEndpoint } from './rtp-endpoint.ts';
import { PlainSrtp } from './srtp.ts';
import {
  type Direction,
  payloadTypeOf,
  readDescription,
  type RemoteDescription,
  writeDescription,
} from './session-description.ts';

/** A-law under another name: for calls in a codec that nobody but the two agents knows. */
export interface Alias {
  readonly payloadType: number;
  /** As in a=rtpmap: `X-SECRET/8000`. */
  readonly encoding: string;
}

/** Offer and answer (RFC 3264) of one call over one RTP endpoint; what sip.js asks for its descriptions. */
export class CallMedia implements SessionDescriptionHandler {
  /** What the next offer asks for: `sendonly` holds the other side. */
  wants: Direction = 'sendrecv';
  /** The last description of the other side. */
  remote: RemoteDescription | null = null;
  law: Law;
  readonly #address: string;
  readonly #laws: readonly Law[];
  readonly #alias: Alias | null;
  /** Ours, for the whole call; null: in clear. */
  readonly #key: string | null;
  #rtp: Promise<RtpEndpoint> | null = null;
  #opened: RtpEndpoint | null = null;
  #version = 0;
  /** Whose offer has no answer yet. */
  #pending: 'ours' | 'theirs' | null = null;

  constructor(address: string, laws: readonly Law[], alias: Alias | null = null, isSecure = false) {
    this.#alias = alias;
    this.#address = address;
    this.#key = isSecure ? randomBytes(30).toString('base64') : null;
    this.#laws = laws;
    this.law = laws[0] ?? 'pcma';
  }

  /** The endpoint; there from the first description on. */
  get rtp(): RtpEndpoint {
    if (this.#opened === null) throw new Error('this call has no media yet');
    return this.#opened;
  }

  close(): void {
    this.#opened?.close();
  }

  hasDescription(contentType: string): boolean {
    return contentType === 'application/sdp';
  }

  async getDescription(): Promise<BodyAndContentType> {
    const rtp = await this.#open();
    const answering = this.#pending === 'theirs';
    const laws = answering ? [this.law] : this.#laws;
    const direction = answering ? answerTo(this.remote?.direction ?? 'sendrecv', this.wants) : this.wants;
    this.#pending = answering ? null : 'ours';
    this.#version += 1;
    const { address, port } = rtp;
    const keyTag = answering ? (this.remote?.keyTag ?? 1) : 1;
    const security = { key: this.#key, keyTag };
    const body = writeDescription({ address, port, laws, direction, version: this.#version, ...security });
    if (answering) this.#apply();
    return { body: this.#disguised(body), contentType: 'application/sdp' };
  }

  async setDescription(text: string): Promise<void> {
    await this.#open();
    this.remote = readDescription(this.#plain(text));
    const common = this.remote.laws.find((law) => this.#laws.includes(law));
    if (common === undefined) throw new Error(`no codec in common with:\n${text}`);
    if (this.remote.isSecure !== (this.#key !== null)) throw new Error(`SRTP does not fit:\n${text}`);
    this.law = common;
    if (this.#pending === 'ours') this.#apply();
    this.#pending = this.#pending === 'ours' ? null : 'theirs';
  }

  sendDtmf(): boolean {
    return false;
  }

  #disguised(body: string): string {
    const { payloadType, encoding } = this.#alias ?? { payloadType: 8, encoding: 'PCMA/8000' };
    return body
      .replace(/RTP\/AVP 8 /, `RTP/AVP ${payloadType} `)
      .replace('a=rtpmap:8 PCMA/8000', `a=rtpmap:${payloadType} ${encoding}`);
  }

  #plain(body: string): string {
    return this.#alias === null ? body : body.replace(`RTP/AVP ${this.#alias.payloadType} `, 'RTP/AVP 8 ');
  }

  async #open(): Promise<RtpEndpoint> {
    this.#rtp ??= RtpEndpoint.open(this.#address);
    this.#opened = await this.#rtp;
    return this.#opened;
  }

  #apply(): void {
    const { remote, law } = this;
    this.#secure(remote?.key ?? null);
    const send =
      remote !== null &&
      remote.port !== 0 &&
      remote.direction !== 'sendonly' &&
      remote.direction !== 'inactive';
    const mine = this.wants === 'sendrecv' || this.wants === 'sendonly';
    this.rtp.setRemote(
      send && mine
        ? {
            address: remote.address,
            port: remote.port,
            law,
            payloadType: this.#alias?.payloadType ?? payloadTypeOf(law),
          }
        : null,
    );
  }

  #theirs = '';

  /** The same key goes on where it was. */
  #secure(theirs: string | null): void {
    if (this.#key === null || theirs === null || theirs === this.#theirs) return;
    this.#theirs = theirs;
    const ours = this.rtp.security?.ours ?? new PlainSrtp(this.#key);
    this.rtp.security = { ours, theirs: new PlainSrtp(theirs) };
  }
}

/** RFC 3264 §6.1: the answer mirrors the offer, narrowed by what we want ourselves. */
function answerTo(offer: Direction, wants: Direction): Direction {
  const sends =
    (offer === 'sendrecv' || offer === 'recvonly') && (wants === 'sendrecv' || wants === 'sendonly');
  const receives =
    (offer === 'sendrecv' || offer === 'sendonly') && (wants === 'sendrecv' || wants === 'recvonly');
  if (sends) return receives ? 'sendrecv' : 'sendonly';
  return receives ? 'recvonly' : 'inactive';
}
