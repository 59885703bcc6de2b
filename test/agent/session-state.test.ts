import { describe, expect, test } from "vitest";
import {
  HELD_FOR,
  NO_FRAME_AFTER,
  nextSession,
  QUARANTINE_CAP,
  QUARANTINE_FIRST,
  RETRY_CAP,
  RETRY_FIRST,
  type SessionAction,
  type SessionInput,
  type SessionState,
  sessionStart,
} from "../../agent/session/state.ts";
import { elapsed, after as later, Milliseconds, Minutes, type Mono, Seconds } from "../../config/units.ts";
import { type Random, randomOf } from "../drivers/streams.ts";

const RULES = { quiet: Seconds(3), proof: 3 };
const START = 1_000_000_000_000n as Mono;
const NOW = later(START, Seconds(100));
const ago = (time: number): Mono => later(NOW, Milliseconds(-time));

const STATES: Readonly<Record<string, SessionState>> = {
  closed: { phase: "closed", until: later(NOW, Milliseconds(1)), attempt: 2 },
  "closed, due": { phase: "closed", until: NOW, attempt: 2 },
  opening: { phase: "opening", attempt: 2 },
  proving: { phase: "proving", since: ago(10), holding: ago(10), held: 0, told: false, attempt: 2 },
  "proving, one short": { phase: "proving", since: ago(10), holding: ago(10), held: 2, told: false, attempt: 2 },
  "proving, untold": { phase: "proving", since: ago(NO_FRAME_AFTER), holding: ago(10), held: 1, told: false, attempt: 2 },
  "proving, too long": { phase: "proving", since: ago(HELD_FOR), holding: ago(HELD_FOR), held: 2, told: true, attempt: 2 },
  streaming: { phase: "streaming", lastFrame: ago(RULES.quiet - 1) },
  "streaming, quiet": { phase: "streaming", lastFrame: ago(RULES.quiet) },
  quarantined: { phase: "quarantined", until: later(NOW, Milliseconds(1)), times: 1 },
  "quarantined, due": { phase: "quarantined", until: NOW, times: 1 },
  ended: { phase: "ended" },
};
const INPUTS: Readonly<Record<string, SessionInput>> = {
  tick: { saw: "tick", bytesCame: true },
  "tick, no byte yet": { saw: "tick", bytesCame: false },
  opened: { saw: "opened" },
  openFailed: { saw: "openFailed", key: "port.denied" },
  frame: { saw: "frame", clean: true },
  "frame after junk": { saw: "frame", clean: false },
  gone: { saw: "gone" },
  driverFailed: { saw: "driverFailed" },
  revoked: { saw: "revoked" },
};

/**
 * The whole table: "next phase: actions", "·" for no change at all.
 */
// biome-ignore format: a table is read by eye.
const TABLE: readonly (readonly string[])[] = [
  ["",                   "tick",                                 "tick, no byte yet",             "opened",  "openFailed",               "frame",                  "frame after junk", "gone",                                    "driverFailed",                                          "revoked"],
  ["closed",             "·",                                    "·",                             "·",       "·",                        "·",                      "·",                "·",                                       "quarantined: raise session.quarantined",                "ended:"],
  ["closed, due",        "opening: open",                        "opening: open",                 "·",       "·",                        "·",                      "·",                "·",                                       "quarantined: raise session.quarantined",                "ended:"],
  ["opening",            "·",                                    "·",                             "proving:", "closed: raise port.denied", "·",                    "·",                "·",                                       "quarantined: close, raise session.quarantined",         "ended: close"],
  ["proving",            "·",                                    "·",                             "·",       "·",                        "proving:",               "proving:",         "closed: dropHeld, close, raise port.gone", "quarantined: dropHeld, close, raise session.quarantined", "ended: dropHeld, close"],
  ["proving, one short", "·",                                    "·",                             "·",       "·",                        "streaming: clear, beginEpoch", "proving:",   "closed: dropHeld, close, raise port.gone", "quarantined: dropHeld, close, raise session.quarantined", "ended: dropHeld, close"],
  ["proving, untold",    "proving: raise session.no_frame",      "proving: raise session.silent", "·",       "·",                        "proving:",               "proving:",         "closed: dropHeld, close, raise port.gone", "quarantined: dropHeld, close, raise session.quarantined", "ended: dropHeld, close"],
  ["proving, too long",  "proving: dropHeld",                    "proving: dropHeld",             "·",       "·",                        "streaming: clear, beginEpoch", "proving:",   "closed: dropHeld, close, raise port.gone", "quarantined: dropHeld, close, raise session.quarantined", "ended: dropHeld, close"],
  ["streaming",          "·",                                    "·",                             "·",       "·",                        "streaming:",             "streaming:",       "closed: endEpoch unplugged, close, raise port.gone", "quarantined: endEpoch quarantined, close, raise session.quarantined", "ended: endEpoch revoked, close"],
  ["streaming, quiet",   "proving: endEpoch silent, raise session.silent", "proving: endEpoch silent, raise session.silent", "·", "·",   "streaming:",             "streaming:",       "closed: endEpoch unplugged, close, raise port.gone", "quarantined: endEpoch quarantined, close, raise session.quarantined", "ended: endEpoch revoked, close"],
  ["quarantined",        "·",                                    "·",                             "·",       "·",                        "·",                      "·",                "·",                                       "quarantined: raise session.quarantined",                "ended:"],
  ["quarantined, due",   "opening: open",                        "opening: open",                 "·",       "·",                        "·",                      "·",                "·",                                       "quarantined: raise session.quarantined",                "ended:"],
  ["ended",              "·",                                    "·",                             "·",       "·",                        "·",                      "·",                "·",                                       "·",                                                     "ended:"],
];

const said = (action: SessionAction): string =>
  action.do === "raise" ? `raise ${action.key}` : action.do === "endEpoch" ? `endEpoch ${action.reason}` : action.do;
const [head, ...rows] = TABLE;

describe("the life of an admitted port", () => {
  test("has a table that misses no state and no input", () => {
    expect(head!.slice(1)).toEqual(Object.keys(INPUTS));
    expect(rows.map(([name]) => name)).toEqual(Object.keys(STATES));
  });

  for (const [name, ...cells] of rows)
    cells.forEach((cell, column) => {
      const input = head![column + 1]!;
      test(`${name} · ${input} → ${cell}`, () => {
        const state = STATES[name!]!;
        const step = nextSession(state, INPUTS[input]!, NOW, RULES, 0);
        if (cell === "·") {
          expect(step).toEqual({ state, actions: [] });
          return;
        }
        const [phase, actions = ""] = cell.split(/: ?/);
        expect(step.state.phase).toBe(phase);
        expect(step.actions.map(said).join(", ")).toBe(actions);
      });
    });

  test("counts clean frames, and begins to count anew where bytes were discarded between", () => {
    const held = (state: SessionState) => (state.phase === "proving" ? state.held : undefined);
    const one = nextSession(STATES.proving!, INPUTS.frame!, NOW, RULES, 0).state;
    expect(held(one)).toBe(1);
    expect(held(nextSession(STATES["proving, one short"]!, INPUTS["frame after junk"]!, NOW, RULES, 0).state)).toBe(1);
  });

  test("proves at the first frame, dirty or clean, a driver that asks for one only", () => {
    const step = nextSession(STATES.proving!, INPUTS["frame after junk"]!, NOW, { ...RULES, proof: 1 }, 0);
    expect(step.state).toEqual({ phase: "streaming", lastFrame: NOW });
  });

  test("begins to hold anew when held frames are too old", () => {
    const { state } = nextSession(STATES["proving, too long"]!, INPUTS.tick!, NOW, RULES, 0);
    expect(state).toMatchObject({ phase: "proving", since: ago(HELD_FOR), holding: NOW, held: 0, told: true });
  });

  test("waits for the quiet time of a slow device before it speaks of silence", () => {
    const slow = { ...RULES, quiet: Seconds(60) };
    const state: SessionState = { phase: "proving", since: ago(59_999), holding: ago(10), held: 0, told: false, attempt: 0 };
    expect(nextSession(state, INPUTS["tick, no byte yet"]!, NOW, slow, 0).actions.map(said)).not.toContain("raise session.silent");
    const step = nextSession({ ...state, since: ago(60_000) }, INPUTS["tick, no byte yet"]!, NOW, slow, 0);
    expect(step.actions.map(said)).toEqual(["raise session.silent"]);
  });

  test("speaks of bytes that hold no frame after half a minute at most, however seldom the device speaks", () => {
    const seldom = { ...RULES, quiet: Minutes(720) };
    const state: SessionState = { phase: "proving", since: ago(29_999), holding: ago(10), held: 0, told: false, attempt: 0 };
    expect(nextSession(state, INPUTS.tick!, NOW, seldom, 0).actions).toEqual([]);
    const step = nextSession({ ...state, since: ago(30_000) }, INPUTS.tick!, NOW, seldom, 0);
    expect(step.actions.map(said)).toEqual(["raise session.no_frame"]);
  });

  test("opens again after 1 s, 2 s, 4 s … at most 30 s, and after 1 s again where a device had spoken", () => {
    let state: SessionState = sessionStart(START);
    let now = START;
    const waits: number[] = [];
    for (let attempt = 0; attempt < 8; attempt++) {
      state = nextSession(state, INPUTS.tick!, now, RULES, 0).state;
      expect(state.phase).toBe("opening");
      state = nextSession(state, INPUTS.openFailed!, now, RULES, 0).state;
      if (state.phase !== "closed") expect.fail("a port that does not open is closed");
      waits.push(elapsed(now, state.until) / 1000);
      now = state.until;
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30, 30]);
    const gone = nextSession(STATES.streaming!, INPUTS.gone!, NOW, RULES, 0).state;
    expect(gone).toEqual({ phase: "closed", until: later(NOW, RETRY_FIRST), attempt: 1 });
  });

  test("backs off also from a port that opens and hangs up before a frame held", () => {
    const gone = nextSession(STATES.proving!, INPUTS.gone!, NOW, RULES, 0).state;
    expect(gone).toEqual({ phase: "closed", until: later(NOW, Seconds(4)), attempt: 3 });
  });

  test("keeps a failing driver in quarantine for 10 s, 20 s, 40 s … at most an hour", () => {
    const wait = (times: number): number => {
      const { state } = nextSession(STATES.streaming!, INPUTS.driverFailed!, NOW, RULES, times);
      return state.phase === "quarantined" ? elapsed(NOW, state.until) : Number.NaN;
    };
    expect([0, 1, 2, 3].map(wait)).toEqual([10_000, 20_000, 40_000, 80_000]);
    expect(QUARANTINE_FIRST).toBe(10_000);
    for (const times of [9, 20, 1100, 1e6]) expect(wait(times)).toBe(QUARANTINE_CAP);
    expect(QUARANTINE_CAP).toBe(Minutes(60));
  });
});

/** What a runner would hold, as the actions say it. */
function walk(random: Random, steps: number): number {
  const { tick, opened, frame } = INPUTS;
  const inputs = [...Object.values(INPUTS), ...Array.from({ length: 6 }, () => [tick!, opened!, frame!, frame!]).flat()];
  let state = sessionStart(START);
  let now = START;
  let asked = false;
  let open = false;
  let epoch = false;
  let quarantines = 0;
  let cleanFrames = 0;
  let epochs = 0;
  for (let step = 0; step < steps; step++) {
    now = later(now, Milliseconds(random.below(12) === 0 ? random.below(40_000) : random.below(200)));
    const input = inputs[random.below(inputs.length)]!;
    // Only a port that was asked for is told as opened or not, only an open one hangs up or gives frames.
    if ((input.saw === "opened" || input.saw === "openFailed") && !(asked && state.phase === "opening")) continue;
    if ((input.saw === "frame" || input.saw === "gone" || input.saw === "driverFailed") && !open) continue;
    if (input.saw === "revoked" && step < steps - 30) continue;
    if (input.saw === "opened") open = true;
    cleanFrames = input.saw === "frame" ? (input.clean ? cleanFrames + 1 : 1) : cleanFrames;
    const from = state;
    const next = nextSession(state, input, now, RULES, quarantines);
    state = next.state;
    for (const action of next.actions) {
      if (action.do === "open") {
        expect(open, "a port is opened once").toBe(false);
        asked = true;
        cleanFrames = 0;
      }
      if (action.do === "close") {
        open = false;
        asked = false;
      }
      if (action.do === "dropHeld") cleanFrames = 0;
      if (action.do === "beginEpoch") {
        expect(epoch, "epochs do not overlap").toBe(false);
        expect(cleanFrames, "no epoch without proof").toBeGreaterThanOrEqual(RULES.proof);
        epoch = true;
        epochs += 1;
      }
      if (action.do === "endEpoch") {
        expect(epoch, "only what began ends").toBe(true);
        epoch = false;
        cleanFrames = 0;
      }
    }
    if (input.saw === "driverFailed") quarantines += 1;
    if (input.saw === "openFailed") asked = false;
    expect(epoch).toBe(state.phase === "streaming");
    expect(open, `the port is ${open ? "open" : "shut"} in ${state.phase}`).toBe(state.phase === "proving" || state.phase === "streaming");
    if (state.phase === "closed" && from.phase !== "closed") {
      const wait = elapsed(now, state.until);
      expect(wait).toBeGreaterThanOrEqual(RETRY_FIRST);
      expect(wait).toBeLessThanOrEqual(RETRY_CAP);
    }
    if (from.phase === "ended") expect(state.phase).toBe("ended");
  }
  return epochs;
}

describe("over any sequence of inputs", () => {
  for (const seed of [1, 2, 3, 4])
    test(`a port is open only while it proves or streams, and speaks only when proved (seed ${seed})`, () => {
      const random = randomOf(seed);
      let epochs = 0;
      for (let life = 0; life < 40; life++) epochs += walk(random, 300);
      expect(epochs).toBeGreaterThan(100);
    });
});
