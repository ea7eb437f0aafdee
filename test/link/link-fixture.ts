import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogFields, Logger } from '../../src/kernel/logger.ts';
import { createMeter } from '../../src/kernel/meter.ts';
import { ok } from '../../src/kernel/result.ts';
import type { LinkClient, LinkClientOptions } from '../../src/link/link-client.ts';
import { createLinkClient } from '../../src/link/link-client.ts';
import { createLinkServer, type LinkServer, type LinkServerOptions } from '../../src/link/link-server.ts';
import type { JournalBatch, JournalSource } from '../../src/link/ports.ts';
import type { RecordEvent } from '../../src/records/record-event.ts';

export function keyEvent(n: number): RecordEvent {
  return {
    kind: 'key',
    key: {
      recordingId: `r${n}`,
      kekId: 'k',
      wrapped: 'w',
      recipient: 'age1x',
      createdAt: '2026-11-23T00:00:00.000Z',
    },
  };
}

/** A journal in memory. Its numbers are places in the list, as the port asks. */
export class MemoryJournal implements JournalSource {
  readonly events: RecordEvent[] = [];
  acked = 0;
  readonly asked: number[] = [];
  readonly #listeners = new Set<() => void>();

  append(...events: RecordEvent[]): void {
    this.events.push(...events);
    for (const listener of this.#listeners) listener();
  }

  pending(limit: number) {
    this.asked.push(limit);
    const events = this.events.slice(this.acked, this.acked + limit);
    const batch: JournalBatch | null =
      events.length === 0 ? null : { batch: this.acked + events.length, events };
    return Promise.resolve(ok(batch));
  }

  acknowledge(batch: number): void {
    this.acked = batch;
  }

  onPending(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

export class LogBook implements Logger {
  readonly lines: { level: string; event: string; fields: LogFields }[] = [];
  debug = (event: string, fields: LogFields = {}): void =>
    void this.lines.push({ level: 'debug', event, fields });
  info = (event: string, fields: LogFields = {}): void =>
    void this.lines.push({ level: 'info', event, fields });
  warn = (event: string, fields: LogFields = {}): void =>
    void this.lines.push({ level: 'warn', event, fields });
  error = (event: string, fields: LogFields = {}): void =>
    void this.lines.push({ level: 'error', event, fields });
  child(): Logger {
    return this;
  }
  has(event: string): boolean {
    return this.lines.some((line) => line.event === event);
  }
}

/** Everything a test opens, closed at its end. */
export class Bench {
  readonly folder = mkdtempSync(join(tmpdir(), 'onrecord-link-'));
  readonly path = join(this.folder, 'control.sock');
  readonly meter = createMeter();
  readonly log = new LogBook();
  readonly #closers: (() => unknown)[] = [];

  async server(options: Partial<LinkServerOptions> = {}): Promise<LinkServer> {
    const server = await createLinkServer({
      endpoint: { kind: 'unix', path: this.path },
      store: () => Promise.resolve(),
      logger: this.log,
      meter: this.meter,
      ...options,
    });
    if (!server.ok) throw new Error(server.error);
    this.#closers.push(() => server.value.close());
    return server.value;
  }

  client(options: Partial<LinkClientOptions> = {}): LinkClient {
    const client = createLinkClient({
      endpoint: { kind: 'unix', path: this.path },
      nodeId: 'edge-1',
      version: '0.0.0',
      journal: new MemoryJournal(),
      handle: () => Promise.resolve({ ok: false, code: 'unsupported' }),
      logger: this.log,
      meter: this.meter,
      ...options,
    });
    this.#closers.push(() => {
      client.close();
    });
    return client;
  }

  /** A peer that says whatever the test wants, in frames written by hand. */
  async raw(): Promise<RawPeer> {
    const peer = new RawPeer(connect(this.path));
    this.#closers.push(() => peer.socket.destroy());
    await until(() => peer.connected);
    return peer;
  }

  closedFor(reason: string): number {
    const found = this.meter
      .snapshot()
      .find(
        ({ name, labels }) =>
          name === 'onrecord_link_connections_closed_total' && labels['reason'] === reason,
      );
    return found?.value ?? 0;
  }

  async close(): Promise<void> {
    for (const close of this.#closers.reverse()) await close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export class RawPeer {
  readonly socket: Socket;
  readonly received: unknown[] = [];
  connected = false;
  ended = false;
  #buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('connect', () => {
      this.connected = true;
    });
    socket.on('data', (chunk: Buffer) => {
      this.#take(chunk);
    });
    socket.on('close', () => {
      this.ended = true;
    });
    socket.on('error', () => {
      this.ended = true;
    });
  }

  say(message: unknown): void {
    const body = Buffer.from(JSON.stringify(message));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    this.socket.write(Buffer.concat([length, body]));
  }

  #take(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    while (this.#buffer.length >= 4 && this.#buffer.length >= 4 + this.#buffer.readUInt32BE()) {
      const end = 4 + this.#buffer.readUInt32BE();
      this.received.push(JSON.parse(this.#buffer.toString('utf8', 4, end)));
      this.#buffer = this.#buffer.subarray(end);
    }
  }
}

/** Waits on real sockets: as short as it can be, and with an end. */
export async function until(condition: () => boolean, withinMs = 5000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
