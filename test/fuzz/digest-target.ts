import fc from 'fast-check';
import { expect } from 'vitest';
import { readChallenges } from '../../src/sip/digest-challenge.ts';
import { authorize } from '../../src/sip/digest-client.ts';
import { parseDigestParams } from '../../src/sip/digest-params.ts';
import { challengeValues, readProof } from '../../src/sip/digest-server.ts';
import { noBody, SipHeaders, type SipRequest, type SipResponse } from '../../src/sip/message.ts';
import { serializeMessage } from '../../src/sip/serialize.ts';
import { applyEdits, byteEdits } from './byte-edits.ts';
import type { FuzzTarget } from './fuzz-target.ts';

const credentials = { username: 'alice', password: 'correct horse', realm: 'carrier.example' };
const demand = { ...credentials, algorithms: ['SHA-256', 'MD5'] as const };

function invite(fields: readonly (readonly [string, string])[] = []): SipRequest {
  const headers = new SipHeaders(fields.map(([name, value]) => ({ name, value })));
  return { type: 'request', method: 'INVITE', uri: 'sip:352@carrier.example', headers, body: noBody };
}

function challenged(values: readonly string[]): SipResponse {
  const headers = new SipHeaders(values.map((value) => ({ name: 'Proxy-Authenticate', value })));
  return { type: 'response', status: 407, phrase: '', headers, body: noBody };
}

/** Header text as the parser gives it: no line ends. */
const asHeader = (bytes: Buffer): string =>
  bytes
    .toString('latin1')
    .replace(/[\r\n\0]/g, ' ')
    .trim();

/** Our answer to whatever asks: one header, for our realm alone, without the password. */
function answers(value: string): void {
  const { chosen } = readChallenges(challenged([value]), credentials.realm);
  for (const challenge of chosen) {
    expect(challenge.realm).toBe(credentials.realm);
    const { request } = authorize({ challenge, clientNonce: 'c0ffee', uses: 0 }, credentials, invite());
    serializeMessage(request);
    const given = request.headers.first('proxy-authorization') ?? '';
    const params = parseDigestParams(given);
    expect(params?.get('realm')).toBe(credentials.realm);
    expect(params?.get('username')).toBe(credentials.username);
    expect(given).not.toContain(credentials.password);
  }
}

const validChallenge = challengeValues(demand, 'a1b2c3d4', false)[0] ?? '';
const { chosen } = readChallenges(challenged([validChallenge]), credentials.realm);
const validProof =
  chosen[0] === undefined
    ? ''
    : (authorize(
        { challenge: chosen[0], clientNonce: 'c0ffee', uses: 0 },
        credentials,
        invite(),
      ).request.headers.first('proxy-authorization') ?? '');
const trueResponse = parseDigestParams(validProof)?.get('response');

/** Who did not compute it has not proved it: a changed proof is right only while the computed part is what it was. */
function proves(value: string): void {
  const proof = readProof(invite([['Proxy-Authorization', value]]), demand);
  if (proof.kind !== 'right') return;
  expect(parseDigestParams(value)?.get('response')?.toLowerCase()).toBe(trueResponse);
  expect(Number.isSafeInteger(proof.count)).toBe(true);
}

const edited = (value: string): fc.Arbitrary<string> =>
  byteEdits(1).map((edits) => asHeader(applyEdits(Buffer.from(value, 'latin1'), edits)));

export const digestTarget: FuzzTarget = {
  name: 'digest: challenges and proofs that may be broken or forged',
  property: fc.property(fc.tuple(edited(validChallenge), edited(validProof)), ([challenge, proof]) => {
    answers(challenge);
    proves(proof);
  }),
};

/** The unedited ones are what they claim to be, or the property would say nothing. */
export const digestSamples = {
  challenge: readChallenges(challenged([validChallenge]), credentials.realm).chosen.length,
  proof: readProof(invite([['Proxy-Authorization', validProof]]), demand).kind,
};
