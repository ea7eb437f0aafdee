import type { SipMessage, SipRequest, SipResponse } from '../../src/sip/message.ts';
import type { Scene } from './call-scene.ts';

const tag = (value: string | null): string => /;tag=([^;]+)/.exec(value ?? '')?.[1] ?? '';
const method = ({ headers }: SipMessage): string => headers.first('cseq')?.split(' ')[1] ?? '';
const number = ({ headers }: SipMessage): number => Number(headers.first('cseq')?.split(' ')[0]);
const described = ({ body }: SipMessage): boolean => body.length > 0;
const isReliable = ({ headers }: SipMessage): boolean =>
  headers.first('require')?.includes('100rel') ?? false;

/** A dialog as both sides name it: Call-ID and the two tags, in an order that does not depend on who speaks. */
function dialogOf({ headers }: SipMessage): string {
  const tags = [tag(headers.first('from')), tag(headers.first('to'))].filter((one) => one !== '').sort();
  return [headers.first('call-id') ?? '', ...tags].join(' ');
}

type Open = 'us' | 'them' | null;

/**
 * Follows offers and answers (RFC 3264 §4, RFC 6337 Table 1) over what a scene saw, and names each offer of ours that
 * came while another was open in its dialog, each answer that did not come, each 2xx that came too early.
 */
class Ledger {
  readonly faults: string[] = [];
  readonly #open = new Map<string, Open>();
  /** Of an INVITE outside of a dialog, which each of its early dialogs begins with, by Call-ID. */
  readonly #first = new Map<string, Open>();
  readonly #sent = new Set<string>();
  /** Requests whose final response closes what they opened. */
  readonly #asked = new Map<string, { readonly dialog: string; readonly by: 'us' | 'them' }>();
  /** Reliable provisionals with a description that came, by dialog and RSeq; they count once we acknowledge them. */
  readonly #provisional = new Map<string, 'came' | 'counted'>();
  /** Dialogs, or Call-IDs, whose INVITE has made no offer, as long as nobody else has. */
  readonly #late = new Set<string>();
  readonly #bare = new Map<string, string>();
  /** RSeq of a reliable provisional of ours with a description that has no PRACK, by dialog. */
  readonly #unacknowledged = new Map<string, string>();
  readonly #ended = new Set<string>();
  /** Whose open offer stands in a reliable provisional, and is answered in its PRACK. */
  readonly #inProvisional = new Set<string>();
  /** Whose open offer stands in a 2xx, and is answered in the ACK. */
  readonly #inAccept = new Set<string>();

  is(dialog: string): Open {
    const known = this.#open.get(dialog);
    return known === undefined ? (this.#first.get(dialog.split(' ')[0]!) ?? null) : known;
  }

  #offer(dialog: string, by: 'us' | 'them', what: string): boolean {
    const open = this.is(dialog);
    if (open !== null) {
      if (by === 'us') this.faults.push(`${what}: an offer while one of ${open} is open`);
      return false;
    }
    this.#open.set(dialog, by);
    return true;
  }

  /**
   * The description of a response to an INVITE: it answers what that has offered, or is the offer where it had none. Any
   * other only repeats what was said (RFC 3261 §13.2.1).
   */
  #tell(dialog: string, by: 'us' | 'them', what: string): boolean {
    const callId = dialog.split(' ')[0] ?? '';
    const late = this.#late.has(dialog) || (this.#late.has(callId) && !this.#open.has(dialog));
    if (this.is(dialog) === (by === 'us' ? 'them' : 'us')) this.#open.set(dialog, null);
    else if (late && this.#offer(dialog, by, what)) return this.#late.delete(dialog) || true;
    return false;
  }

  request(request: SipRequest, by: 'us' | 'them', id: string): void {
    const { method: name, headers } = request;
    const dialog = dialogOf(request);
    // A challenged request goes out again.
    if (this.#sent.has(id) || this.#ended.has(dialog)) return;
    this.#sent.add(id);
    if (by === 'them' && name !== 'PRACK' && this.#breaksRules(dialog)) return;
    if (name === 'BYE') this.#ended.add(dialog);
    if (name === 'INVITE' && tag(headers.first('to')) === '') {
      this.#first.set(headers.first('call-id') ?? '', described(request) ? by : null);
      if (!described(request)) this.#late.add(headers.first('call-id') ?? '');
      this.#asked.set(id, { dialog: '', by });
      return;
    }
    if (name === 'INVITE' && !described(request)) {
      this.#late.add(dialog);
      this.#bare.set(id, dialog);
    }
    if (name === 'PRACK' && by === 'them') {
      const [rseq] = headers.first('rack')?.split(' ') ?? [];
      if (this.#unacknowledged.get(dialog) === rseq) this.#unacknowledged.delete(dialog);
    }
    if (name === 'PRACK' && by === 'us') this.#count(dialog, headers.first('rack') ?? '');
    const answers = this.#inProvisional.has(dialog) && this.is(dialog) === (by === 'us' ? 'them' : 'us');
    if (name === 'PRACK' && answers) {
      this.#inProvisional.delete(dialog);
      if (described(request)) this.#open.set(dialog, null);
      else if (by === 'us') this.faults.push('PRACK without the answer');
    } else if (described(request) && ['INVITE', 'UPDATE', 'PRACK'].includes(name)) {
      if (this.#offer(dialog, by, `${name} ${id}`)) this.#asked.set(id, { dialog, by });
    }
  }

  #count(dialog: string, rack: string): void {
    const key = `${dialog} ${rack.split(' ').slice(0, 2).join(' ')}`;
    if (this.#provisional.get(key) !== 'came') return;
    this.#provisional.set(key, 'counted');
    if (this.#tell(dialog, 'them', '1xx')) this.#inProvisional.add(dialog);
  }

  /** Who does not wait for the PRACK of its own description (RFC 3262 §3, §5) is not judged by any further. */
  #breaksRules(dialog: string): boolean {
    const breaks = [...this.#provisional].some(
      ([key, how]) => how === 'came' && key.startsWith(`${dialog} `),
    );
    if (breaks) this.#ended.add(dialog);
    return breaks;
  }

  #came(key: string): void {
    if (!this.#provisional.has(key)) this.#provisional.set(key, 'came');
  }

  response(response: SipResponse, by: 'us' | 'them', id: string): void {
    const dialog = dialogOf(response);
    const asked = this.#asked.get(id);
    const { status } = response;
    if (this.#ended.has(dialog)) return;
    if (by === 'them' && status >= 200 && this.#breaksRules(dialog)) return;
    if (method(response) !== 'INVITE') {
      if (status >= 200 && asked !== undefined) this.#open.set(asked.dialog, null);
      return;
    }
    if (status < 200) {
      if (!described(response) || !isReliable(response)) return;
      if (by === 'us') {
        if (this.#tell(dialog, 'us', '1xx')) this.#inProvisional.add(dialog);
        this.#unacknowledged.set(dialog, response.headers.first('rseq') ?? '');
      }
      if (by === 'them') this.#came(`${dialog} ${response.headers.first('rseq') ?? ''} ${number(response)}`);
      return;
    }
    if (status >= 300) {
      this.#late.delete(dialog);
      if (by === 'us') this.#unacknowledged.delete(dialog);
      if (asked !== undefined && asked.dialog !== '') this.#open.set(asked.dialog, null);
      return;
    }
    if (by === 'us' && this.#unacknowledged.has(dialog))
      this.faults.push('2xx before the PRACK (RFC 3262 §3)');
    if (described(response)) {
      if (this.#tell(dialog, by, '2xx')) this.#inAccept.add(dialog);
    } else if (this.is(dialog) === (by === 'us' ? 'them' : 'us')) {
      // The answer came in a provisional that might have been lost.
      this.#open.set(dialog, null);
    }
    this.#late.delete(dialog);
  }

  failed(id: string): void {
    const asked = this.#asked.get(id);
    if (asked !== undefined && asked.dialog !== '') this.#open.set(asked.dialog, null);
    // An INVITE without an offer is not in the list, and its dialog is free again.
    this.#late.delete(this.#bare.get(id) ?? '');
  }

  ack(request: SipRequest, by: 'us' | 'them'): void {
    const dialog = dialogOf(request);
    if (this.is(dialog) !== (by === 'us' ? 'them' : 'us') || !this.#inAccept.delete(dialog)) return;
    if (described(request)) this.#open.set(dialog, null);
    else if (by === 'us') this.faults.push('ACK without the answer');
  }
}

export function offerFaults(scene: Scene): readonly string[] {
  const ledger = new Ledger();
  ledger.request(scene.invite, 'them', 'caller-1');
  const answered = new Set<unknown>();
  for (const entry of scene.traffic) {
    if (entry.way === 'out') {
      const { effect } = entry;
      if (effect.type === 'send') ledger.request(effect.request, 'us', effect.client);
      if (effect.type === 'ack' && !answered.has(effect.request)) ledger.ack(effect.request, 'us');
      if (effect.type === 'respond' && !answered.has(effect.response)) {
        ledger.response(effect.response, 'us', effect.transaction);
      }
      if (effect.type === 'ack') answered.add(effect.request);
      if (effect.type === 'respond') answered.add(effect.response);
    } else {
      const { event } = entry;
      if (event.type === 'request') ledger.request(event.request, 'them', event.transaction);
      if (event.type === 'response') ledger.response(event.response, 'them', event.client);
      if (event.type === 'client-failed') ledger.failed(event.client);
      if (event.type === 'ack') ledger.ack(event.request, 'them');
    }
  }
  return ledger.faults;
}

/** 2xx to INVITEs of ours that a living call heard, and that no ACK of ours belongs to. */
export function unacknowledged(scene: Scene): readonly string[] {
  const acks = new Set(scene.acks.map((ack) => `${dialogOf(ack)} ${number(ack)}`));
  let over = false;
  const missing: string[] = [];
  for (const entry of scene.traffic) {
    if (entry.way === 'out') over ||= entry.effect.type === 'ended';
    else if (!over && entry.event.type === 'response') {
      const { response } = entry.event;
      const accepts = method(response) === 'INVITE' && response.status >= 200 && response.status < 300;
      if (accepts && !acks.has(`${dialogOf(response)} ${number(response)}`)) missing.push(dialogOf(response));
    }
  }
  return missing;
}

/** RFC 3264 §8: o= stays while the description does, and its version grows by one when that changes. */
export function versionFaults(scene: Scene): readonly string[] {
  const last = new Map<string, { readonly version: number; readonly rest: string }>();
  const faults: string[] = [];
  const seen = new Set<SipMessage>();
  for (const entry of scene.traffic) {
    if (entry.way === 'in') continue;
    const { effect } = entry;
    const message =
      effect.type === 'send' || effect.type === 'ack'
        ? effect.request
        : effect.type === 'respond'
          ? effect.response
          : null;
    const text = message === null ? '' : Buffer.from(message.body).toString('latin1');
    const origin = /^o=- \d+ (\d+) .*\r\n/m.exec(text);
    // What is sent once more is not newer for it.
    if (message === null || origin === null || seen.has(message)) continue;
    seen.add(message);
    const dialog = dialogOf(message);
    // Early dialogs of one INVITE begin with what that had.
    const callId = dialog.split(' ')[0] ?? '';
    const before = last.get(dialog) ?? last.get(callId);
    const now = { version: Number(origin[1]), rest: text.replace(origin[0], '') };
    const expected = before === undefined ? now.version : before.version + (before.rest === now.rest ? 0 : 1);
    if (now.version !== expected) faults.push(`${dialog}: ${now.version} after ${before?.version ?? 0}`);
    last.set(tag(message.headers.first('to')) === '' ? callId : dialog, now);
  }
  return faults;
}
