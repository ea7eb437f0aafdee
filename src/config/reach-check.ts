import { type CallPath, covers, leavesNoTime, pathsOf } from '../policy/coverage.ts';
import type { RuleOptions } from '../policy/options.ts';
import type { WeeklySchedule } from '../policy/schedule.ts';
import { callDirection } from '../signalling/call-direction.ts';
import type { KeyFault, KeyPath } from './fault.ts';
import type { Config } from './schema.ts';

/** Rules that no call can meet: contradictions are faults, what an earlier rule takes is one where it is dangerous. */
export function reachFaults(config: Config): KeyFault[] {
  const { rules, schedules } = config.recording;
  const site: Site = {
    schedules: new Map(schedules.map((schedule) => [schedule.id, schedule])),
    paths: possiblePaths(config),
  };
  const routed = routedPaths(config, site.paths);
  return rules.flatMap((rule, i) => {
    const path = ['recording', 'rules', i];
    const never = contradiction(rule, site, path) ?? unrouted(rule, routed, path);
    return never === null ? shadowed(rules, i, site, path) : [never];
  });
}

interface Site {
  readonly paths: readonly CallPath[];
  readonly schedules: ReadonlyMap<string, WeeklySchedule>;
}

function possiblePaths({ sip }: Config): readonly CallPath[] {
  return sip.peers.flatMap((from) =>
    sip.peers.map((to) => ({
      callerPeer: from.id,
      calleePeer: to.id,
      direction: callDirection(from, to),
    })),
  );
}

function routedPaths({ sip }: Config, paths: readonly CallPath[]): readonly CallPath[] {
  return paths.filter(({ callerPeer, calleePeer }) =>
    sip.routes.some(({ from, to }) => from === callerPeer && to.includes(calleePeer)),
  );
}

function contradiction({ when }: RuleOptions, { paths, schedules }: Site, path: KeyPath): KeyFault | null {
  if (paths.length > 0 && pathsOf(when, paths).length === 0) {
    const message =
      'matches no call: direction, peers and extension contradict each other (inbound is from a trunk, outbound from a pbx to a trunk, and an internal call has no extension); mend one of them';
    return { path: [...path, 'when'], message };
  }
  if (!leavesNoTime(when, schedules)) return null;
  const message = 'matches no call: its schedules leave no time; mend `schedule` or `outsideSchedule`';
  return { path: [...path, 'when', 'outsideSchedule'], message };
}

/** A route may come later, and calls that replace others take none. */
function unrouted({ when }: RuleOptions, routed: readonly CallPath[], path: KeyPath): KeyFault | null {
  if (routed.length === 0 || pathsOf(when, routed).length > 0) return null;
  const message = 'matches no call of any route; mend direction or peers, or add the route';
  return { path: [...path, 'when'], message, severity: 'warning' };
}

function shadowed(rules: readonly RuleOptions[], index: number, site: Site, path: KeyPath): KeyFault[] {
  const rule = rules[index];
  const earlier = rules
    .slice(0, index)
    .find(({ when }) => rule !== undefined && covers(when, rule.when, site));
  if (rule === undefined || earlier === undefined) return [];
  // Who is never to be recorded would be.
  const dangerous = rule.mode === 'never' && earlier.mode !== 'never';
  const message = `is never reached: "${earlier.id}" before it matches every call that it does; move it up, or remove it`;
  return [{ path, message, severity: dangerous ? 'fault' : 'warning' }];
}
