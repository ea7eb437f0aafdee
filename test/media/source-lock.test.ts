import { describe, expect, it } from 'vitest';
import type { MonotonicMs } from '../../src/kernel/clock.ts';
import { dropNames } from '../../src/media/drop-reason.ts';
import { SourceLock } from '../../src/media/source-lock.ts';
import { StreamMemory } from '../../src/media/stream-memory.ts';
import { RtpView } from '../../src/rtp/rtp-view.ts';
import { rtpPacket } from './party.ts';

/** `192.0.2.1:4000`: what SDP names, or with NAT where the peer's messages come from. */
const home = 'home:4000';
/** Nothing may be sent there: one of our own ports. */
const ourselves = 'ourselves:20000';

type Step =
  /** A packet: from where, of which SSRC, how long after the last one, how often; and what becomes of it. */
  | readonly [from: string, ssrc: number, afterMs: number, verdict: string, times?: number]
  /** SDP speaks again, of the same place or another. */
  | readonly [sdp: 'sdp', place?: string];

interface Row {
  readonly name: string;
  readonly nat: boolean;
  readonly steps: readonly Step[];
  /** Where the party is heard in the end. */
  readonly heard: string;
}

const place = (text: string) => {
  const [address = '', port = ''] = text.split(':');
  return { address, port: Number(port) };
};

const rows: readonly Row[] = [
  {
    ...{ name: 'without NAT: no other address, ever', nat: false, heard: '' },
    steps: [['abroad:4000', 1, 20, 'foreign-address'], ['sdp'], ['abroad:4000', 1, 5000, 'foreign-address']],
  },
  {
    ...{ name: 'without NAT: a known SSRC at another port is refused', nat: false, heard: home },
    steps: [
      [home, 1, 20, 'none'],
      ['home:4002', 1, 20, 'foreign-port'],
    ],
  },
  {
    ...{
      name: 'without NAT: the first port of the named address, until the named one speaks',
      nat: false,
      heard: home,
    },
    steps: [
      ['home:5000', 1, 20, 'none'],
      ['home:5002', 2, 20, 'foreign-port'],
      [home, 3, 20, 'none'],
      ['home:5000', 1, 20, 'foreign-port'],
    ],
  },
  {
    ...{ name: 'NAT: the first SSRC with valid packets takes the place', nat: true, heard: 'abroad:7000' },
    steps: [
      ['abroad:7000', 1, 20, 'none'],
      ['intruder:7000', 9, 20, 'foreign-address'],
      ['intruder:7000', 1, 20, 'foreign-address'],
      ['abroad:7000', 1, 20, 'none'],
    ],
  },
  {
    ...{ name: 'NAT: an intruder who was first loses it to the named address', nat: true, heard: home },
    steps: [
      ['intruder:7000', 9, 20, 'none'],
      [home, 1, 20, 'none'],
      ['intruder:7000', 9, 20, 'foreign-address'],
    ],
  },
  {
    ...{ name: 'NAT: after the first packets nobody else comes in', nat: true, heard: home },
    steps: [
      [home, 1, 20, 'none', 60],
      ['intruder:7000', 9, 20, 'foreign-address'],
      ['intruder:7000', 1, 20, 'foreign-address'],
      ['intruder:7000', 9, 60_000, 'foreign-address'],
    ],
  },
  {
    ...{ name: 'NAT: within the first packets, who is heard keeps the place', nat: true, heard: home },
    steps: [
      [home, 1, 20, 'none', 3],
      ['intruder:7000', 9, 20, 'foreign-address'],
      [home, 1, 20, 'none'],
    ],
  },
  {
    ...{ name: 'NAT: a ringback tone of the PBX, then the phone itself', nat: true, heard: 'abroad:7000' },
    steps: [
      [home, 1, 20, 'none', 20],
      ['abroad:7000', 2, 800, 'none'],
    ],
  },
  {
    ...{ name: 'NAT: the known SSRC from another port of its host', nat: true, heard: 'abroad:7010' },
    steps: [
      ['abroad:7000', 1, 20, 'none', 60],
      ['abroad:7010', 9, 20, 'foreign-port'],
      ['abroad:7010', 1, 20, 'none'],
      ['abroad:7000', 5, 20, 'foreign-port'],
    ],
  },
  {
    ...{ name: 'NAT: the known SSRC from another host is an intruder', nat: true, heard: 'abroad:7000' },
    steps: [
      ['abroad:7000', 1, 20, 'none', 60],
      ['intruder:7000', 1, 20, 'foreign-address'],
    ],
  },
  {
    ...{
      name: 'NAT: a re-INVITE lets the known SSRC move to another host',
      nat: true,
      heard: 'elsewhere:7000',
    },
    steps: [
      ['abroad:7000', 1, 20, 'none', 60],
      ['sdp'],
      ['elsewhere:7000', 1, 20, 'none'],
      ['abroad:7000', 3, 20, 'foreign-address'],
    ],
  },
  {
    ...{
      name: 'NAT: a re-INVITE gives an intruder nothing while the party is heard',
      nat: true,
      heard: 'abroad:7000',
    },
    steps: [
      ['abroad:7000', 1, 20, 'none', 60],
      ['sdp'],
      ['intruder:7000', 9, 20, 'foreign-address'],
      ['abroad:7000', 1, 20, 'none', 60],
      ['intruder:7000', 1, 1000, 'foreign-address'],
    ],
  },
  {
    ...{ name: 'NAT: SDP names another place, and all begins anew', nat: true, heard: 'abroad:7000' },
    steps: [
      [home, 1, 20, 'none', 60],
      ['sdp', 'home:4400'],
      ['abroad:7000', 2, 20, 'none'],
    ],
  },
  {
    ...{ name: 'NAT: never to ourselves, at whatever address', nat: true, heard: '' },
    steps: [[ourselves, 1, 20, 'foreign-port']],
  },
];

describe('who is heard', () => {
  it.each(rows)('$name', ({ nat, steps, heard }) => {
    const lock = new SourceLock(new StreamMemory(), (address) => address !== 'ourselves');
    const view = new RtpView();
    lock.name(place(home), nat);
    let now = 1000;
    let sequence = 1;
    for (const step of steps) {
      if (step[0] === 'sdp') {
        lock.name(place((step[1] as string | undefined) ?? home), nat);
        continue;
      }
      const [from, ssrc, afterMs, verdict, times = 1] = step as Exclude<Step, readonly ['sdp', string?]>;
      for (let i = 0; i < times; i++) {
        now += afterMs;
        const packet = rtpPacket({ sequence: sequence++, ssrc: ssrc });
        view.bind(packet, packet.length);
        const source = place(from);
        const judged = lock.isPossible(source)
          ? dropNames[lock.judge(source, view, 8000, now as MonotonicMs)]
          : 'foreign-address';
        expect(judged, `${from} at ${now}`).toBe(verdict);
      }
    }
    expect(lock.port === 0 ? '' : `${lock.address}:${lock.port}`).toBe(heard);
  });
});
