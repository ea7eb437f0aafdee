import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/config/default-config.ts';
import { printFault } from '../../src/config/fault.ts';
import { loadConfig } from '../../src/config/load.ts';

/** Two peers and one prompt that tells everything; `rules` is YAML of `recording`. */
function linesOf(
  recording: string,
  purpose = 'legalBasis: legitimate-interest, retention: 90d',
): readonly string[] {
  const text = `
sip:
  listeners: [{ id: lan, transport: udp, address: 127.0.0.2 }]
  peers:
    - { id: pbx, side: pbx, listener: lan, match: [127.0.0.4], targets: ["sip:127.0.0.4"] }
    - { id: carrier, side: trunk, listener: lan, match: [127.0.0.3], targets: ["sip:127.0.0.3"] }
  routes: [{ from: pbx, to: [carrier] }, { from: carrier, to: [pbx] }]
media: { address: 127.0.0.2, ports: 20000-20099 }
consent:
  prompts:
    - { id: en, language: en, file: x.wav, purpose: quality, text: "Recorded.",
        tells: { controller: ACME, purpose: quality, retention: 90d, notice: acme.lu } }
    - { id: fr, language: fr, file: y.wav, purpose: quality, text: "Enregistré.",
        tells: { controller: ACME, purpose: quality, retention: 90d, notice: acme.lu } }
    - { id: en-too, language: en, file: z.wav, purpose: quality, text: "Recorded.",
        tells: { controller: ACME, purpose: quality, retention: 90d, notice: acme.lu } }
purposes:
  - { id: quality, description: Quality, ${purpose} }
recording:
  rules:
${recording}
`;
  const loaded = loadConfig(text, 'x.yaml', {});
  return (loaded.ok ? loaded.value.warnings : loaded.error).map(printFault);
}

const first = 21;
const rule = (id: string, rest = ''): string =>
  `    - { id: ${id}, mode: automatic, purpose: quality, announce: { prompt: en }${rest} }`;
const never = (id: string, when: string): string => `    - { id: ${id}, mode: never, when: { ${when} } }`;
const office =
  '  schedules:\n    - { id: office, timeZone: Europe/Luxembourg, open: ["mon-fri 08:00-18:00"] }\n    - { id: lunch, timeZone: Europe/Luxembourg, open: ["mon-fri 12:00-13:00"] }';

describe('a set of rules', () => {
  it('without fault or warning says nothing', () => {
    expect(linesOf([never('a', 'from: 101'), rule('b')].join('\n'))).toEqual([]);
  });

  const rows: [name: string, recording: string, line: number, expected: RegExp][] = [
    [
      'contradicts itself: direction and peer',
      rule('a', ', when: { direction: inbound, callerPeer: pbx }'),
      0,
      /rules\[0\]\.when: matches no call: direction, peers and extension contradict/,
    ],
    [
      'contradicts itself: extension of an internal call',
      rule('a', ', when: { direction: internal, extension: 1 }'),
      0,
      /contradict each other/,
    ],
    ['no route', rule('a', ', when: { direction: internal }'), 0, /warning: .*matches no call of any route/],
    [
      'no time: within and outside of the same',
      `${rule('a', ', when: { schedule: office, outsideSchedule: office }')}\n${rule('b', ', when: { schedule: lunch }')}\n${office}`,
      0,
      /outsideSchedule: matches no call: its schedules leave no time/,
    ],
    [
      'no time: within what the other covers',
      `${rule('a', ', when: { schedule: lunch, outsideSchedule: office }')}\n${office}`,
      0,
      /leave no time/,
    ],
    [
      'shadowed by the same',
      [rule('a', ', when: { to: "+352*" }'), rule('b', ', when: { to: "+352*" }')].join('\n'),
      1,
      /warning: recording\.rules\[1\]: is never reached: "a" before it/,
    ],
    [
      'shadowed by a wider pattern',
      [rule('a', ', when: { to: "+352*" }'), rule('b', ', when: { to: "+35262*" }')].join('\n'),
      1,
      /warning: .*is never reached/,
    ],
    [
      'shadowed by a rule without conditions',
      [rule('a'), rule('b', ', when: { queue: "*" }')].join('\n') + '\n  queues: { headers: [X-Queue] }',
      1,
      /warning: .*is never reached/,
    ],
    [
      'shadowed in time',
      `${[rule('a', ', when: { schedule: office }'), rule('b', ', when: { schedule: lunch }')].join('\n')}\n${office}`,
      1,
      /warning: .*is never reached/,
    ],
    [
      'shadowed, and would be recorded although never to be',
      [rule('a'), never('b', 'from: 101')].join('\n'),
      1,
      /^x\.yaml:22: recording\.rules\[1\]: is never reached/,
    ],
    [
      'an unknown peer',
      never('a', 'peer: trunk'),
      0,
      /when\.peer: names no peer "trunk"; known: pbx, carrier/,
    ],
    ['a pattern of no peer', never('a', 'callerPeer: "t*"'), 0, /names no peer "t\*"/],
    [
      'an unknown schedule',
      never('a', 'schedule: office'),
      0,
      /names no schedule "office"; there is no schedule yet/,
    ],
    [
      'a queue that nothing gives',
      never('a', 'queue: sales'),
      0,
      /name some in `recording\.queues\.headers`/,
    ],
    [
      'a queue without a name',
      `${never('a', 'queue: sale')}\n  queues: { headers: [To], names: { "27001": sales } }`,
      0,
      /names no queue "sale"; known: sales/,
    ],
    ['a sample of nothing', never('a', 'sample: 0'), 0, /sample: matches no call; remove the rule/],
    ['a sample of everything', never('a', 'sample: 100'), 0, /warning: .*sample: is every call; remove it/],
    ['a sample above it', never('a', 'sample: 101'), 0, /is percent: at most 100/],
    [
      'a schedule that nobody uses',
      `${rule('a')}\n${office.split('\n').slice(0, 2).join('\n')}`,
      2,
      /warning: recording\.schedules\[0\]: no rule names "office"/,
    ],
    ['a header without a name', never('a', 'header: { "X A": b }'), 0, /is no name of a header/],
    [
      'no announcement',
      '    - { id: a, mode: automatic, purpose: quality }',
      0,
      /records without telling anyone/,
    ],
    [
      'no announcement on demand',
      '    - { id: a, mode: on-demand, purpose: quality }',
      0,
      /records without telling anyone/,
    ],
    [
      'a translation that is not there',
      rule('a').replace('{ prompt: en }', '{ prompt: en, translations: [fr, de] }'),
      0,
      /announce\.translations\[1\]: names no prompt "de"; known: en, fr, en-too/,
    ],
    [
      'two prompts of a language',
      rule('a').replace('{ prompt: en }', '{ prompt: en, translations: [en-too] }'),
      0,
      /announce\.translations\[0\]: speaks "en" as "en" does; keep one prompt a language/,
    ],
    [
      'a language without a prompt',
      rule('a').replace('{ prompt: en }', '{ prompt: en, translations: [fr], languages: [lb] }'),
      0,
      /announce\.languages\[0\]: no prompt of the rule speaks "lb"/,
    ],
    [
      'a number of a language without a prompt',
      rule('a').replace('{ prompt: en }', '{ prompt: en, languageByNumber: { "+49*": de } }'),
      0,
      /announce\.languageByNumber.*no prompt of the rule speaks "de"/,
    ],
    [
      'the callee is told before it is dialled',
      rule('a', ', told: x').replace('{ prompt: en }', '{ prompt: en, to: callee, when: before-connect }'),
      0,
      /announce\.when: tells the callee before it is dialled; use `when: on-answer`/,
    ],
    [
      'kept from before anybody was told',
      rule('a', ', lookbackSeconds: 10').replace('automatic', 'on-demand'),
      0,
      /lookbackSeconds: keeps what was said before the parties were told; use `announceAt: call`/,
    ],
    [
      'kept from before, and cut',
      rule('a', ', lookbackSeconds: 10, announceAt: call, pause: cut').replace('automatic', 'on-demand'),
      0,
      /pause: does not go with `lookbackSeconds`/,
    ],
    [
      'heard before anybody asks for a recording',
      rule('a', ', lookbackSeconds: 10, announceAt: call, beep: { everySeconds: 15 }').replace(
        'automatic',
        'on-demand',
      ),
      0,
      /beep: would sound before anybody asks for the recording/,
    ],
    [
      'heard in emergency calls',
      '    - { id: a, mode: automatic, purpose: quality, announce: elsewhere, told: law, when: { emergency: true }, beep: { everySeconds: 15 } }',
      0,
      /beep: sounds in emergency calls/,
    ],
    [
      'told in each call, and recorded in each anyway',
      rule('a', ', announceAt: call'),
      0,
      /announceAt: is for `mode: on-demand`/,
    ],
    [
      'told at the answer, and before it',
      rule('a', ', announceAt: call')
        .replace('automatic', 'on-demand')
        .replace('{ prompt: en }', '{ prompt: en, when: before-connect }'),
      0,
      /announce\.when: is earlier than `announceAt: call` tells/,
    ],
    [
      'a prompt in the file that others play',
      '    - { id: a, mode: automatic, purpose: q, announce: elsewhere, told: t, record: include-prompt }',
      0,
      /record: needs a prompt of ours, which `announce: elsewhere` has not/,
    ],
    [
      'a prompt in the file that is played before there is one',
      rule('a', ', record: include-prompt, announceAt: call').replace('automatic', 'on-demand'),
      0,
      /record: is not for `announceAt: call`/,
    ],
    [
      'a prompt in the file of which the caller hears another before',
      rule('a', ', record: include-prompt').replace('{ prompt: en }', '{ prompt: en, when: before-connect }'),
      0,
      /warning: .*record: holds what the callee is told alone/,
    ],
    [
      'a code for two things',
      rule('a', ', featureCodes: { start: "*1", pause: "*1" }'),
      0,
      /featureCodes\.pause: is the code of `start` too; give each its own/,
    ],
    [
      'a code that hides another',
      rule('a', ', featureCodes: { start: "*1", stop: "*12" }'),
      0,
      /featureCodes\.stop: "\*12" and "\*1" of `start` begin alike/,
    ],
    [
      'on demand, and nobody may demand it',
      rule('a', ', mayStart: []').replace('automatic', 'on-demand'),
      0,
      /mayStart: records nothing, since nobody may start it/,
    ],
    ['no purpose', rule('a').replace('purpose: quality, ', ''), 0, /records without a purpose/],
    [
      'kept longer than was told',
      rule('a', ', retention: 91d'),
      0,
      /retention: keeps recordings for 91 days, prompt "en" tells of 90 days at most/,
    ],
    [
      'an answer by no key',
      rule('a', ', consent: opt-out'),
      0,
      /consent: "opt-out" is answered by a key; say which one/,
    ],
    [
      'a key that answers nothing',
      rule('a').replace('prompt: en', 'prompt: en, key: 1'),
      0,
      /announce\.key: answers nothing with `consent: notice`/,
    ],
    ...['notice', 'opt-in'].map((consent): (typeof rows)[number] => [
      `a refusal that is to be remembered and that nobody can give: ${consent}`,
      rule('a', `, consent: ${consent}`).replace('prompt: en', 'prompt: en, key: 1, remember: true'),
      0,
      /announce\.remember: remembers who refuses.*use `consent: opt-out`/,
    ]),
    [
      'an answer that nobody asks for',
      rule('a', ', consent: opt-in, told: Others ask.').replace('{ prompt: en }', 'elsewhere'),
      0,
      /consent: "opt-in" needs a prompt of ours that asks/,
    ],
  ];
  it.each(rows)('%s', (_name, recording, offset, expected) => {
    const lines = linesOf(recording).filter((line) => expected.test(line));
    expect(lines, linesOf(recording).join('\n')).toHaveLength(1);
    expect(lines[0]).toContain(`x.yaml:${first + offset}: `);
  });

  it('rests on consent only where consent is asked for', () => {
    const [line] = linesOf(rule('a'), 'legalBasis: consent, retention: 1d');
    expect(line).toMatch(/consent: purpose "quality" rests on consent.*use `consent: opt-in`/);
  });

  it('needs a legal basis for each purpose', () => {
    expect(linesOf(rule('a'), 'retention: 1d')[0]).toMatch(/purposes\[0\]\.legalBasis: /);
  });

  it('takes numbers as they are written', () => {
    const lines = linesOf(
      [rule('a', ', when: { to: +352621000000 }'), rule('b', ', when: { to: "+352621000000" }')].join('\n'),
    );
    expect(lines[0]).toMatch(/"a" before it/);
  });
});

describe('a prompt', () => {
  it('that leaves something untold is warned about', () => {
    const loaded = loadConfig(defaultConfig, 'x.yaml', {});
    expect(loaded.ok && loaded.value.warnings.map(printFault)).toEqual([
      'x.yaml:21: warning: consent.prompts[0].tells: does not tell who records (controller), for how long at most (retention), where the full notice is (notice); say it in the audio and here, or tell it before the call',
    ]);
  });
});
