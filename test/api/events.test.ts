import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEventFeed, type Follower } from '../../src/api/event-feed.ts';
import type { Authenticate } from '../../src/access/authenticator.ts';
import { err, ok } from '../../src/kernel/result.ts';
import { createMeter } from '../../src/kernel/meter.ts';
import type { RecordEvent } from '../../src/records/record-event.ts';
import { ApiBench, callOf, recordingOf } from './api-fixture.ts';

const recording: RecordEvent = { kind: 'recording', recording: recordingOf({ state: 'recording' }) };
const call: RecordEvent = { kind: 'call', call: callOf().call };

class Reader implements Follower {
  readonly texts: string[] = [];
  waitingBytes = 0;
  ended = false;
  write(text: string): void {
    this.texts.push(text);
  }
  end(): void {
    this.ended = true;
  }
}

describe('the feed of events', () => {
  const valueOf = (meter: ReturnType<typeof createMeter>, name: string): number | undefined =>
    meter.snapshot().find((sample) => sample.name === name)?.value;

  it('says to each follower what was stored, and nothing of where it is kept', () => {
    const feed = createEventFeed(createMeter());
    const [one, two] = [new Reader(), new Reader()];
    feed.follow(one);
    feed.follow(two);
    feed.publish([call, recording]);
    expect(two.texts).toEqual(one.texts);
    expect(one.texts).toHaveLength(2);
    expect(one.texts[1]).toMatch(/^event: recording\ndata: \{[^\n]*"state":"recording"[^\n]*\}\n\n$/);
    expect(one.texts.join()).not.toMatch(/objectKey|sha256/);
  });

  it('ends who does not read, counts it, and goes on with the others', () => {
    const meter = createMeter();
    const feed = createEventFeed(meter);
    const [slow, quick] = [new Reader(), new Reader()];
    feed.follow(slow);
    feed.follow(quick);
    slow.waitingBytes = 256 * 1024;
    feed.publish([recording]);
    feed.publish([recording]);
    expect([slow.ended, slow.texts.length, quick.ended, quick.texts.length]).toEqual([true, 0, false, 2]);
    expect(valueOf(meter, 'onrecord_event_followers_dropped_total')).toBe(1);
    expect(valueOf(meter, 'onrecord_event_followers')).toBe(1);
  });

  it('has no room for more than 200, and room again when one leaves', () => {
    const feed = createEventFeed(createMeter());
    const leave = feed.follow(new Reader());
    for (let i = 1; i < 200; i++) feed.follow(new Reader());
    expect(feed.follow(new Reader())).toBeNull();
    leave?.();
    expect(feed.follow(new Reader())).not.toBeNull();
  });
});

describe('GET /events', () => {
  let bench: ApiBench;
  beforeEach(async () => {
    bench = await new ApiBench().open();
  });
  afterEach(() => bench.app.close());

  it('is a stream of what happens from now on', async () => {
    const url = await bench.listen();
    const abort = new AbortController();
    const response = await fetch(`${url}/api/v1/events`, {
      headers: { authorization: `Bearer ${bench.token}` },
      signal: abort.signal,
    });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader.read()).value).toBe('retry: 2000\n\n');
    bench.events.publish([recording]);
    expect((await reader.read()).value).toMatch(/^event: recording\n/);
    abort.abort();
  });

  it('wants a token', async () => {
    const reply = await bench.ask('GET', '/api/v1/events', { headers: { authorization: '' } });
    expect(reply.statusCode).toBe(401);
  });

  it('is 503 where too many follow', async () => {
    for (let i = 0; i < 200; i++) bench.events.follow(new Reader());
    const reply = await bench.ask('GET', '/api/v1/events');
    expect(reply.json()).toMatchObject({ status: 503, code: 'too-many-followers' });
  });
});

describe('a stream of events that lasts', () => {
  let bench: ApiBench;
  let beat: () => Promise<void>;
  let judge: Authenticate;
  const delays: number[] = [];
  let waiting = false;
  const allowed = ok({ kind: 'token', id: '1', name: 'test', actor: 'token:1' } as const);
  const followers = (): number | undefined =>
    bench.meter.snapshot().find(({ name }) => name === 'onrecord_event_followers')?.value;

  beforeEach(async () => {
    judge = () => Promise.resolve(allowed);
    delays.length = 0;
    bench = await new ApiBench().open({
      authenticate: (header) => judge(header),
      schedule: (delayMs, run) => {
        delays.push(delayMs);
        waiting = true;
        beat = async () => {
          run();
          await settle();
        };
        return () => {
          waiting = false;
        };
      },
    });
  });
  afterEach(() => bench.app.close());

  const settle = () => new Promise((resolve) => setImmediate(resolve));
  /** Until it holds, by the loop's own turns. */
  const until = async (holds: () => boolean): Promise<void> => {
    for (let turn = 0; turn < 5000 && !holds(); turn++) await settle();
    expect(holds()).toBe(true);
  };
  async function follow() {
    const abort = new AbortController();
    const headers = { authorization: `Bearer ${bench.token}` };
    const response = await fetch(`${await bench.listen()}/api/v1/events`, { headers, signal: abort.signal });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    await reader.read();
    return { abort, next: async () => (await reader.read()).value };
  }

  it('has a comment each 15 s, so that nothing between takes it for dead', async () => {
    const stream = await follow();
    await beat();
    expect(await stream.next()).toBe(':\n\n');
    await beat();
    expect(await stream.next()).toBe(':\n\n');
    expect(delays).toEqual([15_000, 15_000, 15_000]);
    stream.abort.abort();
  });

  it.each(['invalid', 'missing'] as const)(
    'ends with the next heartbeat after its token is %s, and gets nothing any more',
    async (fault) => {
      const stream = await follow();
      judge = () => Promise.resolve(err(fault));
      await beat();
      bench.events.publish([recording]);
      expect(await stream.next()).toBeUndefined();
      expect([followers(), waiting]).toEqual([0, false]);
    },
  );

  it.each<[string, Authenticate]>([
    ['is away', () => Promise.resolve(err('unavailable'))],
    ['fails', () => Promise.reject(new Error('broken'))],
  ])('lasts while the database %s, which has revoked nothing', async (_name, while_) => {
    const stream = await follow();
    judge = while_;
    await beat();
    judge = () => Promise.resolve(allowed);
    await beat();
    expect(await stream.next()).toMatch(/^(:\n\n)+$/);
    expect(followers()).toBe(1);
    stream.abort.abort();
  });

  it('is forgotten when the client goes', async () => {
    const stream = await follow();
    expect(followers()).toBe(1);
    stream.abort.abort();
    await until(() => followers() === 0 && !waiting);
  });

  it('is no trouble when the client goes while its token is looked at', async () => {
    const stream = await follow();
    let answer: () => void = () => undefined;
    judge = () =>
      new Promise((resolve) => {
        answer = () => {
          resolve(allowed);
        };
      });
    await beat();
    stream.abort.abort();
    await until(() => followers() === 0);
    const beats = delays.length;
    answer();
    await settle();
    await settle();
    expect(delays).toHaveLength(beats);
  });
});
