import { describe, expect, it } from 'vitest';
import { queueOf, queueOptions } from '../../src/policy/queue.ts';

const numbering = { country: 'LU', outsideLine: [] };
type Fields = Record<string, string[]>;

describe('queueOf', () => {
  const rows: [name: string, options: object, fields: Fields, expected: string | null][] = [
    ['nowhere to look', {}, { 'x-queue': ['sales'] }, null],
    ['a header of the PBX', { headers: ['X-Queue'] }, { 'x-queue': [' sales '] }, 'sales'],
    ['which is not there', { headers: ['X-Queue'] }, {}, null],
    ['which is empty', { headers: ['X-Queue'] }, { 'x-queue': [''] }, null],
    ['To', { headers: ['To'] }, { to: ['"Sales" <sip:27001@pbx;user=phone>;tag=1'] }, '27001'],
    ['To in its compact form', { headers: ['t'] }, { to: ['<tel:+352-27-001>'] }, '+35227001'],
    [
      'the latest diversion',
      { headers: ['Diversion'] },
      { diversion: ['<sip:q2@p>;reason=no-answer, <sip:q1@p>'] },
      'q2',
    ],
    ['in fields of their own', { headers: ['Diversion'] }, { diversion: ['<sip:q2@p>', '<sip:q1@p>'] }, 'q2'],
    [
      'who sent the call on, by History-Info',
      { headers: ['History-Info'] },
      {
        'history-info': [
          '<sip:main@p>;index=1, <sip:q1@p?Reason=SIP%3Bcause%3D302>;index=1.1',
          '<sip:agent@p>;index=1.1.1',
        ],
      },
      'q1',
    ],
    ['nobody did', { headers: ['History-Info'] }, { 'history-info': ['<sip:agent@p>;index=1'] }, null],
    ['a broken one', { headers: ['Diversion'] }, { diversion: ['<sip:q1@p'] }, null],
    ['the first that has one', { headers: ['X-Queue', 'To'] }, { to: ['<sip:27001@p>'] }, '27001'],
    ['by a name', { headers: ['To'], names: { '27001': 'sales' } }, { to: ['<sip:27001@p>'] }, 'sales'],
    [
      'in any form of its number',
      { headers: ['To'], names: { '+352270010*': 'sales' } },
      { to: ['<sip:27001099@p>'] },
      'sales',
    ],
    ['no name, no queue', { headers: ['To'], names: { '27001': 'sales' } }, { to: ['<sip:27002@p>'] }, null],
    ['too long to be one', { headers: ['X-Queue'] }, { 'x-queue': ['a'.repeat(129)] }, null],
  ];
  it.each(rows)('%s', (_name, options, fields, expected) => {
    const queue = queueOf(queueOptions.parse(options), new Map(Object.entries(fields)), numbering);
    expect(queue).toBe(expected);
  });
});
