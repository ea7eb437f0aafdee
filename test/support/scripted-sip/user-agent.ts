import { header, methodOf, param, respondTo, startLine, statusOf, uriIn } from './text.ts';
import { refuse, ScriptedTransactions } from './transactions.ts';
import type { Endpoint, Wire } from './wire.ts';

/** How one call went, as this side saw it. */
export interface ScriptedCall {
  readonly callId: string;
  readonly number: string;
  /**
   * `setting up`, `talking`, `hanging up`, `over`: ended as it should; `dialled again`: the node had no room
   * (503), and another call took its place. Anything else is what went wrong.
   */
  state: string;
}

export interface AgentPlan {
  readonly wire: Wire;
  /** How others reach it: its own address, or that of a relay in front of it. */
  readonly contact: Endpoint;
  /** How long a call of this number rings and talks, and who ends it; both sides have the same plan. */
  readonly script: (number: string) => CallScript;
}

export interface CallScript {
  readonly ringMs: number;
  readonly talkMs: number;
  readonly endedBy: 'caller' | 'callee';
}

interface Dialog extends ScriptedCall {
  readonly role: 'caller' | 'callee';
  from: string;
  to: string;
  target: string;
  cseq: number;
}

const mediaPort = 40_000;

/**
 * A caller and a callee of written-down behaviour over transactions of their own: INVITE, 180, 200, ACK, BYE. Each
 * call is looked after by both sides until they agree that it is over.
 */
export class ScriptedAgent {
  readonly calls = new Map<string, ScriptedCall>();
  readonly #plan: AgentPlan;
  readonly #transactions: ScriptedTransactions;
  readonly #dialogs = new Map<string, Dialog>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #serial = 0;

  get contact(): Endpoint {
    return this.#plan.contact;
  }

  constructor(plan: AgentPlan) {
    this.#plan = plan;
    this.#transactions = new ScriptedTransactions(plan.wire, plan.contact, {
      request: (request, respond) => {
        this.#request(request, respond);
      },
      acknowledged: (ack) => {
        this.#acknowledged(header(ack, 'Call-ID'));
      },
      unacknowledged: (callId) => {
        const dialog = this.#dialogs.get(callId);
        if (dialog?.state === 'setting up') dialog.state = 'no ACK came to the 200';
      },
    });
  }

  /** Calls a number at the node, and talks by the script. */
  call(number: string, node: Endpoint): void {
    this.#serial += 1;
    const { address, port } = this.#plan.contact;
    const uri = `sip:${number}@${node.address}:${node.port}`;
    const dialog: Dialog = {
      ...{ callId: `call-${this.#serial}-${number}@${address}`, number, state: 'setting up', role: 'caller' },
      ...{ from: `<sip:100@${address}:${port}>;tag=caller-${this.#serial}`, to: `<${uri}>` },
      ...{ target: uri, cseq: 0 },
    };
    this.#keep(dialog);
    this.#send(dialog, 'INVITE', this.#session(), {
      final: (response) => {
        if (statusOf(response) === 503) this.#dialAgain(dialog, response, node);
        else this.#answered(dialog, response);
      },
      failed: () => {
        dialog.state = 'nothing came to the INVITE';
      },
    });
  }

  /** RFC 3261 §21.5.4: Retry-After says when; a request without it is not to be repeated. */
  #dialAgain(dialog: Dialog, response: string, node: Endpoint): void {
    const seconds = header(response, 'Retry-After');
    dialog.state = seconds === '' ? startLine(response) : 'dialled again';
    if (seconds !== '') {
      this.#later(1000 * Number.parseInt(seconds, 10), () => {
        this.call(dialog.number, node);
      });
    }
  }

  #answered(dialog: Dialog, response: string): void {
    if (statusOf(response) >= 300) {
      dialog.state = startLine(response);
      return;
    }
    dialog.to = header(response, 'To');
    dialog.target = uriIn(header(response, 'Contact'));
    dialog.state = 'talking';
    const { talkMs, endedBy } = this.#plan.script(dialog.number);
    if (endedBy === 'caller')
      this.#later(talkMs, () => {
        this.#hangUp(dialog);
      });
  }

  #request(request: string, respond: (response: string) => void): void {
    const method = methodOf(request);
    const dialog = this.#dialogs.get(header(request, 'Call-ID'));
    if (method === 'OPTIONS') {
      respond(respondTo(request, '200 OK', { tag: 'options' }));
    } else if (method === 'INVITE' && dialog === undefined && param(header(request, 'To'), 'tag') === '') {
      this.#ring(request, respond);
    } else if (method === 'BYE' && dialog !== undefined) {
      respond(respondTo(request, '200 OK'));
      // Its ACK may have been lost.
      if (dialog.state === 'talking' || dialog.state === 'setting up') dialog.state = 'over';
    } else {
      refuse(request, respond, method === 'BYE' ? '481 No Such Call' : '405 Method Not Allowed');
    }
  }

  #ring(request: string, respond: (response: string) => void): void {
    const number = /^INVITE sip:([^@;>]+)@/.exec(request)?.[1] ?? '';
    const tag = `callee-${this.#dialogs.size}`;
    const to = `${header(request, 'To')};tag=${tag}`;
    const dialog: Dialog = {
      ...{ callId: header(request, 'Call-ID'), number, state: 'setting up', role: 'callee' },
      ...{ from: to, to: header(request, 'From'), target: uriIn(header(request, 'Contact')), cseq: 0 },
    };
    this.#keep(dialog);
    const fields = [this.#contactField()];
    respond(respondTo(request, '180 Ringing', { tag, fields }));
    this.#later(this.#plan.script(number).ringMs, () => {
      respond(respondTo(request, '200 OK', { tag, fields, body: this.#session() }));
    });
  }

  #acknowledged(callId: string): void {
    const dialog = this.#dialogs.get(callId);
    if (dialog?.state !== 'setting up') return;
    dialog.state = 'talking';
    const { talkMs, endedBy } = this.#plan.script(dialog.number);
    if (endedBy === 'callee')
      this.#later(talkMs, () => {
        this.#hangUp(dialog);
      });
  }

  #hangUp(dialog: Dialog): void {
    if (dialog.state !== 'talking') return;
    dialog.state = 'hanging up';
    this.#send(dialog, 'BYE', '', {
      final: (response) => {
        dialog.state = statusOf(response) === 200 ? 'over' : startLine(response);
      },
      failed: () => {
        dialog.state = 'nothing came to the BYE';
      },
    });
  }

  #send(
    dialog: Dialog,
    method: string,
    body: string,
    listener: Parameters<ScriptedTransactions['send']>[3],
  ): void {
    dialog.cseq += 1;
    const fields = [
      ...['Max-Forwards: 70', `From: ${dialog.from}`, `To: ${dialog.to}`, `Call-ID: ${dialog.callId}`],
      ...[`CSeq: ${dialog.cseq} ${method}`, this.#contactField()],
    ];
    this.#transactions.send(`${method} ${dialog.target}`, fields, body, listener);
  }

  #keep(dialog: Dialog): void {
    this.#dialogs.set(dialog.callId, dialog);
    this.calls.set(dialog.callId, dialog);
  }

  #later(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
  }

  #contactField(): string {
    const { address, port } = this.#plan.contact;
    return `Contact: <sip:peer@${address}:${port}>`;
  }

  #session(): string {
    const { address } = this.#plan.contact;
    return [
      ...['v=0', `o=peer 1 1 IN IP4 ${address}`, 's=-', `c=IN IP4 ${address}`, 't=0 0'],
      ...[`m=audio ${mediaPort} RTP/AVP 8`, 'a=rtpmap:8 PCMA/8000', ''],
    ].join('\r\n');
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#transactions.close();
  }
}
