import { systemClock } from '../../src/kernel/clock.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { createMeter } from '../../src/kernel/meter.ts';
import { relayOffer } from '../../src/sdp/relay-description.ts';
import { RequestGate } from '../../src/signalling/defence/request-gate.ts';
import { emergencyNumbers } from '../../src/signalling/emergency-numbers.ts';
import { passHeaders } from '../../src/signalling/header-map.ts';
import { headerMap, readInvite } from '../../src/signalling/incoming-invite.ts';
import { refuse } from '../../src/signalling/refusal.ts';
import { redactMessage } from '../../src/signalling/trace/redact-message.ts';
import { statelessResponse } from '../../src/signalling/transaction-stateless.ts';
import { dialogFromRequest } from '../../src/sip/dialog.ts';
import { SipHeaders } from '../../src/sip/message.ts';
import type { SipRequest } from '../../src/sip/message.ts';
import { parseMessage } from '../../src/sip/parse.ts';
import { makeResponse } from '../../src/sip/response.ts';
import { serializeMessage } from '../../src/sip/serialize.ts';
import { mergeKey, serverKey } from '../../src/sip/transaction-key.ts';
import { parseVia, stampVia } from '../../src/sip/via.ts';
import { hostilePackets } from '../../test/support/hostile-packets.ts';
import type { BenchCase } from '../measure.ts';
import { sampleInvite } from './sip-cases.ts';

const isEmergency = emergencyNumbers({ numbers: ['112'], country: 'LU', outsideLine: [] });
/** To somebody whom the sender's identities may not reach: what is looked at most. */
const outwards = { fromTrusted: true, toTrusted: false, host: 'pbx.example', controlHeaders: [] };
const local = { address: '127.0.0.1', rtpPort: 4000, rtcpPort: 4001 };

/** All that a peer's INVITE goes through in one turn of the loop, as far as it gets; a broken one is answered. */
function serve(bytes: Buffer): void {
  const parsed = parseMessage(bytes);
  if (parsed.ok) {
    if (parsed.value.type === 'request') carryOn(parsed.value);
    redactMessage(bytes);
    return;
  }
  const { answer } = parsed.error;
  if (answer === null) return;
  serializeMessage(makeResponse(answer.request, answer.status, answer.phrase, 'tag'));
}

function carryOn(request: SipRequest): void {
  const value = request.headers.first('via') ?? '';
  const via = parseVia(value);
  if (via === null) return;
  request.headers.setFirst('Via', stampVia(value, via, '127.0.0.1', 5070));
  serverKey(request);
  mergeKey(request);
  const read = readInvite(request, isEmergency);
  if (!read.ok) {
    serializeMessage(refuse(request, read.error, 'tag'));
    return;
  }
  headerMap(request.headers);
  passHeaders(request.headers, new SipHeaders(), outwards, 'replaced');
  const ringing = makeResponse(request, 180, 'Ringing', 'tag');
  dialogFromRequest(request, ringing);
  serializeMessage(ringing);
  if (read.value.offer !== null) relayOffer(read.value.offer.description, local, null);
}

/** What an INVITE costs that a node takes no more: to be held against a millisecond, which a call may cost. */
const refusal: BenchCase = {
  name: 'refuse',
  unit: 'one INVITE under overload: parse, judge, 503',
  setUp: () => {
    const gate = new RequestGate({
      ...{ limits: { requestsPerSecond: 1e9, transactions: 1e6 }, maxCalls: 0 },
      ...{ isEmergency: () => false, belongsToCall: () => false },
      ...{ activeCalls: () => 1, activeTransactions: () => 1 },
      ...{ clock: systemClock(), logger: silentLogger, meter: createMeter() },
    });
    const source = { listener: 'lan', transport: 'udp', address: '192.0.2.4', port: 5060 } as const;
    const secret = Buffer.alloc(32);
    return () => {
      const parsed = parseMessage(sampleInvite);
      if (!parsed.ok || parsed.value.type !== 'request') throw new Error('the INVITE does not parse');
      const verdict = gate.judge(parsed.value, source, gate.charge(source));
      if (typeof verdict !== 'object') throw new Error('the INVITE is not refused');
      serializeMessage(statelessResponse(secret, parsed.value, 503, 'Service Unavailable'));
    };
  },
};

/** The bound is 2 ms a packet. */
export const hostileCases: readonly BenchCase[] = [
  refusal,
  ...hostilePackets.map(({ name, bytes }) => ({
    name: 'hostile packet',
    unit: `${name}, ${Math.round(bytes.length / 1000)} KB`,
    setUp: () => () => {
      serve(bytes);
    },
  })),
];
