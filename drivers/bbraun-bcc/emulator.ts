import { type Duration, Milliseconds } from "../../config/units.ts";
import { CLOCK_GRAIN, type Emulator, type Sent } from "../kit/emulator.ts";
import { roll } from "../kit/emulator-dice.ts";
import { type Conclusion, conclude, concludeRack } from "./emulator-conclusion.ts";
import { asked, filledRack, isSlot, type Rack, rackAt } from "./emulator-rack.ts";
import { blockBytes, type Receiver, receive, type Stuffing } from "./emulator-wire.ts";

/**
 * A B. Braun rack with its pumps that speaks BCC in request mode, written from the protocol paper alone. Answers go in blocks, each of
 * which waits for its 06; 15 brings the last block again. A request empties the counters of the pumps it asks for (BB-5).
 *
 * What its units name stands in emulator-conclusion.ts. A block's unit is of the pumps of which a reader then has heard all: the last
 * one may go on in the block that follows, and is told with that. A block of which nothing can be told yet has no unit.
 *
 * Not said by the paper, decided here: a request that is broken, stuffed the wrong way or for another bed id is not answered, and
 * neither is a MEM:GET sooner than 500 ms after the one before; a 06 sooner than 100 ms after its block is not heard; a block that
 * nobody acknowledges is given up after 5 s; the counters begin anew with the request, not with its 06; GNERR 811 is told for a slot
 * that never held a pump, 39 for one that was emptied. The cyclic mode is not emulated.
 */
export type BccOptions = {
  readonly pumps: number;
  readonly stuffing: Stuffing;
  /** Whether pumps are exchanged and taken out, and the bed id changes. */
  readonly happens: "something" | "nothing";
};

/** Blocks of an answer: the next to be sent at `due`, or, with `due` undefined, the one before it that waits for its 06. */
type Answer = { readonly blocks: readonly Block[]; readonly at: number; readonly due: Duration | undefined; readonly sentAt: number };
type Block = { readonly info: string; readonly conclusion: Conclusion | undefined };
export type BccState = {
  readonly random: number;
  readonly stuffing: Stuffing;
  readonly bed: string;
  readonly version: string;
  /** Seconds that the rack had been on when this began. */
  readonly secondsBefore: number;
  /** Second at which somebody changes the bed id. */
  readonly bedChanges: number;
  readonly rack: Rack;
  readonly receiver: Receiver;
  readonly answer: Answer | undefined;
  /** When it was last asked for everything. */
  readonly askedAll: number;
};

/** UTF-8 bytes of a block's information, at most; a pump's quadruples may be split. */
export const INFORMATION_MAX = 1000;
const THINKING = { least: 30, most: 150 } as const;
const ACK_SOONEST = 100;
const GET_PAUSE = 500;
const ACK_WAIT = 5000;
const IDLE = 1000;
const BEDS: readonly [string, ...string[]] = ["SpaceCOM", "ICU2-BED07", "B12", "ANAESTHESIE-3"];

export function bccEmulator(options: BccOptions): Emulator<BccState> {
  return {
    id: "bbraun-bcc",
    speed: 9600,
    start: (seed) => switchedOn(seed, options),
    step: (state, heard, at) => {
      const sends: Sent[] = [];
      const owed = sent(state, at, sends);
      const now = sent(listen(owed, heard, at), at, sends);
      const due = now.answer?.due;
      return { state: now, sends, next: Milliseconds(due === undefined ? IDLE : Math.min(IDLE, Math.max(0, due - at))) };
    },
  };
}

/** A rack with three pumps. */
export const bbraunBccEmulator: Emulator<BccState> = bccEmulator({ pumps: 3, stuffing: "off", happens: "something" });
/** One pump, at a site where everything is stuffed. */
export const bbraunBccStuffedEmulator: Emulator<BccState> = bccEmulator({ pumps: 1, stuffing: "on", happens: "something" });
/** Three pillars with eight pumps each. */
export const bbraunBccFullEmulator: Emulator<BccState> = bccEmulator({ pumps: 24, stuffing: "off", happens: "something" });

function switchedOn(seed: number, { pumps, stuffing, happens }: BccOptions): BccState {
  const dice = roll(seed);
  const secondsBefore = dice.between(5, 90_000);
  const bedChanges = happens === "something" ? dice.between(90, 300) : Number.POSITIVE_INFINITY;
  const start = { stuffing, bed: dice.one(BEDS), version: "V3.30", secondsBefore, bedChanges, rack: filledRack(seed, pumps, happens) };
  return { ...start, receiver: undefined, answer: undefined, askedAll: Number.NEGATIVE_INFINITY, random: dice.state() };
}

function listen(state: BccState, heard: Uint8Array, at: Duration): BccState {
  let now = state;
  for (const byte of heard) {
    const [receiver, said] = receive(now.receiver, byte, now.stuffing);
    now = { ...now, receiver };
    if (said.heard === "request") now = obey(now, said, at);
    else if (said.heard !== "nothing") now = acknowledged(now, said.heard, at);
  }
  return now;
}

/** 06: the next block, if there is one; 15: the last one again. */
function acknowledged(state: BccState, how: "ack" | "nak", at: Duration): BccState {
  const { answer } = state;
  if (answer === undefined || answer.due !== undefined || at > answer.sentAt + ACK_WAIT) return state;
  if (how === "ack" && at + CLOCK_GRAIN < answer.sentAt + ACK_SOONEST) return state;
  if (how === "ack" && answer.at >= answer.blocks.length) return { ...state, answer: undefined };
  const [random, due] = soon(state, at);
  return { ...state, random, answer: { ...answer, at: how === "nak" ? answer.at - 1 : answer.at, due } };
}

function soon({ random }: BccState, at: Duration): readonly [random: number, due: Duration] {
  const dice = roll(random);
  const due = Milliseconds(at + dice.between(THINKING.least, THINKING.most));
  return [dice.state(), due];
}

function sent(state: BccState, at: Duration, sends: Sent[]): BccState {
  const { answer, bed, stuffing } = state;
  if (answer?.due === undefined || answer.due > at + CLOCK_GRAIN) return state;
  const last = answer.at + 1 === answer.blocks.length;
  const { info, conclusion } = answer.blocks[answer.at]!;
  const bytes = blockBytes({ bed, info, follows: last ? "nothing" : "more" }, stuffing);
  sends.push({ bytes, ...(conclusion === undefined ? {} : { unit: { ...conclusion, bytes: bytes.length } }) });
  return { ...state, answer: { ...answer, at: answer.at + 1, due: undefined, sentAt: answer.due } };
}

// ── Requests ────────────────────────────────────────────────────────────────────────────────────────────────────────

const SYSTEM = "50100";
/** Bed id of the first request, when the host knows no other. */
const BED_UNKNOWN = "1";

/** A new request ends the answer to the one before. */
function obey(before: BccState, { bed, request }: { readonly bed: string; readonly request: string }, at: Duration): BccState {
  const second = Math.floor(at / 1000);
  const state = renamed(before, second);
  const time = String(state.secondsBefore + second);
  if (request === "ADMIN:ALIVE" && (bed === BED_UNKNOWN || bed === state.bed))
    return replies(state, at, [
      { info: [time, SYSTEM, "GNACK", "0"].join(","), conclusion: concludeRack(time, { "bcc.GNACK": "0", "bcc.bed_id": state.bed }) },
    ]);
  if (bed !== state.bed || (request === "MEM:GET" && at + CLOCK_GRAIN < state.askedAll + GET_PAUSE)) return state;
  const rack = rackAt(state.rack, second);
  const now = { ...state, rack, ...(request === "MEM:GET" ? { askedAll: at } : {}) };
  const slots = Object.keys(rack.pumps).sort();
  if (request === "ADMIN:VERSION")
    return replies(now, at, [
      { info: [time, SYSTEM, state.version].join(","), conclusion: concludeRack(time, { "bcc.bed_id": state.bed }) },
    ]);
  const [, slot] = /^MEM:GETSLOT#(..)$/.exec(request) ?? [];
  const wanted = request === "MEM:GET" ? slots : slots.filter((one) => one === slot);
  if (wanted.length > 0) return tells(now, at, wanted);
  const error = errorOf(rack, request, slot);
  const conclusion: Conclusion = { ...concludeRack(time, { "bcc.GNERR": error }), once: true };
  return replies(now, at, [{ info: [time, SYSTEM, "GNERR", error].join(","), conclusion }]);
}

function errorOf(rack: Rack, request: string, slot: string | undefined): string {
  if (request !== "MEM:GET" && (slot === undefined || !isSlot(slot))) return "68";
  if (Object.keys(rack.pumps).length === 0) return "11";
  return slot !== undefined && rack.emptied.includes(slot) ? "39" : "811";
}

function renamed(state: BccState, second: number): BccState {
  if (second < state.bedChanges) return state;
  const next = BEDS[(BEDS.indexOf(state.bed) + 1) % BEDS.length] ?? BEDS[0];
  return { ...state, bed: next, bedChanges: Number.POSITIVE_INFINITY };
}

function replies(state: BccState, at: Duration, blocks: readonly Block[]): BccState {
  const [random, due] = soon(state, at);
  return { ...state, random, answer: { blocks, at: 0, due, sentAt: at } };
}

function tells(state: BccState, at: Duration, wanted: readonly string[]): BccState {
  const second = Math.floor(at / 1000);
  const { rack, slots } = asked(state.rack, wanted, second);
  const time = String(state.secondsBefore + second);
  const blocks = blocksOf(
    slots.flatMap(({ slot, parameters }) => parameters.map(([name, text]) => ({ slot, text: `${time},501${slot},${name},${text}` }))),
  );
  const told = blocks.map((block, index): Block => {
    const heard = heardUpTo(blocks, index);
    const conclusion =
      heard.length === 0
        ? undefined
        : conclude(
            slots.filter(({ slot }) => heard.includes(slot)),
            time,
          );
    return { info: block.map(({ text }) => text).join(SEPARATOR), conclusion };
  });
  return replies({ ...state, rack }, at, told);
}

type Quadruple = { readonly slot: string; readonly text: string };
/** Slots of which nothing more can come behind this block, and could behind the one before. */
function heardUpTo(blocks: readonly (readonly Quadruple[])[], index: number): readonly string[] {
  const before = blocks[index - 1]?.at(-1);
  const begun = [...new Set([...(before === undefined ? [] : [before]), ...blocks[index]!].map(({ slot }) => slot))];
  return index + 1 === blocks.length ? begun : begun.slice(0, -1);
}

const SEPARATOR = "\u001e";
const bytesOf = (text: string): number => new TextEncoder().encode(text).length;
function blocksOf(quadruples: readonly Quadruple[]): readonly (readonly Quadruple[])[] {
  const blocks: Quadruple[][] = [[]];
  let length = 0;
  for (const quadruple of quadruples) {
    const own = bytesOf(quadruple.text) + 1;
    if (length > 0 && length + own > INFORMATION_MAX) {
      blocks.push([]);
      length = 0;
    }
    blocks.at(-1)!.push(quadruple);
    length += own;
  }
  return blocks;
}
