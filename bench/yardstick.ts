import { sipCases } from './micro/sip-cases.ts';

const everyMs = 200;
const perBurst = 100;

/**
 * What parsing an INVITE costs while something else is measured, microseconds of CPU: other load on the machine
 * makes both slower alike, so that their ratio can be compared between runs and machines.
 */
export function startYardstick(): () => number {
  const parse = sipCases.find(({ name }) => name === 'parse')?.setUp() ?? (() => undefined);
  for (let i = 0; i < 5000; i++) parse();
  let spent = 0;
  let parsed = 0;
  const timer = setInterval(() => {
    const before = process.cpuUsage();
    for (let i = 0; i < perBurst; i++) parse();
    const { user, system } = process.cpuUsage(before);
    spent += user + system;
    parsed += perBurst;
  }, everyMs);
  return () => {
    clearInterval(timer);
    return parsed === 0 ? 0 : spent / parsed;
  };
}
