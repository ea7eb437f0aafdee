/** SIPp's side of a call, as XML: Debian's 3.6.1 reads it from a file. */

const session = (origin: string, port: number): string => `v=0
o=${origin} 1 1 IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio ${port} RTP/AVP 8 0
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=ptime:20
`;

const request = (method: string, cseq: number, tag: string, body = ''): string => `<![CDATA[
${method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:c[call_number]@[local_ip]:[local_port]>;tag=c[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>${tag}
Call-ID: [call_id]
CSeq: ${cseq} ${method}
Contact: <sip:caller@[local_ip]:[local_port]>
Max-Forwards: 70
${body === '' ? '' : 'Content-Type: application/sdp\n'}Content-Length: [len]

${body}]]>`;

const response = (status: string, tag: string, body = ''): string => `<![CDATA[
SIP/2.0 ${status}
[last_Via:]
[last_From:]
[last_To:]${tag}
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:callee@[local_ip]:[local_port]>
${body === '' ? '' : 'Content-Type: application/sdp\n'}Content-Length: [len]

${body}]]>`;

/** Calls, talks for this long, hangs up. */
export const callerScenario = (holdMs: number): string => `<?xml version="1.0" encoding="ISO-8859-1"?>
<scenario name="caller">
  <send retrans="500" start_rtd="setup">${request('INVITE', 1, '', session('caller', 6000))}</send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="200" rtd="setup"/>
  <send>${request('ACK', 1, '[peer_tag_param]')}</send>
  <pause milliseconds="${holdMs}"/>
  <send retrans="500">${request('BYE', 2, '[peer_tag_param]')}</send>
  <recv response="200"/>
</scenario>
`;

/** Rings and answers at once, and waits for the end. */
export const calleeScenario = `<?xml version="1.0" encoding="ISO-8859-1"?>
<scenario name="callee">
  <recv request="INVITE"/>
  <send>${response('180 Ringing', ';tag=s[call_number]')}</send>
  <send retrans="500">${response('200 OK', ';tag=s[call_number]', session('callee', 6002))}</send>
  <recv request="ACK"/>
  <recv request="BYE"/>
  <send>${response('200 OK', '')}</send>
  <timewait milliseconds="4000"/>
</scenario>
`;
