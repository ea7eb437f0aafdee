import { beforeEach, describe, expect, it } from 'vitest';
import { CallNotes } from '../../src/signalling/call-notes.ts';
import type { CallEvent } from '../../src/signalling/call-state.ts';
import { noBody, SipHeaders } from '../../src/sip/message.ts';
import { Scene } from './call-scene.ts';
import { HandSchedule } from './transport/hand-schedule.ts';

const hop = { listener: 'lan', transport: 'udp', address: '192.0.2.1', port: 5060 } as const;
const message = { headers: new SipHeaders(), body: noBody };

describe("the notes of a call's line", () => {
  let hand: HandSchedule;
  let notes: CallNotes;
  const { state } = new Scene();

  beforeEach(() => {
    hand = new HandSchedule();
    notes = new CallNotes(hand.clock, 'caller-1');
  });

  const responded = (status: number): void => {
    notes.event({
      ...{ type: 'response', client: 'c0', source: hop },
      response: { type: 'response', status, phrase: '', ...message },
    });
  };
  const passed = (status: number, transaction = 'caller-1'): void => {
    notes.effect({
      type: 'respond',
      transaction,
      response: { type: 'response', status, phrase: '', ...message },
    });
  };
  const request = (method: string): CallEvent => ({
    ...{ type: 'request', party: 'caller', transaction: 't', source: hop },
    request: { type: 'request', method, uri: 'sip:x', ...message },
  });

  it('an answered call: set up, rang, talked', () => {
    hand.advance(100);
    responded(100);
    hand.advance(200);
    responded(183);
    hand.advance(300);
    responded(180);
    hand.advance(4_000);
    responded(200);
    passed(200);
    hand.advance(60_000);
    notes.effect({ type: 'hung-up' });
    hand.advance(31_000);
    expect(notes.summary(state, 3)).toMatchObject({
      ...{ status: 200, attempts: 1, setupMs: 4_600, ringMs: 4_300, talkMs: 60_000, repeated: 3 },
      ...{ calleePeer: 'carrier', transfers: 0 },
    });
  });

  it('a 2xx that is sent again until its ACK (RFC 3261 §13.3.1.4) was the answer the first time', () => {
    passed(200);
    hand.advance(500);
    passed(200);
    notes.effect({ type: 'hung-up' });
    expect(notes.summary(state, null)).toMatchObject({ setupMs: 0, talkMs: 500, repeated: null });
  });

  it('a refused call never talks', () => {
    hand.advance(250);
    passed(486);
    notes.effect({ type: 'hung-up' });
    expect(notes.summary(state, 0)).toMatchObject({ status: 486, setupMs: 250, ringMs: null, talkMs: null });
  });

  it('a re-INVITE that is refused changes nothing of the answer', () => {
    passed(200);
    passed(488, 'caller-2');
    expect(notes.summary(state, 0)).toMatchObject({ status: 200 });
  });

  it('a caller that vanished has no final response; what it waited is told', () => {
    responded(180);
    hand.advance(5_000);
    notes.effect({ type: 'hung-up' });
    expect(notes.summary(state, 0)).toMatchObject({
      status: null,
      setupMs: 5_000,
      ringMs: 5_000,
      talkMs: null,
    });
  });

  it('codecs are the last that each side agreed to; transfers are counted', () => {
    const connect = (party: 'caller' | 'callee', ...encodings: string[]): void => {
      const formats = encodings.map((encoding, payloadType) => ({ payloadType, encoding, clockRate: 8_000 }));
      notes.effect({
        ...{ type: 'connect', party },
        media: {
          remote: null,
          rtcpMux: false,
          suppressesSilence: false,
          transport: 'rtp',
          receives: true,
          sends: true,
          formats,
          ptimeMs: 20,
        },
      });
    };
    connect('caller', 'PCMU', 'PCMA');
    connect('callee', 'PCMU');
    connect('caller', 'PCMA', 'TELEPHONE-EVENT');
    connect('callee');
    notes.event(request('REFER'));
    notes.event(request('INFO'));
    expect(notes.summary(state, 0)).toMatchObject({
      codecs: { caller: 'PCMA', callee: 'PCMU' },
      transfers: 1,
    });
  });
});
