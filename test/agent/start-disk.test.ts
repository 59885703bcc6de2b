import { describe, expect, test } from "vitest";
import type { FaultKey } from "../../agent/fault/fault.ts";
import { FAULTS } from "../../agent/fault/faults.table.ts";
import { runAgent } from "../../agent/main.ts";
import { decodeHealth } from "../../proto/codec.ts";
import type { Received } from "../sim/broker.ts";
import type { Asked } from "../sim/disk.ts";
import { CALM, type LifePlan, type Plan } from "../sim/plan.ts";
import { type Instant, MS, SECOND } from "../sim/schedule.ts";
import { runWorld } from "../sim/world.ts";

/** Starts on a disk that refuses, in the simulated world: its checkers hold every record against what the devices sent. */

const NEVER = Number.POSITIVE_INFINITY;
const TEST_MS = 60_000;
const lifeOf = (how: LifePlan["how"], time: number): LifePlan => ({ crashAt: NEVER, timeMax: time, how, pause: 300 * MS });

/** One device, no trouble but that of the disk. */
const calm =
  (lives: readonly LifePlan[]) =>
  (own: Plan): Plan => ({
    ...own,
    ...CALM,
    lives,
    ports: 1,
    pace: "100ms",
    window: "250ms",
    windowMs: 250,
    spool: "64MiB",
    downAtStart: false,
    every: { unplug: NEVER, silence: NEVER, noise: NEVER, clockStep: NEVER, brokerDown: NEVER, refusal: NEVER },
  });

/** How many kinds of file operation a start has at most, and how many operations the shortest has at least. */
const KINDS_MAX = 90;
const STEPS = 40;
const onFlash = ({ path }: Asked): boolean => path.startsWith("/state");
const kindOf = ({ name, path }: Asked): string => `${name} ${path.replace(/-\d+\.seg$/, ".seg")}`;

describe("an agent whose disk refuses", () => {
  // biome-ignore format: a table is read by eye.
  const CASES: readonly (readonly [key: FaultKey, when: string, from: number, time: number])[] = [
    ["disk.full",      "when it starts", 0,          4 * SECOND],
    ["disk.read_only", "when it starts", 0,          4 * SECOND],
    ["disk.denied",    "when it starts", 0,          4 * SECOND],
    ["disk.failed",    "while it runs",  3 * SECOND, 12 * SECOND],
  ];
  for (const [key, when, from, time] of CASES)
    test(
      `everything ${when} says ${FAULTS[key].number} within a second, delivers live as volatile, and keeps again when the disk is good (R33)`,
      async () => {
        const { refusedAt, told, reports, degraded, failures } = await refusedFor({ key, from, time });
        expect(failures).toEqual([]);
        const goodAt = refusedAt + time;
        const faultAt = told.find(({ line }) => line.includes(`${FAULTS[key].number}  `))?.at ?? NEVER;
        expect(faultAt - refusedAt, "from the first refusal to the word").toBeLessThanOrEqual(1 * SECOND);
        expect(told.filter(({ line }) => line.includes(`${FAULTS[key].number}  `)).length, "it is said once a thing").toBeLessThanOrEqual(
          2,
        );
        const during = reports.filter(({ at }) => at > refusedAt + 1 * SECOND && at < goodAt);
        expect(during.length).toBeGreaterThan(10);
        expect(new Set(during.map(({ volatile }) => volatile))).toEqual(new Set(["true"]));
        const later = reports.filter(({ at }) => at > goodAt + 2 * SECOND);
        expect(later.length).toBeGreaterThan(10);
        expect(new Set(later.map(({ volatile }) => volatile))).toEqual(new Set([undefined]));
        expect(told.filter(({ line, at }) => line.includes("fault.ended") && line.includes(key) && at < goodAt + 2 * SECOND)).not.toEqual(
          [],
        );
        expect(degraded.some(({ at, is }) => is && at > refusedAt && at < goodAt)).toBe(true);
        expect(degraded.filter(({ at }) => at > goodAt + 2 * SECOND).map(({ is }) => is)).not.toContain(true);
      },
      TEST_MS,
    );

  test(
    "any one step of its start starts, delivers live, tells every end of a run, and loses nothing by it (R33)",
    async () => {
      // A run that is killed leaves something in every ring; the next meets one refusal, another one each time, and ends in order.
      const lives = Array.from({ length: KINDS_MAX }, () => [lifeOf("killed", 900 * MS), lifeOf("clean", 1600 * MS)]).flat();
      const kinds = new Map<string, number>();
      let beganAt = 0;
      const refuses = (asked: Asked): FaultKey | undefined => {
        if (asked.number === 1) beganAt = asked.at;
        if (asked.life % 2 === 0 || asked.life > lives.length || kinds.has(kindOf(asked))) return undefined;
        // A run that cannot write down its end at its end is rightly told as killed.
        if (asked.at > beganAt + 1 * SECOND) return undefined;
        if ([...kinds.values()].includes(asked.life)) return undefined;
        kinds.set(kindOf(asked), asked.life);
        return "disk.failed";
      };
      const outcome = await runWorld({ seed: 1, program: runAgent, plan: calm(lives), refuses });
      expect(outcome.failures).toEqual([]);
      expect(outcome.kills).toBe(KINDS_MAX);
      const first = [...kinds].map(([kind]) => kind);
      for (const kind of ["read /state/run.json", "list /state/spool", "open create /run/bedside/report.new", "rename /state/run.json"])
        expect(first).toContain(kind);
      expect(Math.max(...kinds.values()), "there were lives enough for every kind").toBeLessThan(lives.length - 1);
    },
    TEST_MS,
  );

  test(
    "everything from any step of its start on, start after start, loses no record and no run that was killed on it (R33, R35)",
    async () => {
      const lives = Array.from({ length: STEPS }, () => lifeOf("killed", 1200 * MS));
      const keys: readonly FaultKey[] = ["disk.failed", "disk.read_only", "disk.full", "disk.denied"];
      const refuses = (asked: Asked): FaultKey | undefined =>
        asked.life < lives.length && asked.life % 10 !== 0 && asked.number >= asked.life && onFlash(asked)
          ? keys[asked.life % 4]
          : undefined;
      // With the broker away most of the time the rings are all that holds what was read.
      const every = { ...calm([])({} as Plan).every, brokerDown: 6 * SECOND };
      const plan = (own: Plan): Plan => ({ ...calm(lives)(own), downAtStart: true, brokerDownMax: 20 * SECOND, every });
      const outcome = await runWorld({ seed: 2, program: runAgent, plan, refuses });
      expect(outcome.failures).toEqual([]);
      expect(outcome.kills).toBe(STEPS);
      expect(outcome.tally).toMatchObject({ cut: 0, named: 0 });
    },
    TEST_MS,
  );
});

/** A killed run, and one whose disk refuses everything on flash for a while. The broker is slow enough that something must be kept. */
async function refusedFor({ key, from, time }: { key: FaultKey; from: number; time: number }) {
  const lives = [lifeOf("killed", 900 * MS), lifeOf("clean", from + time + 6 * SECOND)];
  const told: { at: Instant; line: string }[] = [];
  const reports: { at: Instant; volatile: string | undefined }[] = [];
  const degraded: { at: Instant; is: boolean }[] = [];
  let beganAt: Instant | undefined;
  let refusedAt: Instant | undefined;
  const outcome = await runWorld({
    seed: 3,
    program: runAgent,
    plan: (own) => ({ ...calm(lives)(own), broker: { ...CALM.broker, ackMax: 600 * MS } }),
    refuses: (asked) => {
      if (asked.life !== 1) return undefined;
      beganAt ??= asked.at;
      if (!onFlash(asked) || asked.at < beganAt + from || asked.at > (refusedAt ?? NEVER) + time) return undefined;
      refusedAt ??= asked.at;
      return key;
    },
    heard: ({ at, life, topic, properties, payload }: Received) => {
      if (life.index !== 1) return;
      if (topic.endsWith("/up/reports")) reports.push({ at, volatile: properties.volatile });
      if (topic.endsWith("/up/health")) degraded.push({ at, is: decodeHealth(payload)?.spool?.degraded === true });
    },
    told: (text) => {
      const [, at, line] = /^log (\d+) 1 (.*)$/s.exec(text) ?? [];
      if (line !== undefined) told.push({ at: Number(at), line });
    },
  });
  return { refusedAt: refusedAt ?? NEVER, told, reports, degraded, failures: outcome.failures };
}
