import type { Trouble } from "./trouble.ts";

/** The end of a session, which comes once. */
export type End = {
  readonly why: Trouble | undefined;
  /** The first reason holds. */
  now(why: Trouble): void;
  /** Rejects with the reason where the end comes first. */
  before<T>(work: (resolve: (value: T) => void) => void): Promise<T>;
};

/** `close`: what is done at the end, whoever calls it. */
export function endOf(close: () => void): End {
  const waiting = new Set<(why: Trouble) => void>();
  const state: { why: Trouble | undefined } = { why: undefined };
  return {
    get why() {
      return state.why;
    },
    now: (why) => {
      if (state.why !== undefined) return;
      state.why = why;
      close();
      for (const reject of waiting) reject(why);
    },
    before: (work) =>
      new Promise((resolve, reject) => {
        if (state.why !== undefined) return reject(state.why);
        waiting.add(reject);
        work((value) => {
          waiting.delete(reject);
          resolve(value);
        });
      }),
  };
}
