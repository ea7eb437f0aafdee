/** The parts of the API's answers that the tests and the demo look at. */
export interface CallView {
  readonly id: string;
  readonly direction: string;
  readonly from: string;
  readonly to: string;
  readonly startedAt: string;
  readonly answeredAt: string | null;
  readonly endedAt: string | null;
  readonly outcome: string | null;
  readonly reason: string | null;
  readonly ruleId: string | null;
  readonly policyVersion: string | null;
  readonly notRecorded: string | null;
  readonly legs: readonly {
    readonly party: string;
    readonly sipCallId: string;
    readonly codec: string | null;
  }[];
  readonly recordings: readonly RecordingView[];
}

export interface RecordingView {
  readonly id: string;
  readonly callId: string;
  readonly state: string;
  readonly reason: string | null;
  readonly format: string;
  readonly channels: string;
  readonly sampleRate: number;
  readonly startedAt: string | null;
  readonly durationMs: number | null;
  readonly sizeBytes: number | null;
  readonly sha256: string | null;
  readonly ledger:
    | readonly {
        readonly party: string;
        readonly receivedMs: number;
        readonly concealedMs: number;
        readonly heldMs: number;
        readonly pausedMs: number;
        readonly lostMs: number;
      }[]
    | null;
  readonly purpose: string | null;
}

/** What the API shows of one leg's evidence, as far as tests look at it. */
export interface EvidenceView {
  readonly party: string;
  readonly outcome: string;
  readonly moment: string;
  readonly key: string | null;
  readonly promptId: string | null;
  readonly language: string | null;
  readonly packetsSent: number | null;
  readonly packetsExpected: number | null;
  readonly recordingId: string | null;
}

interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** The HTTP API as any program outside sees it. */
export class ApiClient {
  readonly url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.url = url.replace(/\/$/, '');
    this.#token = token;
  }

  request(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      ...init,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(init.headers as Record<string, string> | undefined),
      },
    });
  }

  calls(query = ''): Promise<readonly CallView[]> {
    return this.#all(`/api/v1/calls${query}`);
  }

  recordings(query = ''): Promise<readonly RecordingView[]> {
    return this.#all(`/api/v1/recordings${query}`);
  }

  call(id: string): Promise<CallView> {
    return this.#json(`/api/v1/calls/${id}`);
  }

  recording(id: string): Promise<RecordingView> {
    return this.#json(`/api/v1/recordings/${id}`);
  }

  consent(id: string): Promise<{ readonly items: readonly EvidenceView[] }> {
    return this.#json(`/api/v1/recordings/${id}/consent`);
  }

  callConsent(callId: string): Promise<{ readonly items: readonly EvidenceView[] }> {
    return this.#json(`/api/v1/calls/${callId}/consent`);
  }

  async audio(id: string, query = ''): Promise<Buffer> {
    const response = await this.request(`/api/v1/recordings/${id}/audio${query}`);
    if (!response.ok) throw new Error(`GET audio of ${id}: ${response.status} ${await response.text()}`);
    return Buffer.from(await response.arrayBuffer());
  }

  control(callId: string, action: 'start' | 'stop' | 'pause' | 'resume', reason = 'test'): Promise<Response> {
    return this.request(`/api/v1/calls/${callId}/recording`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ action, reason }),
    });
  }

  delete(id: string): Promise<Response> {
    return this.request(`/api/v1/recordings/${id}`, { method: 'DELETE' });
  }

  /** Every page of a list. */
  async #all<T>(path: string): Promise<readonly T[]> {
    const items: T[] = [];
    let cursor: string | null = null;
    do {
      const join = path.includes('?') ? '&' : '?';
      const page: Page<T> = await this.#json(
        cursor === null ? path : `${path}${join}cursor=${encodeURIComponent(cursor)}`,
      );
      items.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return items;
  }

  async #json<T>(path: string): Promise<T> {
    const response = await this.request(path);
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }
}
