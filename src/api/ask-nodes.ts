import { err, type Result } from '../kernel/result.ts';
import type { Ask, AskFault, NodeRegistry, Value } from '../link/ports.ts';

/** A call that is too young to be in the database is on one of the connected nodes, or nowhere. */
export async function askAllNodes<M extends 'control' | 'ladder'>(
  nodes: NodeRegistry,
  ask: Ask<M>,
  withinMs: number,
): Promise<Result<Value<M>, AskFault>> {
  const answers = await Promise.all(nodes.nodes().map(({ nodeId }) => nodes.ask<M>(nodeId, ask, withinMs)));
  return answers.find((answer) => answer.ok || answer.error !== 'no-call') ?? err('no-call');
}
