/** A worker that does not answer in time is left out of this scrape. */
const answerWithinMs = 500;

/** Matches a worker's `stats` answers to those who asked. */
export class StatsDesk<Stats> {
  #waiting: ((stats: Stats) => void)[] = [];

  ask(post: () => void): Promise<Stats | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        resolve(null);
      }, answerWithinMs);
      this.#waiting.push((stats) => {
        clearTimeout(timer);
        resolve(stats);
      });
      post();
    });
  }

  answer(stats: Stats): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve(stats);
  }
}
