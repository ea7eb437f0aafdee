import { CalleeScript, CallerScript } from './script.ts';

/** Two scripts that play one failure, and what the call record says of it; null: no call came about. */
export interface Failure {
  readonly name: string;
  readonly caller: CallerScript;
  readonly callee: CalleeScript | null;
  /** Who takes the call when the first target does not. */
  readonly second?: CalleeScript;
  readonly end: { readonly outcome: string; readonly reason: string } | null;
  readonly callerPeer?: Readonly<Record<string, unknown>>;
  readonly calleePeer?: Readonly<Record<string, unknown>>;
}

const caller = (): CallerScript => new CallerScript();
const callee = (): CalleeScript => new CalleeScript();
const answered = { outcome: 'success', reason: 'answered' };
const talkMs = 300;
const reliable = ['Require: 100rel', 'RSeq: 4711'];
const challenge =
  'Proxy-Authenticate: Digest realm="carrier.example", nonce="8f3a", qop="auth", algorithm=MD5';

/** Named after what goes wrong, or what is asked for, as RFC 3261 and its extensions have it. */
export const failures: readonly Failure[] = [
  {
    name: 'nothing goes wrong',
    caller: caller().connect().pause(talkMs).hangUp(),
    callee: callee().connect().hangsUp(),
    end: answered,
  },
  {
    name: 'the first ACK is lost',
    caller: caller().invite().mayCome(100).expect(180).expect(200).pause(1200).ack().pause(talkMs).hangUp(),
    callee: callee().connect().hangsUp(),
    end: answered,
  },
  {
    name: 'no ACK ever comes',
    caller: caller().invite().mayCome(100).expect(180).expect(200).take('BYE').answer('200 OK'),
    callee: callee().connect().hangsUp(),
    end: { outcome: 'indeterminate', reason: 'protocol-error' },
  },
  {
    name: 'the first answer to BYE is lost',
    caller: caller().connect().pause(talkMs).hangUp(),
    callee: callee().connect().take('BYE').pause(1200).answer('200 OK', { tag: '' }),
    end: answered,
  },
  {
    name: 'the 200 comes twice',
    caller: caller().connect().pause(talkMs).hangUp(),
    callee: callee()
      .takeCall()
      .answer('180 Ringing')
      .answer('200 OK', { sdp: 'sendrecv' })
      .answer('200 OK', { sdp: 'sendrecv' })
      .take('ACK')
      .take('ACK')
      .hangsUp(),
    end: answered,
  },
  {
    name: 'the INVITE comes twice',
    caller: caller().invite().expect(100).inviteAgain().expect(180).expect(200).ack().pause(talkMs).hangUp(),
    callee: callee().connect().hangsUp(),
    end: answered,
  },
  {
    name: 'the caller gives up',
    caller: caller().invite().mayCome(100).expect(180).cancel().expect(200).expect(487).ackRefusal(),
    callee: callee()
      .takeCall()
      .answer('180 Ringing')
      .take('CANCEL')
      .answer('200 OK')
      .answerCall('487 Request Terminated')
      .take('ACK'),
    end: { outcome: 'caller', reason: 'cancelled' },
  },
  {
    name: 'CANCEL crosses the 200',
    caller: caller().invite().mayCome(100).expect(180).cancel().expect(200).expect(487).ackRefusal(),
    callee: callee()
      .takeCall()
      .answer('180 Ringing')
      .take('CANCEL')
      .answer('200 OK')
      .answerCall('200 OK', { sdp: 'sendrecv' })
      .take('ACK')
      .hangsUp(),
    end: { outcome: 'caller', reason: 'cancelled' },
  },
  {
    name: 'the call is forked, and both branches answer',
    caller: caller().invite().mayCome(100).expect(180).expect(180).expect(200).ack().pause(talkMs).hangUp(),
    callee: callee()
      .takeCall()
      .answer('180 Ringing', { tag: 'first' })
      .answer('180 Ringing', { tag: 'second' })
      .answer('200 OK', { tag: 'second', sdp: 'sendrecv' })
      .take('ACK', ['To', 'tag=second'])
      .answerCall('200 OK', { tag: 'first', sdp: 'sendrecv' })
      .take('ACK', ['To', 'tag=first'])
      .take('BYE', ['To', 'tag=first'])
      .answer('200 OK', { tag: '' })
      .hangsUp(),
    end: answered,
  },
  {
    name: 'the trunk wants a password',
    caller: caller().connect().pause(talkMs).hangUp(),
    callee: callee()
      .takeCall()
      .answer('407 Proxy Authentication Required', { headers: [challenge] })
      .take('ACK')
      .takeCall(['Proxy-Authorization', 'realm="carrier.example"'])
      .answer('180 Ringing')
      .answer('200 OK', { sdp: 'sendrecv' })
      .take('ACK')
      .hangsUp(),
    calleePeer: { auth: { username: 'u', password: 'p', realm: 'carrier.example' } },
    end: answered,
  },
  {
    name: 'the trunk has no room and the next one has',
    caller: caller().connect().pause(talkMs).hangUp(),
    callee: callee()
      .takeCall()
      .answer('503 Service Unavailable', { headers: ['Retry-After: 5'] })
      .take('ACK'),
    second: callee().connect().hangsUp(),
    end: answered,
  },
  {
    name: 'the trunk is silent and the next one is not',
    caller: caller().connect().pause(talkMs).hangUp(),
    callee: null,
    second: callee().connect().hangsUp(),
    calleePeer: { inviteTimeoutMs: 700 },
    end: answered,
  },
  {
    name: 'the only trunk has no room',
    caller: caller().invite().mayCome(100).expect(500).ackRefusal(),
    callee: callee().takeCall().answer('503 Service Unavailable').take('ACK'),
    end: { outcome: 'upstream', reason: 'upstream-error' },
  },
  {
    name: 'the callee is busy',
    caller: caller().invite().mayCome(100).expect(486).ackRefusal(),
    callee: callee().takeCall().answer('486 Busy Here').take('ACK'),
    end: { outcome: 'upstream', reason: 'busy' },
  },
  {
    name: 'the callee has moved',
    caller: caller().invite().mayCome(100).expect(302, ['Contact', 'sip:900@192.0.2.9']).ackRefusal(),
    callee: callee()
      .takeCall()
      .answer('302 Moved Temporarily', { headers: ['Contact: <sip:900@192.0.2.9>'] })
      .take('ACK'),
    end: { outcome: 'indeterminate', reason: 'rejected' },
  },
  {
    name: 'the offer comes late',
    caller: caller()
      .invite({ sdp: 'none' })
      .mayCome(100)
      .expect(180)
      .expect(200, ['Content-Type', 'application/sdp'])
      .ack({ sdp: 'sendrecv' })
      .pause(talkMs)
      .hangUp(),
    callee: callee()
      .takeCall()
      .answer('180 Ringing')
      .answer('200 OK', { sdp: 'sendrecv' })
      .take('ACK', ['Content-Type', 'application/sdp'])
      .hangsUp(),
    end: answered,
  },
  {
    name: 'both sides speak 100rel',
    caller: caller()
      .invite({ headers: ['Supported: 100rel'] })
      .mayCome(100)
      .expectReliable(183)
      .prack()
      .expect(200, ['CSeq', 'PRACK'])
      .expect(200, ['CSeq', 'INVITE'])
      .ack()
      .pause(talkMs)
      .hangUp(),
    callee: callee()
      .takeCall(['Supported', '100rel'])
      .answer('183 Session Progress', { headers: reliable, sdp: 'sendrecv' })
      .take('PRACK', ['RAck', '4711 1 INVITE'])
      .answer('200 OK', { tag: '' })
      .pause(talkMs)
      .answerCall('200 OK')
      .take('ACK')
      .hangsUp(),
    end: answered,
  },
  {
    name: 'the callee alone speaks 100rel',
    caller: caller().invite().mayCome(100).expect(183).expect(200).ack().pause(talkMs).hangUp(),
    callee: callee()
      .takeCall()
      .answer('183 Session Progress', { headers: reliable, sdp: 'sendrecv' })
      .take('PRACK', ['RAck', '4711 1 INVITE'])
      .answer('200 OK', { tag: '' })
      .answerCall('200 OK', { sdp: 'sendrecv' })
      .take('ACK')
      .hangsUp(),
    end: answered,
  },
  {
    name: 'the caller alone requires 100rel',
    caller: caller()
      .invite({ headers: ['Require: 100rel'] })
      .mayCome(100)
      .expectReliable(180)
      .prack()
      .expect(200, ['CSeq', 'PRACK'])
      .expect(200, ['CSeq', 'INVITE'])
      .ack()
      .pause(talkMs)
      .hangUp(),
    callee: callee()
      .takeCall()
      .answer('180 Ringing')
      // A caller that is not scheduled for so long has its PRACK answered after the 200, which RFC 3262 §3 allows.
      .pause(5 * talkMs)
      .answerCall('200 OK', { sdp: 'sendrecv' })
      .take('ACK')
      .hangsUp(),
    end: answered,
  },
  {
    name: 'hold, and back again',
    caller: caller()
      .connect()
      .pause(talkMs)
      .invite({ sdp: 'sendonly' })
      .mayCome(100)
      .expect(200)
      .ack()
      .pause(talkMs)
      .invite()
      .mayCome(100)
      .expect(200)
      .ack()
      .pause(talkMs)
      .hangUp(),
    callee: callee()
      .connect()
      .take('INVITE')
      .answer('200 OK', { tag: '', sdp: 'recvonly' })
      .take('ACK')
      .take('INVITE')
      .answer('200 OK', { tag: '', sdp: 'sendrecv' })
      .take('ACK')
      .hangsUp(),
    end: answered,
  },
  {
    name: 'both sides re-INVITE at once',
    caller: caller().connect().pause(talkMs).invite().mayCome(100).expect(200).ack().pause(talkMs).hangUp(),
    callee: callee()
      .connect()
      .takeAndKeep('INVITE')
      .request('INVITE', { sdp: 'sendrecv' })
      .mayCome(100)
      .expect(491)
      .ackRefusal()
      .answerKept('200 OK', { sdp: 'sendrecv' })
      .take('ACK')
      .hangsUp(),
    end: answered,
  },
  {
    name: 'UPDATE changes the session',
    caller: caller()
      .connect({ headers: ['Allow: INVITE, ACK, BYE, UPDATE'] })
      .pause(talkMs)
      .request('UPDATE', { sdp: 'sendonly' })
      .expect(200, ['CSeq', 'UPDATE'])
      .pause(talkMs)
      .hangUp(),
    callee: callee()
      .connect(['Allow: INVITE, ACK, BYE, UPDATE'])
      .take('UPDATE')
      .answer('200 OK', { tag: '', sdp: 'recvonly' })
      .hangsUp(),
    end: answered,
  },
  {
    name: 'the callee hangs up before the caller has acknowledged',
    caller: caller()
      .invite()
      .mayCome(100)
      .expect(180)
      .expect(200)
      .pause(400)
      .ack()
      .take('BYE')
      .answer('200 OK'),
    callee: callee().connect().request('BYE').expect(200),
    end: answered,
  },
  {
    name: 'the caller has vanished when the callee hangs up',
    caller: caller().connect(),
    callee: callee().connect().pause(1000).request('BYE').expect(200),
    end: answered,
  },
  {
    name: 'nobody refreshes the session',
    caller: caller().connect().take('BYE', ['Reason', '.*']).answer('200 OK'),
    callee: callee().connect(['Require: timer', 'Session-Expires: 90;refresher=uas']).hangsUp(),
    end: { outcome: 'indeterminate', reason: 'session-expired' },
  },
  {
    name: 'INFO passes',
    caller: caller()
      .connect()
      .pause(talkMs)
      .request('INFO', { body: ['application/dtmf-relay', 'Signal=5\nDuration=160'] })
      .expect(200)
      .hangUp(),
    callee: callee()
      .connect()
      .take('INFO', ['Content-Type', 'application/dtmf-relay'])
      .answer('200 OK', { tag: '' })
      .hangsUp(),
    end: answered,
  },
  {
    name: 'a transfer goes into the other dialog',
    caller: caller()
      .connect()
      .pause(talkMs)
      .request('REFER', { headers: ['Refer-To: <sip:300@192.0.2.7>'] })
      .expect(202)
      .take('NOTIFY', ['Event', 'refer'])
      .answer('200 OK')
      .hangUp(),
    callee: callee()
      .connect(['Allow: INVITE, ACK, BYE, REFER, NOTIFY'])
      .take('REFER', ['Refer-To', '300'])
      .answer('202 Accepted', { tag: '' })
      .request('NOTIFY', {
        headers: ['Event: refer', 'Subscription-State: terminated;reason=noresource'],
        body: ['message/sipfrag', 'SIP/2.0 200 OK'],
      })
      .expect(200)
      .hangsUp(),
    callerPeer: { refer: 'relay' },
    end: answered,
  },
  {
    name: 'a transfer is not let through',
    caller: caller()
      .connect()
      .pause(talkMs)
      .request('REFER', { headers: ['Refer-To: <sip:300@192.0.2.7>'] })
      .expect(405)
      .hangUp(),
    callee: callee().connect().hangsUp(),
    end: answered,
  },
  {
    name: 'the hops are used up',
    caller: caller()
      .invite({ headers: ['Max-Forwards: 0'] })
      .mayCome(100)
      .expect(483)
      .ackRefusal(),
    callee: null,
    end: null,
  },
  {
    name: 'an unknown extension is required',
    caller: caller()
      .invite({ headers: ['Require: telepathy'] })
      .mayCome(100)
      .expect(420, ['Unsupported', 'telepathy'])
      .ackRefusal(),
    callee: null,
    end: null,
  },
];
