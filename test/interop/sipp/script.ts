/** What a message of a script may have besides the ordinary. */
interface Extras {
  readonly headers?: readonly string[];
  /** The description's direction; `none`: the message has no description. */
  readonly sdp?: 'sendrecv' | 'sendonly' | 'recvonly' | 'none';
  /** Our tag, where it is not the usual one. */
  readonly tag?: string;
  readonly body?: readonly [type: string, text: string];
}

/** What is looked for in a message that must come: a header, and a pattern of its value. */
type Check = readonly [header: string, pattern: string];

const contact = 'Contact: <sip:[local_ip]:[local_port]>';

/**
 * A scenario of SIPp 3.6, step by step. What does not come in this order fails it. SIPp sends nothing again by
 * itself but requests, and takes what comes again as such; during a pause nothing new may come.
 */
abstract class SippScript {
  readonly #steps: string[] = [];
  readonly #variables = new Set<string>();

  protected add(step: string): this {
    this.#steps.push(step);
    return this;
  }

  protected get length(): number {
    return this.#steps.length;
  }

  protected send(
    start: string,
    headers: readonly string[],
    { sdp = 'none', body }: Extras,
    again = '',
  ): this {
    const content = body ?? (sdp === 'none' ? null : ['application/sdp', description(sdp)]);
    const lines = [
      ...[start, ...headers],
      ...(content === null
        ? ['Content-Length: 0', '']
        : [`Content-Type: ${content[0]}`, 'Content-Length: [len]', '']),
      ...(content === null ? [''] : [content[1], '']),
    ];
    return this.add(`<send${again}><![CDATA[\n${lines.join('\n')}]]></send>`);
  }

  pause(milliseconds: number): this {
    return this.add(`<pause milliseconds="${milliseconds}"/>`);
  }

  /** A response must come. */
  expect(status: number, ...checks: readonly Check[]): this {
    return this.add(`<recv response="${status}" rrs="true">${this.#actions(checks)}</recv>`);
  }

  /** A response that may come. */
  mayCome(status: number): this {
    return this.add(`<recv response="${status}" optional="true"/>`);
  }

  /** A request must come. */
  take(method: string, ...checks: readonly Check[]): this {
    return this.add(`<recv request="${method}" rrs="true">${this.#actions(checks)}</recv>`);
  }

  /** Answers the request that came last. */
  answer(status: string, extras: Extras = {}): this {
    const { headers = [] } = extras;
    const to = this.taggedTo(extras.tag);
    const copied = ['[last_Via:]', '[last_From:]', to, '[last_Call-ID:]', '[last_CSeq:]'];
    const own = headers.some((line) => line.startsWith('Contact')) ? [] : [contact];
    return this.send(`SIP/2.0 ${status}`, [...copied, ...own, ...headers], extras);
  }

  protected abstract taggedTo(tag?: string): string;

  protected keep(variable: string): string {
    this.#variables.add(variable);
    return variable;
  }

  #actions(checks: readonly Check[]): string {
    const actions = checks.map(([header, pattern]) => {
      const variable = this.keep(`v${this.#variables.size}`);
      return `<ereg regexp="${pattern}" search_in="hdr" header="${header}:" check_it="true" assign_to="${variable}"/>`;
    });
    return actions.length === 0 ? '' : `<action>${actions.join('')}</action>`;
  }

  get xml(): string {
    const used = [...this.#variables].join(',');
    return [
      '<?xml version="1.0" encoding="ISO-8859-1" ?>',
      '<scenario name="script">',
      ...this.#steps,
      used === '' ? '' : `<Reference variables="${used}"/>`,
      '</scenario>',
    ].join('\n');
  }
}

/** Plays the PBX: begins the call. */
export class CallerScript extends SippScript {
  #cseq = 0;
  #inviteAt = 0;
  #inviteCSeq = 0;

  protected override taggedTo(): string {
    return '[last_To:]';
  }

  invite(extras: Extras = {}): this {
    this.#cseq += 1;
    this.#inviteAt = this.length;
    this.#inviteCSeq = this.#cseq;
    const first = this.#cseq === 1;
    const uri = first ? 'sip:[service]@[remote_ip]:[remote_port]' : '[next_url]';
    return this.#request(
      'INVITE',
      { uri, cseq: this.#cseq, branch: '[branch]' },
      { sdp: 'sendrecv', ...extras },
    );
  }

  /** The same INVITE once more, as if its first copy had got lost. */
  inviteAgain(): this {
    const branch = `[branch-${this.length - this.#inviteAt}]`;
    const uri = 'sip:[service]@[remote_ip]:[remote_port]';
    return this.#request('INVITE', { uri, cseq: this.#inviteCSeq, branch }, { sdp: 'sendrecv' }, '');
  }

  /** To a 2xx. */
  ack(extras: Extras = {}): this {
    return this.#request(
      'ACK',
      { uri: '[next_url]', cseq: this.#inviteCSeq, branch: '[branch]' },
      extras,
      '',
    );
  }

  /** To a final refusal: in the transaction of the INVITE. */
  ackRefusal(): this {
    return this.#ofInvite('ACK', '');
  }

  cancel(): this {
    return this.#ofInvite('CANCEL', ' retrans="500"');
  }

  #ofInvite(method: string, again: string): this {
    const uri = this.#inviteCSeq === 1 ? 'sip:[service]@[remote_ip]:[remote_port]' : '[next_url]';
    const branch = `[branch-${this.length - this.#inviteAt}]`;
    return this.#request(method, { uri, cseq: this.#inviteCSeq, branch }, {}, again);
  }

  request(method: string, extras: Extras = {}): this {
    this.#cseq += 1;
    return this.#request(method, { uri: '[next_url]', cseq: this.#cseq, branch: '[branch]' }, extras);
  }

  /** Acknowledges the reliable provisional that came last. */
  prack(): this {
    return this.request('PRACK', { headers: [`RAck: [$rseq] ${this.#inviteCSeq} INVITE`] });
  }

  expectReliable(status: number): this {
    this.keep('rseq');
    const seen = '<ereg regexp="[0-9]+" search_in="hdr" header="RSeq:" check_it="true" assign_to="rseq"/>';
    return this.add(`<recv response="${status}" rrs="true"><action>${seen}</action></recv>`);
  }

  /** The ordinary beginning: up to the ACK. */
  connect(extras: Extras = {}): this {
    return this.invite(extras).mayCome(100).expect(180).expect(200).ack();
  }

  hangUp(): this {
    return this.request('BYE').expect(200);
  }

  #request(
    method: string,
    { uri, cseq, branch }: { readonly uri: string; readonly cseq: number; readonly branch: string },
    extras: Extras,
    again = ' retrans="500"',
  ): this {
    const { headers = [] } = extras;
    const forwards = headers.some((line) => line.startsWith('Max-Forwards')) ? [] : ['Max-Forwards: 70'];
    return this.send(
      `${method} ${uri} SIP/2.0`,
      [
        `Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=${branch}`,
        ...['[routes]', 'From: "Ann" <sip:100@[local_ip]:[local_port]>;tag=[pid]c[call_number]'],
        'To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]',
        ...['Call-ID: [call_id]', `CSeq: ${cseq} ${method}`, contact, ...forwards, ...headers],
      ],
      extras,
      again,
    );
  }
}

/** Plays the trunk: takes the call. */
export class CalleeScript extends SippScript {
  #cseq = 0;
  #inviteAt = 0;

  protected override taggedTo(tag = 's[call_number]'): string {
    return `[last_To:]${tag === '' ? '' : `;tag=${tag}`}`;
  }

  /** The INVITE that begins the call, with what later messages need of it. */
  takeCall(...checks: readonly Check[]): this {
    const kept = [
      ['Via', 'via'],
      ['CSeq', 'cseq'],
      ['From', 'theirs'],
      ['To', 'ours'],
    ] as const;
    const actions = kept.map(
      ([header, variable]) =>
        `<ereg regexp=".*" search_in="hdr" header="${header}:" assign_to="${this.keep(variable)}"/>`,
    );
    const target = `<ereg regexp="sip:[^>]*" search_in="hdr" header="Contact:" assign_to="${this.keep('target')}"/>`;
    const checked = checks.map(([header, pattern]) => {
      const variable = this.keep(`c${header.replaceAll('-', '')}`);
      return `<ereg regexp="${pattern}" search_in="hdr" header="${header}:" check_it="true" assign_to="${variable}"/>`;
    });
    return this.add(
      `<recv request="INVITE" rrs="true"><action>${[...actions, target, ...checked].join('')}</action></recv>`,
    );
  }

  /** A re-INVITE, kept so that it can be answered after other messages. */
  takeAndKeep(method: string): this {
    const kept = ['Via', 'CSeq'].map(
      (header) =>
        `<ereg regexp=".*" search_in="hdr" header="${header}:" assign_to="${this.keep(`kept${header}`)}"/>`,
    );
    return this.add(`<recv request="${method}"><action>${kept.join('')}</action></recv>`);
  }

  answerKept(status: string, extras: Extras = {}): this {
    return this.#respond(status, ['Via:[$keptVia]', 'CSeq:[$keptCSeq]'], extras);
  }

  /** Answers the INVITE of `takeCall`, whatever has come since. */
  answerCall(status: string, extras: Extras = {}): this {
    return this.#respond(status, ['Via:[$via]', 'CSeq:[$cseq]'], extras);
  }

  #respond(status: string, [via = '', cseq = '']: readonly string[], extras: Extras): this {
    const to = `To:[$ours];tag=${extras.tag ?? 's[call_number]'}`;
    const lines = [via, 'From:[$theirs]', to, 'Call-ID: [call_id]', cseq, contact, ...(extras.headers ?? [])];
    return this.send(`SIP/2.0 ${status}`, lines, extras);
  }

  /** A request of the callee's own. */
  request(method: string, extras: Extras = {}): this {
    this.#cseq += 1;
    this.#inviteAt = this.length;
    return this.#request(method, { cseq: this.#cseq, branch: '[branch]' }, extras, ' retrans="500"');
  }

  /** To a refusal of its own INVITE. */
  ackRefusal(): this {
    const branch = `[branch-${this.length - this.#inviteAt}]`;
    return this.#request('ACK', { cseq: this.#cseq, branch }, {}, '');
  }

  #request(
    method: string,
    { cseq, branch }: { readonly cseq: number; readonly branch: string },
    extras: Extras,
    again: string,
  ): this {
    return this.send(
      `${method} [$target] SIP/2.0`,
      [
        `Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=${branch}`,
        ...['From:[$ours];tag=s[call_number]', 'To:[$theirs]', 'Call-ID: [call_id]'],
        ...[`CSeq: ${cseq} ${method}`, 'Max-Forwards: 70', contact, ...(extras.headers ?? [])],
      ],
      extras,
      again,
    );
  }

  /** The ordinary beginning: up to the ACK. */
  connect(headers: readonly string[] = []): this {
    return this.takeCall().answer('180 Ringing').answer('200 OK', { sdp: 'sendrecv', headers }).take('ACK');
  }

  hangsUp(): this {
    return this.take('BYE').answer('200 OK', { tag: '' });
  }
}

function description(direction: string): string {
  return [
    ...['v=0', 'o=sipp [pid] [call_number] IN IP4 [local_ip]', 's=-', 'c=IN IP4 [local_ip]', 't=0 0'],
    ...['m=audio [media_port] RTP/AVP 8', 'a=rtpmap:8 PCMA/8000', `a=${direction}`],
  ].join('\n');
}
