import type { DiskPace } from "./disk.ts";
import type { LifePlan } from "./plan.ts";
import type { Random } from "./random.ts";
import { MS, SECOND } from "./schedule.ts";

/** What happens to the spool alone in a seed: many short lives. Each seed has some kinds of trouble and not others. */
export type SpoolPlan = {
  readonly lives: readonly LifePlan[];
  readonly disk: DiskPace;
  readonly windowMs: number;
  /** Bytes of all files. */
  readonly size: number;
  /** Chances a tick. */
  readonly rate: number;
  readonly connectChance: number;
  readonly dropChance: number;
  readonly slow: number;
  readonly refuse: number;
  readonly quota: number;
  readonly fillMax: number;
  readonly epochs: number;
  /** Between lives stored bytes change by themselves. */
  readonly rot: number;
  /** The disk refuses now and then; never beside power cuts. */
  readonly refusal: boolean;
};

const LIVES_MIN = 20;
const LIVES_MAX = 120;
/** Most die in their recovery or soon after it. */
const CRASH_RANGES = [
  [1, 12],
  [1, 40],
  [10, 90],
] as const;

export function spoolPlanOf(random: Random): SpoolPlan {
  const some = <T>(chance: number, value: T, otherwise: T): T => (random.chance(chance) ? value : otherwise);
  const refusal = random.chance(0.15);
  const rot = some(0.25, 0.3, 0);
  const noPower = refusal || (rot > 0 && random.chance(0.5));
  return {
    lives: Array.from({ length: random.between(LIVES_MIN, refusal ? LIVES_MIN : LIVES_MAX) }, () => lifeOf(random, noPower)),
    disk: {
      writeMax: random.pick([100, 2 * MS]),
      syncMax: random.pick([2 * MS, 15 * MS]),
      slowChance: some(0.2, 0.1, 0),
      slowMax: random.pick([100 * MS, 1500 * MS]),
    },
    windowMs: random.pick([250, 250, 650]),
    size: random.pick([96, 128, 2048]) * 1024,
    rate: random.pick([0.05, 0.2, 0.6]),
    connectChance: random.pick([0, 0.02, 0.2]),
    dropChance: random.pick([0, 0.01, 0.1]),
    slow: random.pick([0, 0.3, 0.9]),
    refuse: some(0.2, 0.02, 0),
    quota: random.pick([1, 3, 20]),
    // What a refusing disk leaves in the rings fits into them: beyond that, alerts are in memory alone, and a kill costs them.
    fillMax: random.pick(refusal ? [0, 60] : [0, 60, 900]),
    epochs: random.between(1, 3),
    rot,
    refusal,
  };
}

function lifeOf(random: Random, noPower: boolean): LifePlan {
  const [low, high] = random.pick(CRASH_RANGES);
  const drawn = random.pick(["killed", "clean", ...Array<"power">(10).fill("power")] as const);
  const how = noPower && drawn === "power" ? "killed" : drawn;
  return {
    crashAt: how === "clean" ? Number.POSITIVE_INFINITY : random.between(low, high),
    timeMax: random.between(100 * MS, 900 * MS),
    how,
    pause: random.between(100 * MS, 1 * SECOND),
  };
}
