import { describe, expect, test } from "vitest";
import {
  BACKOFF_CAP,
  BACKOFF_FIRST,
  BACKOFF_LATER,
  GOOD_AFTER,
  nextUplink,
  PROOF_WITHIN,
  type UplinkAction,
  type UplinkInput,
  type UplinkState,
  uplinkStart,
} from "../../agent/uplink/state.ts";
import { elapsed, after as later, Milliseconds, type Mono, Seconds } from "../../config/units.ts";
import { randomOf } from "../drivers/streams.ts";

const START = 5_000_000_000n as Mono;
const NOW = later(START, Seconds(1000));
const ago = (time: number): Mono => later(NOW, Milliseconds(-time));

const STATES: Readonly<Record<string, UplinkState>> = {
  offline: { phase: "offline", until: later(NOW, Milliseconds(1)), attempt: 2, because: "uplink.closed" },
  "offline, due": { phase: "offline", until: NOW, attempt: 2, because: undefined },
  connecting: { phase: "connecting", attempt: 3 },
  proving: { phase: "proving", since: ago(PROOF_WITHIN - 1), attempt: 3 },
  "proving, too long": { phase: "proving", since: ago(PROOF_WITHIN), attempt: 3 },
  online: { phase: "online", since: ago(GOOD_AFTER - 1), attempt: 3 },
  "online, a good minute": { phase: "online", since: ago(GOOD_AFTER), attempt: 3 },
};
const ended = (jitter: number, wait: "usual" | "later" = "usual"): UplinkInput => ({ saw: "ended", key: "uplink.refused", wait, jitter });
const INPUTS: Readonly<Record<string, UplinkInput>> = {
  tick: { saw: "tick" },
  connected: { saw: "connected" },
  heardOurselves: { saw: "heardOurselves" },
  ended: ended(0.5),
};

// biome-ignore format: a table is read by eye.
const TABLE: readonly (readonly string[])[] = [
  ["",                      "tick",                              "connected",      "heardOurselves",   "ended"],
  ["offline",               "·",                                 "·",              "·",                "·"],
  ["offline, due",          "connecting: connect",               "·",              "·",                "·"],
  ["connecting",            "·",                                 "proving: prove", "·",                "offline:"],
  ["proving",               "·",                                 "·",              "online: goOnline", "offline:"],
  ["proving, too long",     "proving: close uplink.no_round_trip", "·",            "online: goOnline", "offline:"],
  ["online",                "·",                                 "·",              "·",                "offline: goOffline"],
  ["online, a good minute", "·",                                 "·",              "·",                "offline: goOffline"],
];
const said = (action: UplinkAction): string => (action.do === "close" ? `close ${action.key}` : action.do);
const [head, ...rows] = TABLE;

const waitAfter = (state: UplinkState, jitter: number): number => {
  const next = nextUplink(state, ended(jitter), NOW).state;
  return next.phase === "offline" ? elapsed(NOW, next.until) : Number.NaN;
};

describe("the way to the broker", () => {
  test("has a table that misses no state and no input", () => {
    expect(head!.slice(1)).toEqual(Object.keys(INPUTS));
    expect(rows.map(([name]) => name)).toEqual(Object.keys(STATES));
  });

  for (const [name, ...cells] of rows)
    cells.forEach((cell, column) => {
      const input = head![column + 1]!;
      test(`${name} · ${input} → ${cell}`, () => {
        const state = STATES[name!]!;
        const step = nextUplink(state, INPUTS[input]!, NOW);
        if (cell === "·") {
          expect(step).toEqual({ state, actions: [] });
          return;
        }
        const [phase, actions = ""] = cell.split(/: ?/);
        expect(step.state.phase).toBe(phase);
        expect(step.actions.map(said).join(", ")).toBe(actions);
      });
    });

  test("is tried at once after the start, and remembers why it ended", () => {
    expect(nextUplink(uplinkStart(NOW), { saw: "tick" }, NOW)).toEqual({
      state: { phase: "connecting", attempt: 1 },
      actions: [{ do: "connect" }],
    });
    expect(nextUplink(STATES.connecting!, INPUTS.ended!, NOW).state).toMatchObject({ because: "uplink.refused" });
  });

  test("waits up to 2 s, 4 s, 8 s … and never longer than five minutes", () => {
    const waits = [1, 2, 3, 4, 8, 9, 50, 2000].map((attempt) => waitAfter({ phase: "connecting", attempt }, 1 - Number.EPSILON));
    expect(waits.map(Math.round)).toEqual([2000, 4000, 8000, 16_000, 256_000, 300_000, 300_000, 300_000]);
    expect([BACKOFF_FIRST, BACKOFF_CAP]).toEqual([2000, 300_000]);
  });

  test("draws the wait from nothing up to the whole", () => {
    const state: UplinkState = { phase: "connecting", attempt: 4 };
    expect([0, 0.25, 0.5, 0.75].map((jitter) => waitAfter(state, jitter))).toEqual([0, 4000, 8000, 12_000]);
  });

  test("is left alone for half a minute at least where the broker asks for it, spread over as much again, and backs off beyond that", () => {
    const later = (attempt: number, jitter: number): number => {
      const next = nextUplink({ phase: "connecting", attempt }, ended(jitter, "later"), NOW).state;
      return next.phase === "offline" ? elapsed(NOW, next.until) : Number.NaN;
    };
    expect([0, 0.5, 1 - Number.EPSILON].map((jitter) => Math.round(later(1, jitter)))).toEqual([30_000, 45_000, 60_000]);
    expect(Math.round(later(9, 1 - Number.EPSILON))).toBe(300_000);
    expect(BACKOFF_LATER).toBe(30_000);
  });

  test("makes the next wait short only after a good minute on line", () => {
    const good = nextUplink(STATES["online, a good minute"]!, ended(1), NOW).state;
    expect(good).toMatchObject({ attempt: 0, until: later(NOW, BACKOFF_FIRST) });
    const flapping = nextUplink(STATES.online!, ended(1), NOW).state;
    expect(flapping).toMatchObject({ attempt: 3, until: later(NOW, Seconds(8)) });
    const refusedLate = nextUplink({ phase: "proving", since: ago(120_000), attempt: 3 }, ended(1), NOW).state;
    expect(refusedLate).toMatchObject({ attempt: 3 });
  });

  for (const seed of [1, 2, 3, 4])
    test(`goes on line only by its own birth, leaves it once for each time, and never forgets an attempt (seed ${seed})`, () => {
      const random = randomOf(seed);
      let state = uplinkStart(START);
      let now = START;
      let online = false;
      for (let step = 0; step < 4000; step++) {
        now = later(now, Milliseconds(random.below(5) === 0 ? random.below(90_000) : random.below(300)));
        const input = [INPUTS.tick!, INPUTS.connected!, INPUTS.heardOurselves!, ended(random.below(1000) / 1000)][random.below(4)]!;
        const from = state;
        const next = nextUplink(state, input, now);
        state = next.state;
        for (const action of next.actions) {
          if (action.do === "goOnline") {
            expect([from.phase, input.saw, online]).toEqual(["proving", "heardOurselves", false]);
            online = true;
          }
          if (action.do === "goOffline") {
            expect(online).toBe(true);
            online = false;
          }
          if (action.do === "connect") expect(from.phase).toBe("offline");
        }
        expect(state.phase === "online").toBe(online);
        if (state.phase !== "offline" || from.phase === "offline") continue;
        expect(elapsed(now, state.until)).toBeGreaterThanOrEqual(0);
        expect(elapsed(now, state.until)).toBeLessThanOrEqual(BACKOFF_CAP);
        const good = from.phase === "online" && elapsed(from.since, now) >= GOOD_AFTER;
        expect(state.attempt).toBe(good ? 0 : from.attempt);
      }
    });
});
