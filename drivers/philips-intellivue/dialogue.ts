import { type Duration, elapsed, isDue, type Mono, Seconds } from "../../config/units.ts";
import type { Expected, Line, Step } from "../kit/driver.ts";
import { type Heard, heardOf } from "./heard.ts";
import type { Memory } from "./memory.ts";
import { type Granted, type Message, readMessage } from "./message.ts";
import { OPTION, type SERIAL } from "./request.ts";

/** A line on which these requests can be sent, whichever way they are wrapped. */
export type Asking = Line<Memory, typeof SERIAL>;
/** The message of a frame; undefined where it holds none. */
export type Unwrap = (frame: Uint8Array) => Uint8Array | undefined;

/** Every limit and time of the dialogue (README.md, Timing). */
const POLL_TICKS = 320_000;
const TICKS_PER_SECOND = 8000;
const LEASE = Seconds(40);
const RENEW = Seconds(30);
const KEEP_ALIVE = { least: Seconds(2), most: Seconds(15) };
const ASK = Seconds(2);
const ASSOCIATE_WITHIN = Seconds(1);
const ASSOCIATE_ATTEMPTS = 4;
const CREATE_WITHIN = Seconds(10);
const LIST_WITHIN = Seconds(3);
const HEARD_WITHIN = Seconds(3);
const SILENT_MAX = 3;
const NUMERICS_WITHIN = Seconds(10);
/** Ended by a pause of the kit's as long again. */
const RECOVERY = Seconds(3);
/** Frames that may come in vain while one answer is awaited. */
const FRAMES_BETWEEN_MAX = 200;
const INVOKES = 0x1_0000;

/**
 * | state        | left by                                                 | to           |
 * |--------------|---------------------------------------------------------|--------------|
 * | associating  | accepted                                                | creating     |
 * |              | ended, data of another association, no answer (4 times) | releasing    |
 * | creating     | create event (answered)                                 | polling      |
 * |              | ended, 10 s                                             | releasing    |
 * | polling      | accepted once more                                      | creating     |
 * |              | ended, 3 silences of 3 s, no numerics for 10 s          | releasing    |
 * | releasing    | RELEASE sent, 3 s and the kit's pause                   | associating  |
 */
export function dialogue(unwrap: Unwrap): (line: Asking) => Step<void> {
  return function* run(line) {
    const association: Association = { granted: undefined };
    const listen = listener(unwrap, association);
    if (yield* associate(line, listen)) {
      for (;;) {
        const created = yield* awaitCreated(line, listen);
        if (created === undefined || (yield* converse(line, listen, { association, created })) === "over") break;
      }
    }
    // Harmless where there is none; where a stale one is kept, the next request would not be answered.
    yield* line.send("RELEASE");
    yield* line.sleep(RECOVERY);
  };
}

// ── Hearing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

type Listened = { readonly heard: Heard; readonly at: Mono } | "silence";
type Listen = (line: Asking, within: Duration) => Step<Listened>;

/** What the monitor said when it accepted last; undefined where it could not be read. Not of memory: another monitor empties that. */
type Association = { granted: Granted | undefined };

/** The next whole message; a broken frame is passed over, and so many of them are silence. */
function listener(unwrap: Unwrap, association: Association): Listen {
  const any = { message: () => true };
  return function* listen(line, within) {
    for (let broken = 0; broken < FRAMES_BETWEEN_MAX; broken++) {
      const answer: Expected<"message"> = yield* line.expect(any, within);
      if (answer.got === "nothing") return "silence";
      if (answer.got === "broken") continue;
      const heard = heardOf(messageIn(unwrap, answer.seen.frame));
      if (heard.is === "accepted") association.granted = heard.granted;
      return { heard, at: answer.seen.at };
    }
    return "silence";
  };
}

function messageIn(unwrap: Unwrap, frame: Uint8Array): Message | undefined {
  const bytes = unwrap(frame);
  return bytes === undefined ? undefined : readMessage(bytes);
}

// ── Beginning ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** A request is repeated as long as nothing answers; a late answer to the one before is as good. */
function* associate(line: Asking, listen: Listen): Step<boolean> {
  for (let attempt = 0; attempt < ASSOCIATE_ATTEMPTS; attempt++) {
    yield* line.send("ASSOCIATE", { pollTicks: POLL_TICKS });
    let answer: Listened = yield* listen(line, ASSOCIATE_WITHIN);
    // The late end of an association before: the answer to the request is still to come.
    if (answer !== "silence" && answer.heard.is === "released") answer = yield* listen(line, ASSOCIATE_WITHIN);
    // Whatever else comes belongs to an association that nobody here keeps.
    if (answer !== "silence") return answer.heard.is === "accepted";
  }
  return false;
}

/** Answers the create event and returns its instant; undefined where it does not come. */
function* awaitCreated(line: Asking, listen: Listen): Step<Mono | undefined> {
  let begun: Mono | undefined;
  for (let heard = 0; heard < FRAMES_BETWEEN_MAX; heard++) {
    const answer: Listened = yield* listen(line, CREATE_WITHIN);
    if (answer === "silence" || isOver(answer.heard)) return undefined;
    begun ??= answer.at;
    if (answer.heard.is === "created") {
      yield* line.send("CREATED", { invoke: answer.heard.invoke });
      return answer.at;
    }
    if (elapsed(begun, answer.at) >= CREATE_WITHIN) return undefined;
  }
  return undefined;
}

// ── Polling ─────────────────────────────────────────────────────────────────────────────────────────────────────────

type Poll = "POLL_NUMERICS" | "POLL_WAVES" | "POLL_ALERTS" | "POLL_MONITOR" | "ASK_NUMERICS" | "ASK_ALERTS";
/** Polls that are sent together. `sent` undefined: a moment ago, at a time that the next message brings. */
type Round = { readonly every: Duration; readonly polls: Set<Poll>; sent: Mono | undefined; due: boolean };
type Polling = {
  invoke: number;
  readonly rounds: { readonly leases: Round; readonly alive: Round; readonly asks: Round };
  /** By the invoke ids with which they were sent last. */
  readonly asked: Map<number, Poll>;
  numerics: Mono;
  silences: number;
};

type Begun = { readonly association: Association; readonly created: Mono };

/** Until the association ends ("over") or begins anew ("again"). */
function* converse(line: Asking, listen: Listen, { association, created }: Begun): Step<"over" | "again"> {
  const { granted } = association;
  const polling = begin(granted, created);
  yield* sendDue(line, polling, created);
  if (isGranted(granted, OPTION.waves) && isGranted(granted, OPTION.numerics)) {
    const listed = yield* listWaves(line, listen, polling);
    if (listed !== "listed") return listed;
    polling.rounds.leases.polls.add("POLL_WAVES");
    yield* sendPoll(line, polling, "POLL_WAVES");
  }
  for (;;) {
    const answer: Listened = yield* listen(line, HEARD_WITHIN);
    const step = yield* take(line, polling, answer);
    if (step !== "on") return step;
    yield* sendDue(line, polling, answer === "silence" ? undefined : answer.at);
  }
}

/** Numerics each second where that was granted; else each is asked for. Nothing is assumed to have been granted (IV-16). */
function begin(granted: Granted | undefined, created: Mono): Polling {
  const half = Seconds((granted?.pollTicks ?? POLL_TICKS) / TICKS_PER_SECOND / 2);
  const keepAlive = Math.min(KEEP_ALIVE.most, Math.max(KEEP_ALIVE.least, half)) as Duration;
  const round = (every: Duration, polls: readonly Poll[]): Round => ({ every, polls: new Set(polls), sent: undefined, due: true });
  const eachSecond = isGranted(granted, OPTION.numerics);
  const rounds = {
    leases: round(RENEW, eachSecond ? ["POLL_NUMERICS", "POLL_ALERTS"] : []),
    alive: round(keepAlive, ["POLL_MONITOR"]),
    asks: round(ASK, eachSecond ? [] : ["ASK_NUMERICS", "ASK_ALERTS"]),
  };
  return { invoke: 0, rounds, asked: new Map(), numerics: created, silences: 0 };
}

const isGranted = (granted: Granted | undefined, option: number): boolean => ((granted?.options ?? 0) & option) !== 0;
const isOver = (heard: Heard): boolean => heard.is === "ended" || heard.is === "released";

/** `now` undefined: after a silence, when everything is asked for again and only the next message will tell the time. */
function* sendDue(line: Asking, polling: Polling, now: Mono | undefined): Step<void> {
  for (const round of Object.values(polling.rounds)) {
    round.sent ??= now;
    if (!round.due && now !== undefined && !isDue(round.sent, round.every, now)) continue;
    round.sent = now;
    round.due = false;
    for (const [invoke, poll] of polling.asked) if (round.polls.has(poll)) polling.asked.delete(invoke);
    for (const poll of round.polls) yield* sendPoll(line, polling, poll);
  }
}

function* sendPoll(line: Asking, polling: Polling, poll: Poll): Step<void> {
  const invoke = nextInvoke(polling);
  polling.asked.set(invoke, poll);
  if (poll === "POLL_MONITOR" || poll === "ASK_NUMERICS" || poll === "ASK_ALERTS") yield* line.send(poll, { invoke });
  else yield* line.send(poll, { invoke, leaseTicks: (LEASE / 1000) * TICKS_PER_SECOND });
}

function nextInvoke(polling: Polling): number {
  polling.invoke = (polling.invoke + 1) % INVOKES;
  return polling.invoke;
}

/** What one message, or none, means for the polls. */
function* take(line: Asking, polling: Polling, answer: Listened): Step<"on" | "over" | "again"> {
  if (answer === "silence") {
    polling.silences += 1;
    return polling.silences >= SILENT_MAX ? "over" : "on";
  }
  polling.silences = 0;
  const { heard, at } = answer;
  switch (heard.is) {
    case "ended":
    case "released":
      return "over";
    case "accepted":
      return "again";
    case "created":
      // Its answer was lost; without one no poll is served. A monitor that repeats it again and again is not polled as often.
      yield* line.send("CREATED", { invoke: heard.invoke });
      for (const round of Object.values(polling.rounds)) round.due = round.sent !== undefined && isDue(round.sent, KEEP_ALIVE.least, at);
      return "on";
    case "refused":
      refuse(polling, heard.invoke);
      return "on";
    case "numerics":
      polling.numerics = at;
      return "on";
    case "list":
    case "other":
      return elapsed(polling.numerics, at) >= NUMERICS_WITHIN ? "over" : "on";
  }
}

/** A poll that is refused is not sent again; what it was for is asked one by one instead. */
function refuse({ asked, rounds }: Polling, invoke: number): void {
  const poll = asked.get(invoke);
  if (poll === undefined) return;
  for (const round of Object.values(rounds)) round.polls.delete(poll);
  if (poll === "POLL_NUMERICS") rounds.asks.polls.add("ASK_NUMERICS");
  if (poll === "POLL_ALERTS") rounds.asks.polls.add("ASK_ALERTS");
}

/** IV-24: a list that is not empty stays as it is. */
function* listWaves(line: Asking, listen: Listen, polling: Polling): Step<"listed" | "over" | "again"> {
  const got = nextInvoke(polling);
  yield* line.send("GET_WAVES", { invoke: got });
  const listed = yield* awaitList(line, listen, polling, got);
  if (typeof listed === "string") return listed;
  if (listed.waves > 0) return "listed";
  const set = nextInvoke(polling);
  yield* line.send("SET_WAVES", { invoke: set });
  const done = yield* awaitList(line, listen, polling, set);
  return typeof done === "string" ? done : "listed";
}

/** No answer, or an error, is an empty list. */
function* awaitList(line: Asking, listen: Listen, polling: Polling, invoke: number): Step<{ readonly waves: number } | "over" | "again"> {
  let begun: Mono | undefined;
  for (let heard = 0; heard < FRAMES_BETWEEN_MAX; heard++) {
    const answer: Listened = yield* listen(line, LIST_WITHIN);
    if (answer === "silence") break;
    begun ??= answer.at;
    if (answer.heard.is === "list" && answer.heard.invoke === invoke) return { waves: answer.heard.waves };
    if (answer.heard.is === "refused" && answer.heard.invoke === invoke) break;
    const step = yield* take(line, polling, answer);
    if (step !== "on") return step;
    if (elapsed(begun, answer.at) >= LIST_WITHIN) break;
  }
  return { waves: 0 };
}
