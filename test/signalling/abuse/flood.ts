/** Sends many messages as fast as the loop takes them, without starving who receives them in the same process. */
export async function flood(count: number, send: (n: number) => void): Promise<void> {
  for (let n = 0; n < count; n++) {
    send(n);
    if (n % 20 === 19) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Sends again until the answer comes, as RFC 3261 §17.1.2.1 has a client do over UDP. */
export async function untilAnswered<T>(send: () => void, answer: Promise<T>): Promise<T> {
  send();
  const timer = setInterval(send, 250);
  try {
    return await answer;
  } finally {
    clearInterval(timer);
  }
}

/** Numbers from a seed (a linear congruential generator), so that a failure can be played again. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
