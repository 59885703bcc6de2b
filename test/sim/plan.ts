import type { BrokerManner } from "./broker.ts";
import type { DiskPace } from "./disk.ts";
import type { Random } from "./random.ts";
import { MS, SECOND } from "./schedule.ts";

/** What happens in a seed, as far as it is settled beforehand. Each seed has some kinds of trouble and not others. */
export type Plan = {
  readonly ports: number;
  readonly lives: readonly LifePlan[];
  readonly disk: DiskPace;
  readonly broker: BrokerManner;
  readonly downAtStart: boolean;
  readonly pace: string;
  readonly window: string;
  readonly windowMs: number;
  readonly spool: string;
  /** Mean time between troubles of a kind, in µs; Infinity: never. */
  readonly every: {
    readonly unplug: number;
    readonly silence: number;
    readonly noise: number;
    readonly clockStep: number;
    readonly brokerDown: number;
    /** Flash refuses for a while. Never beside power cuts: what they may cost then is bounded by nothing. */
    readonly refusal: number;
  };
  readonly brokerDownMax: number;
};
export type LifePlan = {
  /** The file operation at which it ends, and the time after which it ends if that does not come. */
  readonly crashAt: number;
  readonly timeMax: number;
  readonly how: "killed" | "power" | "clean";
  /** Until the next process starts. */
  readonly pause: number;
};

const LIVES_MIN = 3;
const LIVES_MAX = 12;
const NEVER = Number.POSITIVE_INFINITY;
/** Short lives die in their recovery, long ones in their work. */
const CRASH_RANGES = [
  [1, 8],
  [1, 60],
  [20, 400],
] as const;
const PACES = [
  { pace: "100ms", window: "250ms", windowMs: 250 },
  { pace: "100ms", window: "1s", windowMs: 1000 },
  { pace: "500ms", window: "650ms", windowMs: 650 },
] as const;

export function planOf(random: Random): Plan {
  const some = <T>(chance: number, value: T, otherwise: T): T => (random.chance(chance) ? value : otherwise);
  const plan: Plan = {
    ports: random.between(1, 3),
    lives: Array.from({ length: random.between(LIVES_MIN, LIVES_MAX) }, () => lifePlan(random)),
    disk: {
      writeMax: random.pick([100, 2 * MS]),
      syncMax: random.pick([2 * MS, 15 * MS]),
      slowChance: some(0.3, 0.1, 0),
      slowMax: random.pick([100 * MS, 1500 * MS]),
    },
    broker: {
      receiveMaximum: random.pick([1, 2, 5, 20, 65_535]),
      travelMax: random.pick([2 * MS, 30 * MS]),
      ackMax: random.pick([2 * MS, 50 * MS, 400 * MS]),
      dropBefore: some(0.4, 0.02, 0),
      dropAfter: some(0.4, 0.02, 0),
      pause: some(0.3, 0.02, 0),
      pauseMax: 4 * SECOND,
      noSubscriber: some(0.3, 0.1, 0),
      refuse: some(0.2, 0.01, 0),
      refuseMax: 10 * SECOND,
      downMax: some(0.5, 8 * SECOND, 0),
    },
    downAtStart: random.chance(0.4),
    ...random.pick(PACES),
    spool: random.pick(["8MiB", "64MiB"]),
    every: {
      unplug: some(0.2, 15 * SECOND, NEVER),
      silence: some(0.2, 15 * SECOND, NEVER),
      noise: some(0.4, 3 * SECOND, NEVER),
      clockStep: some(0.3, 8 * SECOND, NEVER),
      brokerDown: some(0.5, 10 * SECOND, NEVER),
      refusal: NEVER,
    },
    brokerDownMax: random.pick([2 * SECOND, 20 * SECOND]),
  };
  if (!random.chance(0.25)) return plan;
  const lives = plan.lives.map((life): LifePlan => (life.how === "power" ? { ...life, how: "killed" } : life));
  return { ...plan, lives, every: { ...plan.every, refusal: 3 * SECOND } };
}

function lifePlan(random: Random): LifePlan {
  const [low, high] = random.pick(CRASH_RANGES);
  const how = random.pick(["killed", "killed", "killed", "power", "power", "power", "power", "clean"] as const);
  return {
    crashAt: how === "clean" ? NEVER : random.between(low, high),
    timeMax: random.between(1, 20) * SECOND,
    how,
    pause: how === "power" ? random.between(2 * SECOND, 10 * SECOND) : random.between(200 * MS, 3 * SECOND),
  };
}

/** The world without trouble, in which everything must come to rest. */
export const CALM: { readonly broker: BrokerManner; readonly disk: DiskPace } = {
  broker: {
    receiveMaximum: 20,
    travelMax: 2 * MS,
    ackMax: 2 * MS,
    dropBefore: 0,
    dropAfter: 0,
    pause: 0,
    pauseMax: 0,
    noSubscriber: 0,
    refuse: 0,
    refuseMax: 0,
    downMax: 0,
  },
  disk: { writeMax: 100, syncMax: 2 * MS, slowChance: 0, slowMax: 0 },
};
