import type { LifeEnd } from "./checkers.ts";
import { type SimDisk, TICK, TURN } from "./disk.ts";
import type { Ending, Life, Stage } from "./life.ts";
import { MS } from "./schedule.ts";

/** Ends a life for itself and its disk, and says what a checker must know of it. `refused`: lives that the disk refused something. */
export function endLife(
  life: Life,
  how: Ending,
  { stage, disk, refused }: { readonly stage: Stage; readonly disk: SimDisk; readonly refused: ReadonlySet<number> },
): LifeEnd {
  const { schedule, trace } = stage;
  const busy = disk.busyTime(TICK);
  const recovering = schedule.now - disk.busyTime(TURN) <= life.began + 1 * MS;
  life.markEnded(how);
  trace.add("end", schedule.now, life.index, how, busy);
  disk.lifeEnded(how === "power");
  return { life, at: schedule.now, how, busy, recovering, refused: refused.has(life.index) };
}
