import { statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LinkEndpoint } from '../../src/link/endpoint.ts';
import { createLinkServer } from '../../src/link/link-server.ts';
import { type LinkAnswer, linkProtocol, type LinkRequest } from '../../src/link/protocol.ts';
import { type Schedule, systemSchedule } from '../../src/kernel/timers.ts';
import type { RecordEvent } from '../../src/records/record-event.ts';
import { Bench, keyEvent, MemoryJournal, RawPeer, until } from './link-fixture.ts';

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.close());

/** Nobody listens there, and to learn that needs no certificate. */
const nowhere = { kind: 'tls', host: '127.0.0.1', port: 1, tls: { cert: '', key: '', ca: '' } } as const;

const hello = { type: 'hello', protocol: linkProtocol, nodeId: 'edge-1', version: '0.0.0' };

describe('a proxy and its control process', () => {
  it('the socket is its owner’s alone', async () => {
    await bench.server();
    expect(statSync(bench.path).mode & 0o777).toBe(0o600);
  });

  it('find each other, and control knows when the node takes calls', async () => {
    const server = await bench.server();
    const client = bench.client();
    await until(() => server.nodes().length === 1);
    expect(server.nodes()[0]).toEqual({ nodeId: 'edge-1', version: '0.0.0', sip: null });
    client.serving(['udp:127.0.0.1:5060']);
    await until(() => server.nodes()[0]?.sip?.length === 1);
  });

  it('batches go in order, one at a time, and are acknowledged once stored', async () => {
    const stored: RecordEvent[] = [];
    let storing = 0;
    let most = 0;
    await bench.server({
      store: async (events) => {
        most = Math.max(most, ++storing);
        await new Promise((resolve) => setImmediate(resolve));
        stored.push(...events);
        storing -= 1;
      },
    });
    const journal = new MemoryJournal();
    for (let i = 0; i < 1000; i++) journal.append(keyEvent(i));
    const client = bench.client({ journal });
    expect(await client.flushed(5000)).toBe(true);
    expect(stored).toEqual(journal.events);
    expect(journal.acked).toBe(1000);
    expect(most).toBe(1);
    journal.append(keyEvent(1000));
    await until(() => journal.acked === 1001);
  });

  it('what comes soon after a batch goes with what comes until the next one is due, or at once where somebody waits', async () => {
    const batches: number[] = [];
    await bench.server({
      store: (events) => {
        batches.push(events.length);
        return Promise.resolve();
      },
    });
    const rests: (() => void)[] = [];
    const schedule: Schedule = (delayMs, run) => {
      if (delayMs !== 100) return systemSchedule(delayMs, run);
      rests.push(run);
      return () => undefined;
    };
    const journal = new MemoryJournal();
    const client = bench.client({ journal, schedule });
    await until(() => client.connected);
    journal.append(keyEvent(0));
    await until(() => journal.acked === 1);
    journal.append(keyEvent(1));
    journal.append(keyEvent(2));
    expect(journal.asked).toHaveLength(2);
    rests.shift()?.();
    await until(() => journal.acked === 3);
    journal.append(keyEvent(3));
    expect(await client.flushed(5000)).toBe(true);
    expect(batches).toEqual([1, 2, 1]);
  });

  it('a database outage: nothing is acknowledged, the batch is tried again, then everything is there', async () => {
    let down = 3;
    const stored: RecordEvent[] = [];
    await bench.server({
      store: (events) => {
        if (down-- > 0) return Promise.reject(new Error('secret of the database'));
        stored.push(...events);
        return Promise.resolve();
      },
      schedule: (delayMs, run) => {
        const timer = setTimeout(run, delayMs === 10_000 ? delayMs : 5);
        return () => {
          clearTimeout(timer);
        };
      },
      random: (length) => new Uint8Array(length),
    });
    const journal = new MemoryJournal();
    journal.append(keyEvent(1), keyEvent(2));
    bench.client({ journal });
    await until(() => journal.acked === 2);
    expect(stored).toEqual(journal.events);
    expect(JSON.stringify(bench.log.lines)).not.toContain('secret of the database');
  });

  it('what was sent and not stored when the connection broke is sent again after a reconnect', async () => {
    let hold = true;
    const stored: RecordEvent[][] = [];
    const first = await bench.server({
      store: (events) => {
        if (hold) return new Promise(() => undefined);
        stored.push([...events]);
        return Promise.resolve();
      },
    });
    const journal = new MemoryJournal();
    journal.append(keyEvent(1));
    const client = bench.client({ journal });
    await until(() => client.connected);
    await first.close();
    await until(() => !client.connected);
    journal.append(keyEvent(2));
    hold = false;
    await bench.server({
      store: (events) => {
        stored.push([...events]);
        return Promise.resolve();
      },
    });
    await until(() => journal.acked === 2);
    expect(stored.flat()).toEqual([keyEvent(1), keyEvent(2)]);
  });

  it('says `serving` again after a reconnect', async () => {
    const first = await bench.server();
    const client = bench.client();
    client.serving(['a']);
    await until(() => (first.nodes()[0]?.sip ?? null) !== null);
    await first.close();
    const second = await bench.server();
    await until(() => second.nodes()[0]?.sip?.[0] === 'a');
  });

  it.each<[string, LinkEndpoint, number[]]>([
    ['over the network', nowhere, [100, 200, 400, 800, 1600, 3200, 5000, 5000]],
    ['on one host', { kind: 'unix', path: '/nowhere/at/all' }, [100, 200, 400, 400]],
  ])(
    '%s the proxy waits longer from attempt to attempt, within bounds',
    async (_where, endpoint, expected) => {
      const delays: number[] = [];
      bench.client({
        endpoint,
        random: (length) => new Uint8Array(length).fill(255),
        schedule: (delayMs, run) => {
          if (delayMs === 10_000) return () => undefined;
          delays.push(delayMs);
          const timer = setTimeout(run, 1);
          return () => {
            clearTimeout(timer);
          };
        },
      });
      await until(() => delays.length >= expected.length);
      expect(delays.slice(0, expected.length)).toEqual(expected);
      expect(bench.log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    },
  );
});

describe('requests', () => {
  const sample = { name: 'onrecord_x', help: 'X', type: 'gauge', labels: { a: 'b' }, value: 3 } as const;
  const answers: Record<string, LinkAnswer> = {
    metrics: { ok: true, value: { method: 'metrics', samples: [sample] } },
    control: { ok: false, code: 'conflict' },
  };

  it('are answered through the handler, faults and all', async () => {
    const asked: LinkRequest[] = [];
    const server = await bench.server();
    bench.client({
      handle: (ask) => {
        asked.push(ask);
        const answer = answers[ask.method];
        return answer === undefined ? Promise.reject(new Error('broken')) : Promise.resolve(answer);
      },
    });
    await until(() => server.nodes().length === 1);
    const control = { method: 'control', callId: 'c', action: 'stop', actor: 'a', reason: null } as const;
    expect(await server.ask('edge-1', { method: 'metrics' }, 1000)).toEqual({
      ok: true,
      value: { method: 'metrics', samples: [sample] },
    });
    expect(await server.ask('edge-1', control, 1000)).toEqual({ ok: false, error: 'conflict' });
    expect(await server.ask('edge-1', { method: 'drain' }, 1000)).toEqual({ ok: false, error: 'failed' });
    expect(asked).toEqual([{ method: 'metrics' }, control, { method: 'drain' }]);
  });

  it('to a node that is not connected are refused at once', async () => {
    const server = await bench.server();
    expect(await server.ask('nobody', { method: 'drain' }, 60_000)).toEqual({
      ok: false,
      error: 'unreachable',
    });
  });

  it('that are not answered end in time', async () => {
    const server = await bench.server();
    bench.client({ handle: () => new Promise(() => undefined) });
    await until(() => server.nodes().length === 1);
    expect(await server.ask('edge-1', { method: 'metrics' }, 20)).toEqual({ ok: false, error: 'timeout' });
  });

  it('end as a whole when the connection does', async () => {
    const server = await bench.server();
    const client = bench.client({ handle: () => new Promise(() => undefined) });
    await until(() => server.nodes().length === 1);
    const asked = [1, 2, 3].map(() => server.ask('edge-1', { method: 'drain' }, 60_000));
    client.close();
    expect(await Promise.all(asked)).toEqual(Array(3).fill({ ok: false, error: 'unreachable' }));
  });

  it('beyond 256 unanswered ones are refused', async () => {
    const server = await bench.server();
    bench.client({ handle: () => new Promise(() => undefined) });
    await until(() => server.nodes().length === 1);
    const asked = Array.from({ length: 257 }, () => server.ask('edge-1', { method: 'drain' }, 200));
    expect(await asked[256]).toEqual({ ok: false, error: 'overload' });
    await Promise.all(asked);
  });

  it('an answer of another method than the question is a failure, not a value', async () => {
    const server = await bench.server();
    const peer = await bench.raw();
    peer.say(hello);
    await until(() => server.nodes().length === 1);
    const asked = server.ask('edge-1', { method: 'metrics' }, 2000);
    await until(() => peer.received.length === 2);
    const { id } = peer.received[1] as { id: number };
    peer.say({ type: 'response', id, answer: { ok: true, value: { method: 'drain' } } });
    expect(await asked).toEqual({ ok: false, error: 'failed' });
  });
});

describe('several proxies', () => {
  it('are asked each by its name', async () => {
    const server = await bench.server();
    for (const nodeId of ['a', 'b']) {
      const recordingId = nodeId;
      bench.client({
        nodeId,
        handle: () =>
          Promise.resolve({ ok: true, value: { method: 'control', recordingId, samplePosition: 1 } }),
      });
    }
    await until(() => server.nodes().length === 2);
    const ask = { method: 'control', callId: 'c', action: 'stop', actor: 'a', reason: null } as const;
    for (const nodeId of ['a', 'b']) {
      const answer = await server.ask(nodeId, ask, 1000);
      expect(answer.ok && answer.value.recordingId).toBe(nodeId);
    }
  });

  it('a second connection of the same node replaces the first', async () => {
    const gone: string[] = [];
    const server = await bench.server({ onGone: (nodeId) => gone.push(nodeId) });
    const first = await bench.raw();
    first.say(hello);
    await until(() => server.nodes().length === 1);
    const second = await bench.raw();
    second.say({ ...hello, version: '2' });
    await until(() => first.ended);
    expect(server.nodes()).toEqual([{ nodeId: 'edge-1', version: '2', sip: null }]);
    expect(gone).toEqual([]);
    expect(bench.closedFor('replaced')).toBe(1);
  });
});

describe('a peer that does not keep to the protocol', () => {
  const rows: [string, (peer: RawPeer) => void, string][] = [
    ['random bytes', ({ socket }) => void socket.write(Buffer.alloc(100, 0xa5)), 'too-long'],
    ['HTTP', ({ socket }) => void socket.write('GET / HTTP/1.1\r\n\r\n'), 'too-long'],
    [
      'a frame that is not JSON',
      ({ socket }) => void socket.write(Buffer.from([0, 0, 0, 1, 0x7b])),
      'not-json',
    ],
    [
      'a greeting of more than 64 KiB',
      ({ socket }) => void socket.write(Buffer.from([0, 1, 0, 1])),
      'too-long',
    ],
    [
      'JSON that is no message',
      (peer) => {
        peer.say([1, 2]);
      },
      'bad-shape',
    ],
    [
      'null',
      (peer) => {
        peer.say(null);
      },
      'bad-shape',
    ],
    [
      'records before hello',
      (peer) => {
        peer.say({ type: 'serving', sip: [] });
      },
      'out-of-turn',
    ],
    [
      'hello twice',
      (peer) => {
        peer.say(hello);
        peer.say(hello);
      },
      'out-of-turn',
    ],
    [
      'a record with a field missing',
      (peer) => {
        peer.say(hello);
        peer.say({ type: 'records', batch: 1, events: [{ kind: 'key', key: { recordingId: 'r' } }] });
      },
      'bad-shape',
    ],
    [
      'a metric whose name would break the page',
      (peer) => {
        peer.say(hello);
        const bad = { name: 'a b\n', help: '', type: 'gauge', labels: {}, value: 1 };
        peer.say({
          type: 'response',
          id: 1,
          answer: { ok: true, value: { method: 'metrics', samples: [bad] } },
        });
      },
      'bad-shape',
    ],
    [
      'half a frame and then the end',
      ({ socket }) => {
        socket.end(Buffer.from([0, 0, 0, 9, 0x7b]));
      },
      'peer-closed',
    ],
  ];
  it.each(rows)('%s: closed with a counted reason, and the server lives', async (_name, act, reason) => {
    const server = await bench.server();
    const peer = await bench.raw();
    act(peer);
    await until(() => peer.ended && bench.closedFor(reason) === 1);
    expect(server.nodes()).toEqual([]);
    bench.client();
    await until(() => server.nodes().length === 1);
  });

  it('another protocol number: both are told which, and nothing is stored', async () => {
    const server = await bench.server();
    const peer = await bench.raw();
    peer.say({ ...hello, protocol: 99 });
    await until(() => peer.ended);
    expect(peer.received).toEqual([{ type: 'welcome', protocol: linkProtocol }]);
    expect(server.nodes()).toEqual([]);
    expect(bench.log.lines).toContainEqual({
      level: 'error',
      event: 'link-protocol-mismatch',
      fields: { ours: linkProtocol, theirs: 99 },
    });
  });

  it('a control process of another protocol number: the proxy says so and ships nothing', async () => {
    const heard: unknown[] = [];
    const other = createServer((socket) => {
      const peer = new RawPeer(socket);
      peer.say({ type: 'welcome', protocol: 7 });
      socket.on('close', () => heard.push(...peer.received));
    });
    await new Promise<void>((resolve) => other.listen(bench.path, resolve));
    const journal = new MemoryJournal();
    journal.append(keyEvent(1));
    const client = bench.client({ journal });
    await until(() => bench.log.has('link-protocol-mismatch'));
    client.close();
    await new Promise((resolve) => other.close(resolve));
    expect(heard.filter((m) => (m as { type: string }).type !== 'hello')).toEqual([]);
    expect(journal.acked).toBe(0);
  });

  it('who never says hello is sent away', async () => {
    const runs: (() => void)[] = [];
    await bench.server({
      schedule: (_delayMs, run) => {
        runs.push(run);
        return () => undefined;
      },
    });
    const peer = await bench.raw();
    await until(() => runs.length === 1);
    runs[0]?.();
    await until(() => peer.ended);
    expect(bench.closedFor('no-greeting')).toBe(1);
  });

  it('a reader that does not read is cut off once 32 MiB wait for it', async () => {
    const server = await bench.server();
    const peer = await bench.raw();
    peer.say(hello);
    await until(() => server.nodes().length === 1);
    peer.socket.pause();
    const reason = 'x'.repeat(8 * 1024 * 1024);
    const ask = { method: 'control', callId: 'c', action: 'stop', actor: 'a', reason } as const;
    const asked = Array.from({ length: 6 }, () => server.ask('edge-1', ask, 60_000));
    expect(await asked[5]).toEqual({ ok: false, error: 'unreachable' });
    expect(bench.closedFor('slow-reader')).toBe(1);
    expect(server.nodes()).toEqual([]);
  });

  it('batches that come ahead of their turn are still stored one after the other, in order', async () => {
    const seen: string[] = [];
    let storing = 0;
    await bench.server({
      store: async (events) => {
        expect(++storing).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 10));
        storing -= 1;
        seen.push(...events.map((event) => (event.kind === 'key' ? event.key.recordingId : '')));
      },
    });
    const peer = await bench.raw();
    peer.say(hello);
    for (const batch of [1, 2, 3]) peer.say({ type: 'records', batch, events: [keyEvent(batch)] });
    await until(() => peer.received.length === 4);
    expect(seen).toEqual(['r1', 'r2', 'r3']);
    expect(peer.received.slice(1)).toEqual([1, 2, 3].map((batch) => ({ type: 'stored', batch })));
  });

  it('a peer that sends batch upon batch without waiting is sent away', async () => {
    await bench.server({ store: () => new Promise(() => undefined) });
    const peer = await bench.raw();
    peer.say(hello);
    for (let batch = 1; batch < 10; batch++) peer.say({ type: 'records', batch, events: [] });
    await until(() => peer.ended);
    expect(bench.closedFor('out-of-turn')).toBe(1);
  });
});

describe('the socket file', () => {
  it('that a killed process left behind is taken over', async () => {
    const first = await bench.server();
    // Node removes the file on close; a kill leaves one that nobody answers on.
    await first.close();
    writeFileSync(bench.path, '');
    await bench.server();
    const peer = await bench.raw();
    expect(peer.connected).toBe(true);
  });

  it('of a living process is not', async () => {
    await bench.server();
    const second = await createLinkServer({
      endpoint: { kind: 'unix', path: bench.path },
      store: () => Promise.resolve(),
      logger: bench.log,
      meter: bench.meter,
    });
    expect(second.ok ? '' : second.error).toContain('Another control process listens on');
    const peer = await bench.raw();
    expect(peer.connected).toBe(true);
  });

  it.each([
    [
      'longer than the system allows',
      (folder: string) => join(folder, 'x'.repeat(100)),
      'longer than 100 bytes',
    ],
    [
      'in a folder that is not there',
      (folder: string) => join(folder, 'no', 's'),
      'check that the directory exists',
    ],
  ])('%s: one clear sentence', async (_rule, path, words) => {
    const server = await createLinkServer({
      endpoint: { kind: 'unix', path: path(bench.folder) },
      store: () => Promise.resolve(),
      logger: bench.log,
      meter: bench.meter,
    });
    expect(server.ok ? '' : server.error).toContain(words);
  });
});
