import { describe, expect, it } from 'vitest';
import {
  grantedSeconds,
  leastSeconds,
  serviceRoutes,
} from '../../../src/signalling/peering/register-answer.ts';
import { registrationPlan } from '../../../src/signalling/peering/registration-plan.ts';
import { sipOptions } from '../../../src/signalling/options.ts';
import { SipHeaders, type SipResponse } from '../../../src/sip/message.ts';

function ok(...headers: [string, string][]): SipResponse {
  return {
    ...{ type: 'response', status: 200, phrase: 'OK', body: new Uint8Array() },
    headers: new SipHeaders(headers.map(([name, value]) => ({ name, value }))),
  };
}

const contact = '<sip:trunk1@192.0.2.1:5060>';

describe('RFC 3261 §10.2.4: how long a binding holds', () => {
  it.each<[string, [string, string][], number]>([
    [
      'what stands beside our Contact',
      [
        ['Contact', `${contact};expires=600`],
        ['Expires', '900'],
      ],
      600,
    ],
    [
      'among those of others, by the comparison of §19.1.4',
      [
        [
          'Contact',
          '<sip:trunk1@198.51.100.1>;expires=60, <sip:trunk1@192.0.2.1:5060;x=y>;q=0.5;expires=700',
        ],
      ],
      700,
    ],
    [
      'else Expires',
      [
        ['Contact', contact],
        ['Expires', '900'],
      ],
      900,
    ],
    [
      'also where the registrar lists another Contact',
      [
        ['Contact', '<sip:x@192.0.2.9>;expires=60'],
        ['Expires', '900'],
      ],
      900,
    ],
    ['else what was asked', [], 3600],
    ['a broken one counts as none', [['Contact', `${contact};expires=soon`]], 3600],
    ['at most a week', [['Expires', '4294967295']], 604_800],
    ['nothing', [['Contact', `${contact};expires=0`]], 0],
  ])('%s', (_name, headers, expected) => {
    expect(grantedSeconds(ok(...headers), contact, 3600)).toBe(expected);
  });

  it('§20.23: Min-Expires', () => {
    expect(leastSeconds(ok(['Min-Expires', ' 7200 ']).headers)).toBe(7200);
    expect(leastSeconds(ok().headers)).toBe(null);
  });

  it('RFC 3608 §5: Service-Route in its order, and eight at most', () => {
    const routes = ok(
      ['Service-Route', '<sip:p1.example;lr>, <sip:p2.example;lr>'],
      ['Service-Route', '<sip:p3.example;lr>'],
    );
    expect(serviceRoutes(routes)).toEqual([
      '<sip:p1.example;lr>',
      '<sip:p2.example;lr>',
      '<sip:p3.example;lr>',
    ]);
    const many = Array.from({ length: 20 }, (_, i): [string, string] => [
      'Service-Route',
      `<sip:p${i}.example;lr>`,
    ]);
    expect(serviceRoutes(ok(...many))).toHaveLength(8);
    expect(serviceRoutes(ok(['Service-Route', '<broken']))).toEqual([]);
  });
});

describe('what is registered', () => {
  const auth = { username: 'trunk1', password: 'p', realm: 'r' };

  function planOf(row: Readonly<Record<string, unknown>>) {
    const { peers } = sipOptions.parse({
      listeners: [{ id: 'lan', transport: 'udp', address: '192.0.2.1', port: 5060 }],
      peers: [
        {
          ...{ id: 'a', side: 'trunk', listener: 'lan', match: ['198.51.100.1'] },
          ...{ targets: ['sip:sbc.example:5070'], ...row },
        },
      ],
      routes: [{ from: 'a', to: ['a'] }],
    });
    return registrationPlan(peers[0]!);
  }

  it.each<[string, Readonly<Record<string, unknown>>, object | string | null]>([
    ['nothing by itself', { auth }, null],
    [
      'true: user of auth, host of the first target',
      { auth, register: true },
      { aor: 'sip:trunk1@sbc.example', domain: 'sbc.example', contactUser: 'trunk1', expiresSeconds: 3600 },
    ],
    [
      'true: domain',
      { auth, domain: 'carrier.example', register: true },
      { aor: 'sip:trunk1@carrier.example', domain: 'carrier.example' },
    ],
    [
      'a user name with its domain',
      { auth: { ...auth, username: '+352 1@ims.example' }, register: true },
      { aor: 'sip:+352%201@ims.example', domain: 'ims.example', contactUser: '+352%201' },
    ],
    [
      'all in full, without auth',
      { register: { aor: 'sip:me@x.example:5080;y=z', contactUser: 'line-1', expiresSeconds: 120 } },
      { aor: 'sip:me@x.example:5080', domain: 'x.example:5080', contactUser: 'line-1', expiresSeconds: 120 },
    ],
    [
      'nobody to be',
      { register: true },
      'needs to know as whom; give `auth`, or `register: { aor: sip:user@domain }`',
    ],
    [
      'no user',
      { register: { aor: 'sip:x.example' } },
      ': "sip:x.example" is no address of record; write it as sip:user@domain',
    ],
  ])('%s', (_name, row, expected) => {
    const plan = planOf(row);
    if (plan === null || typeof plan === 'string') expect(plan).toBe(expected);
    else expect(plan).toMatchObject(expected as object);
  });
});
