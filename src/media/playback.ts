import type { Clock, MonotonicMs } from '../kernel/clock.ts';
import type { Schedule } from '../kernel/timers.ts';
import { Beeper } from './beeper.ts';
import { KeyReplay } from './key-replay.ts';
import type { Leg } from './leg.ts';
import { PromptHearing } from './prompt-hearing.ts';
import { type Paced, PromptPacer } from './prompt-pacer.ts';
import { PromptPlayer } from './prompt-player.ts';
import { ShelvedPrompt } from './prompt-shelf.ts';
import type { BeepOrder, LegIndex, MediaEvent, PromptAudio } from './protocol.ts';
import type { MediaSession } from './session.ts';

export interface PlaybackPorts {
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly emit: (event: MediaEvent) => void;
  /** Our own bug, met while serving one session. */
  readonly fault: (session: MediaSession) => void;
}

/** All that a worker sends of its own accord: prompts, ringing, recorder tones, and keys that were held back. */
export class Playback {
  readonly #ports: PlaybackPorts;
  readonly #prompts: Map<string, ShelvedPrompt>;
  readonly #pacer: PromptPacer;

  constructor(prompts: readonly PromptAudio[], ports: PlaybackPorts) {
    this.#ports = ports;
    this.#prompts = new Map(prompts.map((prompt) => [prompt.id, new ShelvedPrompt(prompt)]));
    this.#pacer = new PromptPacer(ports.clock, ports.schedule);
  }

  shelve(add: readonly PromptAudio[], keep: readonly string[]): void {
    for (const id of this.#prompts.keys()) if (!keep.includes(id)) this.#prompts.delete(id);
    for (const prompt of add) this.#prompts.set(prompt.id, new ShelvedPrompt(prompt));
  }

  stop(): void {
    this.#pacer.stop();
  }

  /** Tells a party; `played` is said when it is over. */
  play(session: MediaSession, index: LegIndex, id: string): void {
    const { clock, emit } = this.#ports;
    const leg = session.legs[index];
    leg.player?.stop();
    const hearing = new PromptHearing((reported) => {
      emit({ type: 'play-reported', session: session.id, leg: index, reported });
    });
    leg.control.hearing = hearing;
    const player = new PromptPlayer(this.#shelved(id), leg, 'prompt', {
      sent: (packet, due) => session.tap?.prompt(index, due, packet),
      ended: (report) => {
        leg.player = null;
        hearing.isOver = true;
        emit({ type: 'played', session: session.id, leg: index, report });
      },
    });
    // RFC 3550 §6.2: between two parties "the delay before sending the initial compound RTCP packet MAY be zero".
    leg.control.dueAt = clock.monotonic();
    this.#begins(session, leg, player);
  }

  /** Nobody rings to a party that has heard the other one. */
  ring(session: MediaSession, index: LegIndex, id: string): void {
    if (session.legs[index === 0 ? 1 : 0].reception.received > 0) return;
    const leg = session.legs[index];
    leg.player?.stop();
    this.#begins(session, leg, this.#unreported(leg, 'ringing', id));
  }

  /** From now on, as long as the recording runs. */
  beep(session: MediaSession, { sound, everyMs }: BeepOrder): Beeper {
    const { clock, schedule, fault } = this.#ports;
    return new Beeper(session, everyMs, {
      clock,
      schedule,
      play: (leg) => {
        this.#begins(session, leg, this.#unreported(leg, 'beep', sound));
      },
      fault: () => {
        fault(session);
      },
    });
  }

  /** The other party is sent the keys that were held back for nothing. */
  replay(session: MediaSession, leg: Leg): void {
    const other = session.legs[leg.index === 0 ? 1 : 0];
    if (other.player?.kind === 'beep') other.player.stop();
    const mayPass = (): boolean => session.obstacle(other) === 0;
    this.#pace(session, new KeyReplay(leg.keys.queue, other, leg.payloadTypes, mayPass));
  }

  #unreported(leg: Leg, kind: 'ringing' | 'beep', id: string): PromptPlayer {
    return new PromptPlayer(this.#shelved(id), leg, kind, { ended: () => (leg.player = null) });
  }

  #shelved(id: string): ShelvedPrompt {
    const prompt = this.#prompts.get(id);
    if (prompt === undefined) throw new Error('a prompt that this worker was not given');
    return prompt;
  }

  #begins(session: MediaSession, leg: Leg, player: PromptPlayer): void {
    leg.player = player;
    this.#pace(session, player, (now) => {
      session.tendReports(now);
    });
  }

  #pace(session: MediaSession, paced: Paced, stepped: (now: MonotonicMs) => void = () => undefined): void {
    this.#pacer.add({
      get over() {
        return paced.over;
      },
      step: (now, slot) => {
        try {
          paced.step(now, slot);
          stepped(now);
        } catch {
          this.#ports.fault(session);
        }
      },
    });
  }
}
