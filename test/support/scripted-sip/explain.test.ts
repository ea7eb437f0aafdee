import { describe, expect, it } from 'vitest';
import type { RelayedDatagram } from '../impaired-relay.ts';
import { explainedByLoss, traceOf, transmissions } from './explain.ts';
import { compose } from './text.ts';

const invite = compose('INVITE sip:b@127.0.0.1 SIP/2.0', ['Call-ID: one', 'CSeq: 1 INVITE']);
const ringing = compose('SIP/2.0 180 Ringing', ['Call-ID: one', 'CSeq: 1 INVITE']);

function log(...entries: [text: string, fate: RelayedDatagram['fate']][]): RelayedDatagram[] {
  return entries.map(([text, fate], at) => ({ at, text, fate, direction: 'from-peer' }));
}

describe('a failed call', () => {
  it('is explained when every transmission of one message was lost', () => {
    const lost = log(...Array.from({ length: 7 }, () => [invite, 'lost'] as [string, 'lost']));
    expect(explainedByLoss('one', transmissions(lost))).toBe('all 7 of INVITE 1 from-peer were lost');
  });

  it.each<[string, RelayedDatagram[]]>([
    [
      'one of the seven passed',
      log(
        ...Array.from({ length: 7 }, (_, n): [string, 'lost' | 'held'] => [
          invite,
          n === 3 ? 'held' : 'lost',
        ]),
      ),
    ],
    ['it was lost once and never sent again, which is its sender’s fault', log([invite, 'lost'])],
    ['nothing of it was lost', log([invite, 'passed'], [ringing, 'passed'])],
    [
      'another call was without luck',
      log(...Array.from({ length: 7 }, (): [string, 'lost'] => [invite.replace('one', 'two'), 'lost'])),
    ],
  ])('is not when %s', (_, entries) => {
    expect(explainedByLoss('one', transmissions(entries))).toBeNull();
  });

  it('has a trace to be read', () => {
    expect(traceOf('one', log([invite, 'lost'], [invite, 'passed'], [ringing, 'doubled']))).toBe(
      '0 ms from-peer INVITE 1 lost\n1 ms from-peer INVITE 1 passed\n2 ms from-peer SIP/2.0 180 Ringing to 1 INVITE doubled',
    );
  });
});
