import type { Meter } from '../kernel/meter.ts';
import type { RecordEvent } from '../records/record-event.ts';

/** Somebody who follows: what it has not taken yet is bytes of ours. */
export interface Follower {
  write(text: string): void;
  readonly waitingBytes: number;
  /** At once, whatever it has not taken. */
  end(): void;
}

/** Server-sent events (WHATWG HTML §9.2) about calls, recordings and live controls, for whoever follows. */
export interface EventFeed {
  /** What is stored now. The same may come twice; `version` tells. */
  publish(events: readonly RecordEvent[]): void;
  /** Returns the way to leave; null: there are as many followers as may be. */
  follow(follower: Follower): (() => void) | null;
}

/** Each holds a connection and at most a queue. */
const mostFollowers = 200;
/** Some hundreds of events: who is that far behind will ask for the whole again faster than it reads. */
const mostWaitingBytes = 256 * 1024;

export function createEventFeed(meter: Meter): EventFeed {
  const followers = new Set<Follower>();
  const following = meter.gauge('onrecord_event_followers', 'Clients that follow events over the API');
  const slow = meter.counter(
    'onrecord_event_followers_dropped_total',
    'Clients that followed events, read too slowly and were ended',
  );
  const leave = (follower: Follower): void => {
    followers.delete(follower);
    following.set(followers.size);
  };
  const send = (follower: Follower, text: string): void => {
    if (follower.waitingBytes + text.length <= mostWaitingBytes) {
      follower.write(text);
      return;
    }
    slow.add();
    leave(follower);
    follower.end();
  };
  return {
    publish(events) {
      if (followers.size === 0) return;
      for (const text of events.map(textOf)) {
        if (text !== null) for (const follower of [...followers]) send(follower, text);
      }
    },
    follow(follower) {
      if (followers.size >= mostFollowers) return null;
      followers.add(follower);
      following.set(followers.size);
      return () => {
        leave(follower);
      };
    },
  };
}

/** Null: of no use to who shows a red dot. JSON has no line break, so one `data:` line holds it. */
function textOf(event: RecordEvent): string | null {
  const said = saidOf(event);
  return said === null ? null : `event: ${event.kind}\ndata: ${JSON.stringify(said)}\n\n`;
}

function saidOf(event: RecordEvent): object | null {
  switch (event.kind) {
    case 'call': {
      const { id, version, direction, from, to, extension, queue, ruleId, notRecorded } = event.call;
      const { startedAt, answeredAt, endedAt, outcome, reason } = event.call;
      const when = { startedAt, answeredAt, endedAt, outcome, reason };
      return { id, version, direction, from, to, extension, queue, ...when, ruleId, notRecorded };
    }
    case 'recording': {
      const { id, version, callId, state, reason, startedAt, durationMs } = event.recording;
      return { id, version, callId, state, reason, startedAt, durationMs };
    }
    case 'control':
      return event.control;
    default:
      return null;
  }
}
