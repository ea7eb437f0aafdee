import { describe, expect, it } from 'vitest';
import { callLine } from '../../src/app/wiring/call-line.ts';
import type { Party } from '../../src/records/call-record.ts';
import type { CallEnd, CallFacts, CallSummary } from '../../src/signalling/ports.ts';

const facts: CallFacts = {
  ...{ callId: 'uuid', direction: 'outbound', callerPeer: 'pbx', calleePeer: 'carrier' },
  ...{ from: '301', to: '+352621123456', emergency: false },
  ...{ callerSipCallId: 'a', headers: new Map(), offered: null },
};
const end: CallEnd = {
  ...{ outcome: 'success', reason: 'answered' },
  legs: [
    { party: 'caller', peerId: 'pbx', sipCallId: '621123456-352621123456@pbx' },
    { party: 'callee', peerId: 'second', sipCallId: 'x'.repeat(4_000) },
  ],
};
const summary: CallSummary = {
  ...{ calleePeer: 'second', status: 200, attempts: 2, setupMs: 900, ringMs: 700, talkMs: 60_000 },
  ...{ codecs: { caller: 'PCMA', callee: 'PCMU' }, transfers: 0, repeated: 1 },
};
const quality = {
  ...{ lossPercent: 1.5, jitterMs: 2, maxJitterMs: 9, roundTripMs: 31.2, mos: 4.21, reported: null },
};
const kept = {
  ...{ ruleId: 'everything', recording: null },
  qualityOf: (party: Party) => (party === 'caller' ? quality : null),
};

describe('the line of a call', () => {
  it('says what an operator asks first', () => {
    expect(callLine(facts, end, summary, kept)).toMatchObject({
      ...{ direction: 'outbound', callerPeer: 'pbx', calleePeer: 'second', ruleId: 'everything' },
      ...{ outcome: 'success', reason: 'answered', status: 200, attempts: 2, setupMs: 900, talkMs: 60_000 },
      ...{ callerCodec: 'PCMA', calleeCodec: 'PCMU', retransmissions: 1, recordingId: null },
      ...{ callerLossPercent: 1.5, callerRoundTripMs: 31.2, callerMos: 4.21, calleeMos: null },
    });
  });

  it('has no number of anybody, not even within a Call-ID', () => {
    const line = callLine(facts, end, summary, kept);
    expect(JSON.stringify(line)).not.toMatch(/621123456/);
    expect(line).toMatchObject({ from: 'extension', to: '+352…56' });
  });

  it('is no longer because a peer makes long Call-IDs', () => {
    expect(JSON.stringify(callLine(facts, end, summary, kept)).length).toBeLessThan(1_000);
  });

  it('shows which emergency number was dialled', () => {
    expect(callLine({ ...facts, to: '112', emergency: true }, end, summary, kept)).toMatchObject({
      to: '112',
    });
  });
});
