/**
 * `*` any run of characters, `?` one. The last star is the only place to go back to, so that time grows with the
 * product of both lengths at most, and a hostile number cannot make a rule slow.
 */
export function matchesPattern(pattern: string, value: string): boolean {
  let p = 0;
  let v = 0;
  let star = -1;
  let resume = 0;
  while (v < value.length) {
    if (pattern[p] === '*') {
      star = p++;
      resume = v;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === value[v])) {
      p += 1;
      v += 1;
    } else if (star >= 0) {
      p = star + 1;
      v = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}

/**
 * Whether everything that `narrow` matches is matched by `wide`. True is certain; false may be said of patterns that
 * only together, or by a detour, say the same.
 */
export function coversPattern(wide: string, narrow: string): boolean {
  const w = ordered(wide);
  const n = ordered(narrow);
  // `row[j]`: whether what is left of `w` covers `n` from j on; of nothing it covers nothing.
  let row = Array.from({ length: n.length + 1 }, (_, j) => j === n.length);
  for (let i = w.length - 1; i >= 0; i--) {
    const after = row;
    row = new Array<boolean>(n.length + 1).fill(false);
    for (let j = n.length; j >= 0; j--) {
      const rest = after[j + 1] ?? false;
      if (w[i] === '*') row[j] = (after[j] ?? false) || (row[j + 1] ?? false);
      else row[j] = j < n.length && n[j] !== '*' && (w[i] === '?' || w[i] === n[j]) && rest;
    }
  }
  return row[0] ?? false;
}

/** Within a run of wildcards `?` first and one `*`: `*?*` and `?*` are the same. */
function ordered(pattern: string): string {
  return pattern.replace(/[*?]{2,}/g, (run) => run.replaceAll('*', '') + (run.includes('*') ? '*' : ''));
}
