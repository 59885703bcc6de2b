import type { Duration, Mono, Wall } from "../../../config/units.ts";
import type { Clock } from "../effects.ts";

/** A timer of Node takes no longer time: it would fire at once. */
const TIMER_MAX = 2 ** 31 - 1;
/** A timer counts whole milliseconds and may fire that much too soon; setting it again for less would double the wake-ups. */
const TIMER_GRAIN = 1;

/** The clocks of the host. A sleep is exact to about a millisecond, in both directions. */
export function nodeClock(): Clock {
  const now = (): Mono => process.hrtime.bigint() as Mono;
  return {
    now,
    wall: () => Date.now() as Wall,
    worked: () => {
      const { user, system } = process.threadCpuUsage();
      return ((user + system) / 1000) as Duration;
    },
    sleep: (time: Duration, signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        if (signal.aborted) return resolve();
        const end = performance.now() + time;
        let timer = setTimeout(fired, delay(time));
        const aborted = () => {
          clearTimeout(timer);
          resolve();
        };
        signal.addEventListener("abort", aborted, { once: true });
        function fired(): void {
          const left = end - performance.now();
          if (left > TIMER_GRAIN) {
            timer = setTimeout(fired, delay(left));
            return;
          }
          // A signal outlives thousands of sleeps, so each takes its listener away.
          signal.removeEventListener("abort", aborted);
          resolve();
        }
      }),
  };
}

const delay = (time: number): number => Math.min(Math.ceil(time), TIMER_MAX);
