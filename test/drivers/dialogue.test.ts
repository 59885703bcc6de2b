import { describe, expect, test } from "vitest";
import { after, Milliseconds, type Mono, Seconds } from "../../config/units.ts";
import {
  ANSWER_FRAMES,
  type DialogueEvent,
  DialogueRunner,
  type DialogueTurn,
  EFFECTS_A_TURN,
  RESTART_PAUSE,
} from "../../drivers/kit/dialogue.ts";
import { type AnyDriver, driver, type Effect, type Line, type Step, type Template } from "../../drivers/kit/driver.ts";
import { puritanBennett840 } from "../../drivers/puritan-bennett-840/driver.ts";
import { pb840Answer } from "./specimens.ts";
import { ascii } from "./streams.ts";

const POLL: Template = { holes: [], encode: () => ascii("POLL\r") };
const SET: Template<"period"> = {
  holes: ["period"],
  encode: ({ period }) => {
    if (!(Number.isInteger(period) && period >= 1 && period <= 9)) throw new RangeError("period is 1 to 9");
    return ascii(`P${period}\r`);
  },
};
const TX = { POLL, SET };
type Asking = Line<number, typeof TX>;
/** A device of 100-byte frames at 10,000 bits a second: a longest frame takes 100 ms. */
const device = (run?: (line: Asking) => Step<void>): AnyDriver =>
  driver({
    id: "test",
    device: "test",
    grade: "document",
    line: { speed: 10_000, format: "8N1", modemLines: "untouched" },
    quiet: Seconds(1),
    proof: 1,
    frame: { delimited: { start: "<", end: ">", lengthMax: 100, accepts: () => true } },
    metrics: [],
    tx: TX,
    memory: 0,
    decode: (_, memory: number) => ({ readings: [], memory: memory + 1 }),
    ...(run === undefined ? {} : { run }),
  });

const START = 1_000_000_000n as Mono;
const at = (ms: number): Mono => after(START, Milliseconds(ms));
const sawFrame = (text: string, ms = 0): DialogueEvent => ({ saw: "frame", seen: { frame: ascii(text), readings: [], at: at(ms) } });
const BYTES: DialogueEvent = { saw: "bytes" };
const BROKEN: DialogueEvent = { saw: "broken", bytes: 12 };
const sent = ({ writes }: DialogueTurn): string => writes.map((bytes) => String.fromCharCode(...bytes)).join("");
const starts = (letter: string) => (frame: Uint8Array) => frame[1] === letter.charCodeAt(0);

/** A dialogue that asks once for what begins with A or B, and notes the answers. */
function asking(within = Milliseconds(200), between = within): { runner: DialogueRunner<number>; got: string[] } {
  const got: string[] = [];
  const runner = new DialogueRunner(
    device(function* (line) {
      yield* line.send("POLL");
      const answer = yield* line.expect({ a: starts("A"), b: starts("B") }, within, between);
      got.push(answer.got);
      yield* line.sleep(Seconds(1));
      got.push("slept");
    }),
    () => 0,
  );
  expect(sent(runner.step(START))).toBe("POLL\r");
  return { runner, got };
}

describe("an expect", () => {
  test("answers with the name of the first match, and looks no further at what it does not want", () => {
    const { runner, got } = asking();
    runner.step(at(10), sawFrame("<X>"));
    expect(got).toEqual([]);
    runner.step(at(20), sawFrame("<B1>"));
    expect(got).toEqual(["b"]);
  });

  test("answers broken once, for a complete frame whose check failed", () => {
    const { runner, got } = asking();
    runner.step(at(10), BYTES);
    runner.step(at(20), BROKEN);
    runner.step(at(21), BROKEN);
    expect(got).toEqual(["broken"]);
  });

  test("answers nothing when its time is over, and not before", () => {
    const { runner, got } = asking();
    expect(runner.wakeAt).toBe(at(200));
    runner.step(at(199));
    expect(got).toEqual([]);
    runner.step(at(200));
    expect(got).toEqual(["nothing"]);
  });

  test("counts its time again from each byte of an answer under way", () => {
    const { runner, got } = asking();
    runner.step(at(150), BYTES);
    expect(runner.wakeAt).toBe(at(350));
    runner.step(at(340), sawFrame("<A>"));
    expect(got).toEqual(["a"]);
  });

  test("ends sooner where an answer under way pauses too long", () => {
    const { runner } = asking(Milliseconds(200), Milliseconds(50));
    runner.step(at(100), BYTES);
    expect(runner.wakeAt).toBe(at(150));
  });

  test("ends also where a device babbles for ever", () => {
    const { runner, got } = asking();
    let ms = 0;
    while (got.length === 0 && ms < 10_000) {
      ms += 20;
      runner.step(at(ms), BYTES);
    }
    expect(got).toEqual(["nothing"]);
    expect(ms).toBe(200 + ANSWER_FRAMES * 100);
  });

  test("takes an answer that is seen in the very moment when its time ends", () => {
    const { runner, got } = asking();
    runner.step(at(200), sawFrame("<A>"));
    expect(got).toEqual(["a"]);
  });
});

/** What is done in each phase on each input: the whole table. */
describe("a step", () => {
  const inputs: Readonly<Record<string, DialogueEvent | undefined>> = {
    time: undefined,
    bytes: BYTES,
    broken: BROKEN,
    wanted: sawFrame("<A>"),
    other: sawFrame("<X>"),
  };
  const phases: Readonly<Record<string, (runner: DialogueRunner<number>) => Mono>> = {
    expecting: () => at(0),
    sleeping: (runner) => {
      runner.step(at(10), sawFrame("<A>"));
      return at(10);
    },
    pausing: (runner) => {
      runner.step(at(10), sawFrame("<A>"));
      expect(runner.step(at(1_010)).ended).toBe(true);
      return at(1_010);
    },
    over: (runner) => {
      runner.cancel();
      return at(10);
    },
  };
  const table: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    expecting: { time: "waits", bytes: "waits", broken: "goes on", wanted: "goes on", other: "waits" },
    sleeping: { time: "waits", bytes: "waits", broken: "waits", wanted: "waits", other: "waits" },
    pausing: { time: "waits", bytes: "waits", broken: "waits", wanted: "waits", other: "waits" },
    over: { time: "nothing", bytes: "nothing", broken: "nothing", wanted: "nothing", other: "nothing" },
  };
  for (const [phase, row] of Object.entries(table)) {
    for (const [input, outcome] of Object.entries(row)) {
      test(`while ${phase}, on ${input}: ${outcome}`, () => {
        const { runner, got } = asking();
        const now = phases[phase]!(runner);
        const before = { wake: runner.wakeAt, got: got.length };
        const turn = runner.step(after(now, Milliseconds(1)), inputs[input]);
        expect(turn).toEqual({ writes: [], ended: false });
        expect(got.length > before.got).toBe(outcome === "goes on");
        expect(runner.wakeAt === undefined).toBe(outcome === "nothing");
        if (outcome === "waits" && phase !== "expecting") expect(runner.wakeAt).toBe(before.wake);
      });
    }
  }
});

test("a dialogue begins at the first step, ends, and begins anew after its pause with what decode has learned", () => {
  let memory = 5;
  const seen: number[] = [];
  const runner = new DialogueRunner(
    device(function* (line) {
      seen.push(line.memory);
      yield* line.send("SET", { period: 3 });
      yield* line.sleep(Milliseconds(100));
    }),
    () => memory,
  );
  expect(runner.wakeAt).toBeUndefined();
  expect(sent(runner.step(START))).toBe("P3\r");
  memory = 6;
  expect(runner.step(at(100))).toEqual({ writes: [], ended: true });
  expect(runner.wakeAt).toBe(after(at(100), RESTART_PAUSE));
  expect(runner.step(after(at(99), RESTART_PAUSE))).toEqual({ writes: [], ended: false });
  expect(sent(runner.step(after(at(100), RESTART_PAUSE)))).toBe("P3\r");
  expect(seen).toEqual([5, 6]);
});

test(`a dialogue has at most ${EFFECTS_A_TURN} effects a turn and goes on in the next`, () => {
  const runner = new DialogueRunner(
    device(function* (line) {
      for (;;) yield* line.send("POLL");
    }),
    () => 0,
  );
  for (let turn = 0; turn < 3; turn++) {
    expect(runner.step(at(turn)).writes).toHaveLength(EFFECTS_A_TURN);
    expect(runner.wakeAt).toBe(at(turn));
  }
});

test("a driver that does not ask has no dialogue", () => {
  const runner = new DialogueRunner(device(), () => 0);
  expect(runner.step(START)).toEqual({ writes: [], ended: false });
  expect(runner.wakeAt).toBeUndefined();
});

describe("the transmit gate", () => {
  const refusedBy = (run: (line: Asking) => Step<void>): string => {
    const runner = new DialogueRunner(device(run), () => 0);
    const turn = runner.step(START);
    expect(sent(turn)).toBe("");
    expect(runner.wakeAt).toBeUndefined();
    expect(runner.step(at(60_000))).toEqual({ writes: [], ended: false });
    return turn.refused ?? "";
  };

  test("refuses bytes that a driver makes up, also under a declared name and also the right ones", () => {
    for (const text of ["EVIL\r", "POLL\r"])
      expect(
        refusedBy(function* () {
          yield { do: "send", template: "POLL", bytes: ascii(text) };
        }),
      ).toContain("no template encoded");
  });

  test("refuses bytes that were changed after the template encoded them", () => {
    expect(
      refusedBy(function* (line) {
        const step = line.send("POLL");
        const effect = step.next("done").value as Extract<Effect, { do: "send" }>;
        effect.bytes[0] = 0x51;
        yield effect;
      }),
    ).toContain("no template encoded");
  });

  test("sends what was encoded once only", () => {
    const runner = new DialogueRunner(
      device(function* (line) {
        const effect = line.send("POLL").next("done").value as Effect;
        yield effect;
        yield effect;
      }),
      () => 0,
    );
    const turn = runner.step(START);
    expect(sent(turn)).toBe("POLL\r");
    expect(turn.refused).toContain("no template encoded");
  });

  test("refuses an effect that does not exist", () => {
    expect(
      refusedBy(function* () {
        yield { do: "format", disk: "c" } as unknown as Effect;
      }),
    ).toContain("does not exist");
  });

  test("sends nothing where a hole is out of its bound or the template is not declared, and the dialogue is over", () => {
    for (const name of ["SET", "toString", "EVIL"]) {
      const runner = new DialogueRunner(
        device(function* (line) {
          yield* (line.send as (template: string, fill: object) => Step<"done">)(name, { period: 10 });
        }),
        () => 0,
      );
      expect(() => runner.step(START)).toThrow(RangeError);
      expect(runner.step(at(60_000))).toEqual({ writes: [], ended: false });
    }
  });
});

describe("cancelling", () => {
  test("runs what stands in finally at once and ends the dialogue for good", () => {
    const done: string[] = [];
    const runner = new DialogueRunner(
      device(function* (line) {
        try {
          yield* line.expect({ a: starts("A") }, Seconds(1));
        } finally {
          done.push("finally");
        }
      }),
      () => 0,
    );
    runner.step(START);
    expect(runner.cancel()).toBeUndefined();
    expect(done).toEqual(["finally"]);
    expect(runner.step(at(5_000), sawFrame("<A>"))).toEqual({ writes: [], ended: false });
    expect(runner.cancel()).toBeUndefined();
  });

  test("does not do an effect that stands in finally, and names it", () => {
    const runner = new DialogueRunner(
      device(function* (line) {
        try {
          yield* line.sleep(Seconds(1));
        } finally {
          yield* line.send("POLL");
        }
      }),
      () => 0,
    );
    runner.step(START);
    expect(runner.cancel()).toContain("send");
    expect(runner.wakeAt).toBeUndefined();
  });

  test("is nothing before the first step", () => {
    const { runner } = {
      runner: new DialogueRunner(
        device(function* (line) {
          yield* line.send("POLL");
        }),
        () => 0,
      ),
    };
    expect(runner.cancel()).toBeUndefined();
    expect(runner.step(START)).toEqual({ writes: [], ended: false });
  });
});

test("a driver that throws is over, and the next step does nothing", () => {
  const runner = new DialogueRunner(
    // biome-ignore lint/correctness/useYield: it fails before it asks anything.
    device(function* () {
      throw new TypeError("a bug");
    }),
    () => 0,
  );
  expect(() => runner.step(START)).toThrow("a bug");
  expect(runner.step(at(9_000))).toEqual({ writes: [], ended: false });
});

describe("the dialogue of the Puritan Bennett 840", () => {
  const SNDF = pb840Answer("MISCF", ["14:51 ", "840 3510053249    ", "NOV 22 2011 "]);
  const SNDA = pb840Answer("MISCA", ["14:51 ", "840 3510053249    ", "      "]);
  const answered = (frame: Uint8Array): DialogueEvent => ({ saw: "frame", seen: { frame, readings: [], at: START } });
  /** RSET went out 100 ms before START, and SNDF now. */
  function begin(): DialogueRunner<unknown> {
    const runner = new DialogueRunner<unknown>(puritanBennett840, () => puritanBennett840.memory);
    expect(sent(runner.step(at(-100)))).toBe("RSET\r");
    expect(sent(runner.step(START))).toBe("SNDF\r");
    return runner;
  }

  test("sends RSET once, then SNDF a second after each answer", () => {
    const runner = begin();
    for (let poll = 1; poll < 4; poll++) {
      expect(sent(runner.step(at(poll * 2_000 - 700), answered(SNDF)))).toBe("");
      expect(runner.wakeAt).toBe(at(poll * 2_000 + 300));
      expect(sent(runner.step(at(poll * 2_000 + 300)))).toBe("SNDF\r");
    }
  });

  test("asks SNDA only where SNDF is not answered at all, and SNDF again next time", () => {
    const runner = begin();
    expect(sent(runner.step(at(2_000)))).toBe("SNDA\r");
    expect(sent(runner.step(at(2_800), answered(SNDA)))).toBe("");
    expect(sent(runner.step(at(3_800)))).toBe("SNDF\r");
    expect(sent(runner.step(at(4_500), BROKEN))).toBe("");
    expect(sent(runner.step(at(5_500)))).toBe("SNDF\r");
  });

  test("never asks SNDA of a ventilator that has answered SNDF: a full answer that was cut is no old software", () => {
    const runner = begin();
    expect(sent(runner.step(at(700), answered(SNDF)))).toBe("");
    expect(sent(runner.step(at(1_700)))).toBe("SNDF\r");
    expect(sent(runner.step(at(3_700)))).toBe("");
    expect(sent(runner.step(at(4_700)))).toBe("SNDF\r");
  });

  test("returns after three polls without an answer, and begins anew with RSET", () => {
    const runner = begin();
    let now = START;
    let turn: DialogueTurn = { writes: [], ended: false };
    let said = "";
    for (let turns = 0; turns < 20 && !turn.ended; turns++) {
      now = runner.wakeAt!;
      turn = runner.step(now);
      said += sent(turn);
    }
    expect(said).toBe("SNDA\rSNDF\rSNDA\rSNDF\rSNDA\r");
    expect(turn.ended).toBe(true);
    expect(sent(runner.step(after(now, RESTART_PAUSE)))).toBe("RSET\r");
  });

  test("waits for an answer under way: 1.3 s at 9600 that begins after 1.9 s", () => {
    const runner = begin();
    for (let ms = 1_900; ms < 3_200; ms += 20) expect(runner.step(at(ms), BYTES)).toEqual({ writes: [], ended: false });
    expect(sent(runner.step(at(3_200), answered(SNDF)))).toBe("");
    expect(runner.wakeAt).toBe(at(4_200));
  });
});
