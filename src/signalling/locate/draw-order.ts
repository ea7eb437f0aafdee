/** A whole number from 0 to `most`, each as likely. */
export type Draw = (most: number) => number;

/**
 * The servers of one priority in the order in which they are tried, drawn anew for each call (RFC 2782, "Weight"):
 * those of weight 0 come first in the list, and each draw takes the first whose running sum reaches the number.
 */
export function drawOrder<One extends { readonly weight: number }>(
  group: readonly One[],
  draw: Draw,
): readonly One[] {
  if (group.length < 2) return group;
  const left = shuffled(group, draw).sort((a, b) => Number(a.weight > 0) - Number(b.weight > 0));
  let sum = left.reduce((total, { weight }) => total + weight, 0);
  const order: One[] = [];
  while (left.length > 0) {
    // From 0 only where some have no weight: with 1 and 3, an inclusive 0 would make it 30 to 70.
    const least = left[0]?.weight === 0 ? 0 : 1;
    const at = indexOfSum(left, least + draw(Math.max(0, sum - least)));
    const [taken] = left.splice(at, 1);
    if (taken === undefined) break;
    sum -= taken.weight;
    order.push(taken);
  }
  return order;
}

/** RFC 2782 takes the records "in any order": so that those of weight 0 share as well. */
function shuffled<One>(list: readonly One[], draw: Draw): One[] {
  const left = [...list];
  const order: One[] = [];
  while (left.length > 0) order.push(...left.splice(draw(left.length - 1), 1));
  return order;
}

function indexOfSum(list: readonly { readonly weight: number }[], wanted: number): number {
  let running = 0;
  const at = list.findIndex(({ weight }) => {
    running += weight;
    return running >= wanted;
  });
  return Math.max(0, at);
}
