import { type Duration, elapsed, Milliseconds, type Mono, Seconds } from "../../config/units.ts";
import { within } from "../kit/bound.ts";
import { NESTED } from "../kit/demux.ts";
import type { Line, Step, Template } from "../kit/driver.ts";
import { CURVES_MAX, type Curves } from "./curves.ts";
import { hexOf } from "./metrics.ts";
import { ABORT, CODE, ESC, GO_ON, isAnswer, isCommand, NAK, SOH, telegram } from "./telegram.ts";

/** What the talk needs of what decode has learned. */
export type Memory = {
  /** The device has answered who it is; an ICC makes it unknown again. */
  readonly identified: boolean;
  /** Commands of the device: how many, and the codes of the last ones. */
  readonly commands: { readonly count: number; readonly last: readonly number[] };
  /** The device said: stop sending; how often it did. */
  readonly stopped: boolean;
  readonly stops: number;
  readonly curves: Curves;
};

// ── What may be sent ────────────────────────────────────────────────────────────────────────────────────────────────

const NO_CURVE = -1;
const STREAMS: readonly string[] = Array.from({ length: CURVES_MAX }, (_, i) => `stream${i + 1}`);
const command = (code: number): Template => ({ holes: [], encode: () => telegram(ESC, code) });
/** MB-60: nothing else exists, and none of it touches a therapy, a setting, an alarm or the clock. */
export const TX = {
  ICC: command(CODE.icc),
  /** MB-55: on leaving, or a ventilator shows that the connection was lost. */
  STOP: command(CODE.stop),
  IDENTITY: command(CODE.identity),
  MEASURED_1: command(0x24),
  LOW_LIMITS_1: command(0x25),
  HIGH_LIMITS_1: command(0x26),
  ALARMS_1: command(0x27),
  TIME: command(CODE.time),
  SETTINGS: command(0x29),
  TEXTS: command(CODE.texts),
  MEASURED_2: command(0x2b),
  LOW_LIMITS_2: command(0x2c),
  HIGH_LIMITS_2: command(0x2d),
  ALARMS_2: command(0x2e),
  CURVES: command(CODE.curves),
  /** MB-52: who we are. */
  OWN_IDENTITY: { holes: [], encode: () => telegram(SOH, CODE.identity, "0161'Bedside'01.00:03.00") } satisfies Template,
  BROKEN: { holes: [], encode: () => telegram(SOH, NAK) } satisfies Template,
  /** MB-51: the empty answer to a command. */
  ECHO: {
    holes: ["code"],
    encode: ({ code }) => telegram(SOH, within("code", code, [0x20, 0x7f])),
  } satisfies Template<"code">,
  /** Curve codes in the order of the streams; NO_CURVE where there are fewer. Multiplier 1 (MB-41). */
  CONFIGURE: {
    holes: STREAMS,
    encode: (fill) => {
      const codes = STREAMS.map((hole) => fill[hole] ?? NO_CURVE).filter((code) => code !== NO_CURVE);
      return telegram(ESC, CODE.configure, codes.map((code) => `${hexOf(within("stream", code, [0, 0xff]))}01`).join(""));
    },
  } satisfies Template<string>,
  /** MB-42: streams of a group of four, a bit for each. */
  ENABLE: {
    holes: ["group", "streams"],
    encode: ({ group, streams }) =>
      Uint8Array.of(0xd0, 0xc0 | within("group", group, [1, 3]), 0xc0 | within("streams", streams, [0, 15]), 0xc0, 0xc0),
  } satisfies Template<"group" | "streams">,
};

// ── Talking ─────────────────────────────────────────────────────────────────────────────────────────────────────────

type Asking = Line<Memory, typeof TX>;
type Question = Exclude<keyof typeof TX, "OWN_IDENTITY" | "BROKEN" | "ECHO" | "CONFIGURE" | "ENABLE">;
type Talk = {
  readonly line: Asking;
  /** Commands of the device that have their answer. */
  answered: number;
  /** The stop that the device did not lift in time. */
  overdue: number;
  /** Questions that had an answer, and such as the device does not know. */
  readonly known: Set<Question>;
  readonly unknown: Set<Question>;
  /** How often the curves were configured in vain. */
  configured: number;
};
/** "forgotten": the device has initialised, and knows nothing of what it was asked. */
type Outcome = "answer" | "refused" | "again" | "none" | "forgotten";

const FAST: readonly Question[] = ["MEASURED_1", "ALARMS_1", "MEASURED_2", "ALARMS_2"];
/** One of them in each round. */
const SLOW: readonly Question[] = ["SETTINGS", "TEXTS", "LOW_LIMITS_1", "HIGH_LIMITS_1", "TIME", "LOW_LIMITS_2", "HIGH_LIMITS_2"];
/** Every device answers them; what else it does not answer, it does not know. */
const ALWAYS: readonly Question[] = ["IDENTITY", "MEASURED_1"];

const ICC_EVERY = Seconds(3); // MB-50
const ANSWER_WITHIN = Seconds(10); // MB-53
/** Of an answer under way: one that lost its end must be asked again before the silence that ends the session (MB-54). */
const ANSWER_PAUSE = Seconds(1);
/** A good answer stands right behind the rest of one that was torn. */
const BROKEN_PAUSE = Milliseconds(100);
/** Of a question that may be unknown to it: less than the silence that ends the session (MB-54). */
const FIRST_WITHIN = Milliseconds(2500);
const STOPPED_MAX = Seconds(3); // MB-12
/** MB-52: 200 ms from when our identity was heard, which takes 270 ms at 1200 baud. */
const IDENTITY_PAUSE = Milliseconds(500);
const ROUND_PAUSE = Milliseconds(300);
const TRIES = 3; // MB-53
/** Commands of the device, and broken ones, that may come while one answer is awaited. */
const HEARD_MAX = 16;

export function* run(line: Asking): Step<void> {
  const talk: Talk = { line, answered: 0, overdue: 0, known: new Set(), unknown: new Set(), configured: 0 };
  yield* initialise(talk);
  for (let round = 0; ; round++) {
    for (const question of [...FAST, SLOW[round % SLOW.length]!]) {
      // The device may forget us at any time: it is asked again who it is before anything else.
      if (!(yield* prepared(talk)) || (yield* ask(talk, question)) === "none") return;
    }
    yield* enable(talk);
    yield* pause(talk, ROUND_PAUSE);
  }
}

/** MB-50: until either side's ICC is answered. */
function* initialise(talk: Talk): Step<void> {
  for (;;) {
    yield* clear(talk);
    yield* talk.line.send("ICC");
    const outcome = yield* awaited(talk, CODE.icc, { within: ICC_EVERY, between: ANSWER_WITHIN });
    if (outcome === "answer" || outcome === "forgotten") return;
  }
}

/** It is known who the device is, and which curves it sends. False: it does not answer. */
function* prepared(talk: Talk): Step<boolean> {
  const { line } = talk;
  for (let tries = 0; !line.memory.identified; tries++) {
    yield* pause(talk, IDENTITY_PAUSE);
    if (tries === TRIES || (yield* ask(talk, "IDENTITY")) === "none") return false;
  }
  if (line.memory.curves.phase === "unknown" && (yield* ask(talk, "CURVES")) === "none") return false;
  const { asked, phase } = line.memory.curves;
  if (phase === "confirmed") talk.configured = 0;
  if (asked.length === 0 || phase === "confirmed" || talk.configured === TRIES) return true;
  yield* settle(talk);
  yield* clear(talk);
  yield* line.send("CONFIGURE", Object.fromEntries(STREAMS.map((hole, i) => [hole, asked[i]?.code ?? NO_CURVE])));
  talk.configured += 1;
  yield* awaited(talk, CODE.configure, { within: FIRST_WITHIN, between: ANSWER_PAUSE });
  yield* enable(talk);
  return true;
}

/** MB-42: repeated in each round, since nothing says that it was heard. */
function* enable({ line }: Talk): Step<void> {
  const { asked, phase } = line.memory.curves;
  if (phase !== "confirmed" || line.memory.stopped) return;
  for (let group = 1; group * 4 - 4 < asked.length; group++) {
    const count = Math.min(4, asked.length - (group * 4 - 4));
    yield* line.send("ENABLE", { group, streams: (1 << count) - 1 });
  }
}

/** MB-53: what is not answered is asked again. "none": the device has gone. */
function* ask(talk: Talk, question: Question): Step<Outcome> {
  if (talk.unknown.has(question)) return "refused";
  const isSure = ALWAYS.includes(question) || talk.known.has(question);
  let outcome: Outcome = "none";
  for (let tries = 0; tries < (isSure ? TRIES : 1); tries++) {
    yield* clear(talk);
    if (yield* settle(talk)) return "forgotten";
    yield* talk.line.send(question);
    const within = isSure ? ANSWER_WITHIN : FIRST_WITHIN;
    outcome = yield* awaited(talk, TX[question].encode({})[1]!, { within, between: ANSWER_PAUSE });
    if (outcome === "answer") talk.known.add(question);
    if (outcome === "answer" || outcome === "forgotten") return outcome;
  }
  if (!isSure && outcome === "again") return "refused";
  if (outcome === "refused" || !isSure) {
    talk.unknown.add(question);
    return "refused";
  }
  return "none";
}

type Times = { readonly within: Duration; readonly between: Duration };
/** Waits for the answer to `code`; meanwhile the device has its own answers. */
function* awaited(talk: Talk, code: number, times: Times): Step<Outcome> {
  const wanted = {
    answer: (frame: Uint8Array) => isAnswer(frame) && frame[1] === code,
    refused: (frame: Uint8Array) => isAnswer(frame) && frame[1] === NAK,
    again: (frame: Uint8Array) => frame[0] === ABORT,
    command: isCommand,
  };
  let isBroken = false;
  let { within, between } = times;
  let first: Mono | undefined;
  for (let heard = 0; heard < HEARD_MAX; heard++) {
    const what = yield* talk.line.expect(wanted, within, between);
    switch (what.got) {
      case "answer":
      case "refused":
      case "again":
        return what.got;
      case "nothing":
        return isBroken ? "again" : "none";
      case "command":
        if (yield* settle(talk)) return "forgotten";
        // What the device asks meanwhile does not prolong the wait, from the first of it on.
        first ??= what.seen.at;
        within = Milliseconds(Math.max(0, times.within - elapsed(first, what.seen.at)));
        break;
      case "broken":
        if (what.channel === NESTED) yield* refuse(talk);
        else {
          isBroken = true;
          within = between = BROKEN_PAUSE;
        }
    }
  }
  return "none";
}

/** MB-51: every command of the device is answered, before we send one. True: one of them was an ICC. */
function* settle(talk: Talk): Step<boolean> {
  const { count, last } = talk.line.memory.commands;
  // Another device on the line: its commands are counted from the first.
  const before = count < talk.answered ? 0 : talk.answered;
  const owed = count > before ? last.slice(before - count) : [];
  talk.answered = count;
  for (const code of owed) {
    yield* clear(talk);
    if (code === CODE.identity) yield* talk.line.send("OWN_IDENTITY");
    else yield* talk.line.send("ECHO", { code });
  }
  return owed.includes(CODE.icc);
}

/** MB-12: nothing is sent while the device says so, and it may say so for 3 s. */
function* clear(talk: Talk): Step<void> {
  const { line } = talk;
  for (let heard = 0; line.memory.stopped && line.memory.stops !== talk.overdue && heard < HEARD_MAX; heard++) {
    const { got } = yield* line.expect({ go: (frame) => frame[0] === GO_ON }, STOPPED_MAX);
    if (got === "nothing") talk.overdue = line.memory.stops;
  }
}

/** A pause in which the device may ask. */
function* pause(talk: Talk, time: Duration): Step<void> {
  yield* settle(talk);
  const answer = yield* talk.line.expect({ command: isCommand }, time);
  if (answer.got === "command") yield* settle(talk);
  if (answer.got === "broken" && answer.channel === NESTED) yield* refuse(talk);
}

/** MB-15: a command of the device came broken. */
function* refuse(talk: Talk): Step<void> {
  yield* clear(talk);
  yield* talk.line.send("BROKEN");
}
