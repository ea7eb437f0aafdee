import { beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/kernel/logger.ts';
import { createMeter } from '../../../src/kernel/meter.ts';
import { SipHeaders, type SipRequest } from '../../../src/sip/message.ts';
import { RequestGate } from '../../../src/signalling/defence/request-gate.ts';
import { emergencyNumbers } from '../../../src/signalling/emergency-numbers.ts';
import type { Hop } from '../../../src/signalling/transaction-layer.ts';
import { HandSchedule } from '../transport/hand-schedule.ts';

const trunk: Hop = { listener: 'lan', transport: 'udp', address: '192.0.2.3', port: 5060 };

let branches = 0;

/** A request of its own each time, unless the branch is given. */
function request(method: string, user = '200', branch = `z9hG4bK${++branches}`): SipRequest {
  const headers = new SipHeaders([
    { name: 'Via', value: `SIP/2.0/UDP 192.0.2.3;branch=${branch}` },
    { name: 'Call-ID', value: 'c' },
  ]);
  return { type: 'request', method, uri: `sip:${user}@192.0.2.2`, headers, body: new Uint8Array(0) };
}

describe('who gets a transaction', () => {
  let hand: HandSchedule;
  let calls: number;
  let transactions: number;
  let ofCall: boolean;
  let gate: RequestGate;

  beforeEach(() => {
    hand = new HandSchedule();
    calls = 0;
    transactions = 0;
    ofCall = false;
    gate = new RequestGate({
      limits: { requestsPerSecond: 100, transactions: 1_000 },
      maxCalls: 50,
      isEmergency: emergencyNumbers({ numbers: ['112'], country: 'LU', outsideLine: [] }),
      belongsToCall: () => ofCall,
      activeCalls: () => calls,
      activeTransactions: () => transactions,
      clock: hand.clock,
      logger: silentLogger,
      meter: createMeter(),
    });
  });

  const ask = (method: string, user?: string, charged = true) =>
    gate.judge(request(method, user), trunk, charged);
  /** A thousand calls a second while memory is short. */
  const strain = (): void => {
    for (let i = 0; i < 40; i++) {
      for (let call = 0; call < 500; call++) ask('INVITE');
      hand.advance(500);
      gate.feel({ resource: 'memory', value: 3 });
    }
  };

  it('anybody, on a quiet day', () => {
    expect([ask('INVITE'), ask('OPTIONS'), ask('BYE')]).toEqual(['serve', 'serve', 'serve']);
  });

  it('no new call beyond the limit of calls: 503 with Retry-After', () => {
    calls = 50;
    expect(ask('INVITE')).toEqual({ retryAfterSeconds: expect.any(Number) as number });
    expect(ask('OPTIONS')).toBe('serve');
  });

  it('no new call under overload, and who was refused together does not come back together', () => {
    strain();
    const answers = [ask('INVITE'), ask('INVITE')].map((verdict) =>
      typeof verdict === 'object' ? verdict.retryAfterSeconds : verdict,
    );
    expect(new Set(answers).size).toBe(2);
    expect(answers.every((seconds) => typeof seconds === 'number' && seconds >= 5 && seconds <= 15)).toBe(
      true,
    );
  });

  it('§8.2.7: no repetition of what was refused, though there is room again; the caller has given up by then', () => {
    calls = 50;
    const invite = request('INVITE', '200', 'z9hG4bKrefused');
    expect(gate.judge(invite, trunk, true)).not.toBe('serve');
    calls = 0;
    hand.advance(20_000);
    expect([gate.judge(invite, trunk, true), ask('INVITE')]).toEqual([
      { retryAfterSeconds: expect.any(Number) as number },
      'serve',
    ]);
    hand.advance(64_000);
    expect(gate.judge(invite, trunk, true)).toBe('serve');
  });

  it('OPTIONS under overload, or a trunk would take us for dead', () => {
    strain();
    expect(ask('OPTIONS')).toBe('serve');
  });

  it('requests of running calls, whatever is short', () => {
    strain();
    calls = 50;
    transactions = 1_100;
    ofCall = true;
    expect([ask('BYE', '200', false), ask('INVITE', '200', false), ask('INFO')]).toEqual([
      'serve',
      'serve',
      'serve',
    ]);
  });

  it.each(['INFO', 'MESSAGE', 'NOTIFY', 'REFER'])(
    'a %s of a running call not from a source beyond its budget',
    (method) => {
      ofCall = true;
      expect(ask(method, '200', false)).toEqual({ retryAfterSeconds: expect.any(Number) as number });
    },
  );

  it('but not without any end', () => {
    transactions = 1_250;
    ofCall = true;
    expect(ask('INFO')).toEqual({ retryAfterSeconds: expect.any(Number) as number });
  });

  it.each(['112', '+352112'])('emergency calls to %s, whatever is short', (number) => {
    strain();
    calls = 50;
    transactions = 5_000;
    expect(ask('INVITE', number, false)).toBe('serve');
  });

  it('nothing else is an emergency call', () => {
    transactions = 1_000;
    expect(ask('MESSAGE', '112')).not.toBe('serve');
  });

  it('new requests while transactions may be held', () => {
    transactions = 999;
    expect(ask('OPTIONS')).toBe('serve');
    transactions = 1_000;
    expect(ask('OPTIONS')).not.toBe('serve');
  });

  it('a source that asks for too much is told so ten times a second, then hears nothing', () => {
    let served = 0;
    for (let i = 0; i < 150; i++) if (gate.charge(trunk)) served += 1;
    expect(served).toBe(100);
    const verdicts = Array.from({ length: 15 }, () => ask('INVITE', '200', false));
    expect(verdicts.filter((verdict) => typeof verdict === 'object')).toHaveLength(10);
    expect(verdicts.slice(10)).toEqual(Array.from({ length: 5 }, () => 'silence'));
  });

  it('while another source is served', () => {
    for (let i = 0; i < 150; i++) gate.charge(trunk);
    expect(gate.charge({ ...trunk, address: '192.0.2.4' })).toBe(true);
  });
});
