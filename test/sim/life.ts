import type { Random } from "./random.ts";
import type { Instant, Schedule } from "./schedule.ts";
import type { Trace } from "./trace.ts";

/** What every part of the world shares. */
export type Stage = { readonly schedule: Schedule; readonly trace: Trace; readonly random: Random };

/** How a process ends: SIGKILL or a crash, the power of the host, or a clean stop. */
export type Ending = "killed" | "power" | "clean";
/** One boot of the host: monotonic time counts from `zero`. */
export type Boot = { readonly id: string; readonly zero: Instant };

/**
 * One process of the agent. From its end on nothing that it does has any effect: promises of its effects never settle, and
 * what its running turn still does is done by a ghost. (Nothing is thrown into a dying turn: a kill does not unwind a stack.)
 */
export class Life {
  readonly index: number;
  readonly boot: Boot;
  readonly began: Instant;
  readonly #stage: Stage;
  readonly #end: (life: Life) => void;
  #operationsLeft: number;
  #ended: { readonly at: Instant; readonly how: Ending } | undefined;

  /** `crashAt`: the life ends at its so-many-th file operation, by `end`. */
  constructor(options: { index: number; boot: Boot; stage: Stage; crashAt: number; end: (life: Life) => void }) {
    this.index = options.index;
    this.boot = options.boot;
    this.began = options.stage.schedule.now;
    this.#stage = options.stage;
    this.#operationsLeft = options.crashAt;
    this.#end = options.end;
  }

  get alive(): boolean {
    return this.#ended === undefined;
  }

  get ended(): { readonly at: Instant; readonly how: Ending } | undefined {
    return this.#ended;
  }

  markEnded(how: Ending): void {
    this.#ended = { at: this.#stage.schedule.now, how };
  }

  /** Counts a file operation; false when the life ends at it. */
  operation(): boolean {
    this.#operationsLeft -= 1;
    if (this.#operationsLeft !== 0) return true;
    this.#end(this);
    return false;
  }

  /** Does `act` after `delay` µs and settles with what it returns or throws, unless the life has ended by then. */
  later<T>(delay: number, act: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!this.alive) return;
      this.#stage.schedule.after(delay, () => {
        if (!this.alive) return;
        try {
          resolve(act());
        } catch (caught) {
          reject(caught);
        }
      });
    });
  }
}

/** A promise of a life that has ended. */
export const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
