import { describe, expect, test } from "vitest";
import {
  nextTrial,
  REFUSED_MAX,
  REPLACE_WITHIN,
  STORE_AGAIN,
  TRIAL_WITHIN,
  type TrialAction,
  type TrialInput,
  type TrialRecord,
  type TrialState,
  trialStart,
} from "../../agent/trial/trial.ts";
import { after, elapsed, Minutes, type Mono, Seconds } from "../../config/units.ts";

type Doc = { readonly id: string };
const EMPTY: TrialRecord<Doc> = { active: undefined, candidate: undefined, refused: [] };
const START = 0n as Mono;

/** A gateway with its flash: writes are in flight until the world says what became of them. */
type World = {
  readonly state: TrialState<Doc>;
  readonly flash: TrialRecord<Doc>;
  readonly writing: TrialRecord<Doc> | undefined;
  readonly runs: Doc | undefined;
  readonly now: Mono;
  readonly proved: ReadonlySet<string>;
  readonly offered: ReadonlySet<string>;
  /** Since when a candidate runs that has not proved itself. */
  readonly unprovedSince: Mono | undefined;
  readonly told: readonly string[];
  /** The newest replacement that was taken since the start, and since when the way was free for it. */
  readonly replacement: { readonly id: string; readonly since: Mono } | undefined;
};

/** What can happen next. A write ends in one of five ways; a power cut can come at any time. */
const EVENTS = [
  "offer a",
  "offer b",
  "replace by c",
  "replace by d",
  "prove",
  "fail",
  "a little time",
  "much time",
  "written",
  "write refused",
  "write refused, but landed",
  "cut before it landed",
  "cut after it landed",
] as const;
type Event = (typeof EVENTS)[number];

function begin(flash: TrialRecord<Doc>, before?: World): World {
  const step = trialStart(flash);
  const world: World = {
    state: step.state,
    flash,
    writing: undefined,
    runs: undefined,
    now: before?.now ?? START,
    proved: before?.proved ?? new Set(),
    offered: before?.offered ?? new Set(),
    unprovedSince: undefined,
    told: [],
    replacement: undefined,
  };
  return perform(world, step.actions);
}

function perform(world: World, actions: readonly TrialAction<Doc>[]): World {
  let { writing, runs, told, unprovedSince } = world;
  for (const action of actions) {
    switch (action.do) {
      case "store":
        // A state is on flash before it is acted on; two writes at once could land in any order.
        if (writing !== undefined) expect.fail("two writes at a time");
        writing = action.record;
        break;
      case "apply":
        runs = action.what;
        unprovedSince = runs === undefined || world.proved.has(runs.id) ? undefined : world.now;
        break;
      case "tell":
        told = [...told, `${action.what} ${action.id}`];
        break;
    }
  }
  return { ...world, writing, runs, told, unprovedSince };
}

function feed(world: World, input: TrialInput<Doc>): World {
  const step = nextTrial(world.state, input, world.now);
  return perform({ ...world, state: step.state }, step.actions);
}

/** Undefined: cannot happen now. */
function happen(world: World, event: Event): World | undefined {
  const candidate = world.state.phase === "settled" ? undefined : world.state.candidate;
  const landed = world.writing ?? world.flash;
  switch (event) {
    case "offer a":
    case "offer b": {
      const id = event.slice(-1);
      return feed({ ...world, offered: new Set([...world.offered, id]) }, { saw: "offered", candidate: { id } });
    }
    case "replace by c":
    case "replace by d": {
      const id = event.slice(-1);
      const free = world.state.phase === "settled" || world.state.phase === "replacing";
      const sets = { offered: new Set([...world.offered, id]), proved: new Set([...world.proved, id]) };
      const replacement = free ? { id, since: world.now } : world.replacement;
      return feed({ ...world, ...sets, replacement }, { saw: "replaced", candidate: { id } });
    }
    case "prove":
      if (candidate === undefined || world.runs?.id !== candidate.id) return undefined;
      return feed(
        { ...world, proved: new Set([...world.proved, candidate.id]), unprovedSince: undefined },
        { saw: "proved", id: candidate.id },
      );
    case "fail":
      return candidate === undefined || world.state.phase === "replacing" ? undefined : feed(world, { saw: "failed", id: candidate.id });
    case "a little time":
      return feed({ ...world, now: after(world.now, STORE_AGAIN) }, { saw: "tick" });
    case "much time":
      return feed({ ...world, now: after(world.now, TRIAL_WITHIN) }, { saw: "tick" });
    case "written":
      return world.writing === undefined ? undefined : feed({ ...world, flash: landed, writing: undefined }, { saw: "stored" });
    case "write refused":
      return world.writing === undefined ? undefined : feed({ ...world, writing: undefined }, { saw: "storeFailed" });
    case "write refused, but landed":
      return world.writing === undefined ? undefined : feed({ ...world, flash: landed, writing: undefined }, { saw: "storeFailed" });
    case "cut before it landed":
      return begin(world.flash, world);
    case "cut after it landed":
      return world.writing === undefined ? undefined : begin(landed, world);
  }
}

function check(world: World, path: readonly string[]): void {
  const { state, flash, runs, told } = world;
  // A million worlds are looked at: words are made only for what is wrong.
  const must = (holds: boolean, what: string): void => {
    if (!holds) expect.fail(`${what}: ${path.join(" → ")}`);
  };
  must(runs === undefined || world.offered.has(runs.id), "what nobody offered runs");
  must(flash.active === undefined || world.proved.has(flash.active.id), "what a power cut would bring back never proved itself");
  if (state.phase === "settled" || state.phase === "leaving" || state.phase === "beginning")
    must(runs?.id === state.record.active?.id, `in ${state.phase} another than the active one runs`);
  if (state.phase === "trying" && state.candidate.id === runs?.id) must(flash.candidate?.id === runs.id, "tried before it is on flash");
  if (state.phase === "replacing" && world.replacement !== undefined) {
    must(state.candidate.id === world.replacement.id, "an older replacement is held to");
    if (elapsed(world.replacement.since, world.now) >= REPLACE_WITHIN)
      must(runs?.id === state.candidate.id, "a replacement waits for the disk");
  }
  const last = told.at(-1);
  if (state.phase === "settled" && last?.startsWith("kept ") === true)
    must(last === `kept ${flash.active?.id}`, "told as kept before it is on flash");
  if (runs !== undefined && state.record.active?.id !== runs.id)
    must(!state.record.refused.includes(runs.id), "what was refused runs again");
  if (world.unprovedSince !== undefined && runs?.id !== flash.active?.id)
    must(elapsed(world.unprovedSince, world.now) < TRIAL_WITHIN, "unproved for too long");
}

/** Whatever happened: left alone with a disk that works, the gateway comes to rest. */
function comesToRest(world: World, path: readonly string[]): void {
  let at = world;
  for (let step = 0; step < 12 && at.state.phase !== "settled"; step++)
    at = happen(at, at.writing === undefined ? "much time" : "written")!;
  if (at.state.phase !== "settled") expect.fail(`never at rest: ${path.join(" → ")}`);
  if (at.runs?.id !== at.flash.active?.id) expect.fail(`at rest, another runs than is on flash: ${path.join(" → ")}`);
}

describe("a trial", () => {
  test("keeps only what proved itself, in every sequence of events with a power cut at every written step (R25)", () => {
    const DEPTH = 6;
    let sequences = 0;
    const walk = (world: World, path: readonly string[]): void => {
      check(world, path);
      if (path.length === DEPTH) {
        sequences += 1;
        comesToRest(world, path);
        return;
      }
      for (const event of EVENTS) {
        const next = happen(world, event);
        if (next !== undefined) walk(next, [...path, event]);
      }
    };
    walk(begin(EMPTY), []);
    expect(sequences).toBeGreaterThan(100_000);
  }, 120_000);

  const trying = (): World => happen(happen(begin(EMPTY), "offer a")!, "written")!;

  test("is over when its time is, and what was tried is not tried again", () => {
    const reverted = happen(happen(trying(), "much time")!, "written")!;
    expect(reverted.told).toEqual(["trying a", "reverted a"]);
    expect(reverted.runs).toBeUndefined();
    expect(happen(reverted, "offer a")!.told.at(-1)).toBe("not_begun a");
    expect(happen(happen(reverted, "offer b")!, "written")!.runs?.id).toBe("b");
  });

  test("is not asked of a change that cannot cut the gateway off, which runs also where the disk refuses it, and is told so", () => {
    expect(happen(happen(begin(EMPTY), "replace by c")!, "written")!.told).toEqual(["kept c"]);
    const unkept = happen(happen(begin(EMPTY), "replace by c")!, "write refused")!;
    expect([unkept.runs?.id, unkept.told]).toEqual(["c", ["unkept c"]]);
    const later = happen(happen(unkept, "a little time")!, "written")!;
    expect([later.flash.active?.id, later.told.at(-1)]).toEqual(["c", "kept c"]);
  });

  test("of a second replacement is not needed either, whatever the disk does to the first", () => {
    const full = happen(happen(begin(EMPTY), "replace by c")!, "write refused")!;
    const second = happen(full, "replace by d")!;
    expect([second.runs?.id, second.told.at(-1)]).toEqual(["d", "unkept d"]);
    const later = happen(happen(second, "a little time")!, "written")!;
    expect([later.flash.active?.id, later.state.phase, later.told.at(-1)]).toEqual(["d", "settled", "kept d"]);

    const mute = happen(happen(begin(EMPTY), "replace by c")!, "replace by d")!;
    expect([mute.runs, mute.told]).toEqual([undefined, []]);
    expect(happen(mute, "a little time")!.runs?.id, "a disk that says nothing").toBe("d");
    const landed = happen(mute, "written")!;
    expect([landed.runs?.id, landed.flash.active?.id, landed.writing?.active?.id]).toEqual(["c", "c", "d"]);
    expect(happen(landed, "written")!.told).toEqual(["kept d"]);
  });

  test("takes no second candidate while one is tried, and says so", () => {
    expect(happen(trying(), "offer b")!.told.at(-1)).toBe("busy b");
    expect(happen(trying(), "offer a")!.told).toEqual(["trying a"]);
  });

  test("that proved itself goes back in the end where it cannot be written down", () => {
    let world = happen(trying(), "prove")!;
    for (let time = 0; time <= TRIAL_WITHIN; time += STORE_AGAIN) {
      if (world.writing !== undefined) world = happen(world, "write refused")!;
      world = happen(world, "a little time")!;
    }
    expect(world.told).toEqual(["trying a", "reverted a"]);
  });

  test("remembers a bounded number of what was refused, the newest", () => {
    let record: TrialRecord<Doc> = EMPTY;
    for (let count = 0; count < REFUSED_MAX + 5; count++) {
      const step = trialStart({ ...record, candidate: { id: `d${count}` } });
      const stored = step.actions.find((action) => action.do === "store");
      record = stored!.record;
    }
    expect(record.refused).toHaveLength(REFUSED_MAX);
    expect(record.refused[0]).toBe(`d${REFUSED_MAX + 4}`);
  });

  test("has named limits that a person can wait for", () => {
    expect(TRIAL_WITHIN).toBeLessThanOrEqual(Minutes(5));
    expect(STORE_AGAIN).toBeGreaterThanOrEqual(Seconds(1));
  });
});
