import { type Duration, Milliseconds } from "../../config/units.ts";
import { CLOCK_GRAIN, type Emulator } from "../kit/emulator.ts";
import { roll } from "../kit/emulator-dice.ts";
import { switchedOn } from "./emulator-bed.ts";
import { curvesOf, isRunning, nextRecord, recordDue } from "./emulator-curves.ts";
import { cutOff, EMPTY_LINE, emitted, lineDue, type Out, recorded } from "./emulator-line.ts";
import { ATLAN, EVITA_4, type Model, SAVINA } from "./emulator-models.table.ts";
import type { Pages } from "./emulator-pages.ts";
import { changes, hear } from "./emulator-session.ts";
import { asks, asksAgain, calls, type Identity, type MedibusState, TIMES, WISH_PATIENCE, wishes } from "./emulator-state.ts";
import { CODE, NOTHING_HEARD, receive } from "./emulator-wire.ts";

/**
 * A Dräger device that speaks MEDIBUS, written from the protocol paper alone. It calls for a host every 3 s, drops one that is silent
 * for 3 s, asks things by itself (also inside its answers), and sends curves between the bytes of slow answers.
 *
 * What its units name stands in emulator-pages.ts. Without curves a message leaves as one piece, with them byte by byte and `open`, so
 * that the kit's faults strike only where no curve is enabled. An answer that loses its CR is a fault (`cut`).
 *
 * Not said by the paper, decided here: an answer to 6A is the empty echo; 4A takes a page and pairs of code and 1 or 0; after 56 no
 * curve comes until it is configured and enabled again; a series of curves ends with a sync byte of no stream, and C4 and C5 then tell
 * none; a device that demands an id calls again 3 s after an empty one; a host's STOP makes it call again after 3 s.
 */
export type MedibusOptions = { readonly model: Model; readonly speed: number };

export function medibusEmulator({ model, speed }: MedibusOptions): Emulator<MedibusState> {
  return {
    id: "draeger-medibus",
    speed,
    // Its answers have a sum of 8 bits, its records none.
    unchecked: true,
    start: (seed) => fresh(seed, { model, speed }),
    step: (state, heard, at) => {
      const out: Out = { sends: [], run: [] };
      const before = owed(state, at, out);
      const after = owed(listen(before, heard, at), at, out);
      cutOff(out);
      const sends = isOpen(state) || isOpen(after) ? out.sends.map((sent) => ({ ...sent, open: true as const })) : out.sends;
      return { state: after, sends, next: Milliseconds(Math.min(IDLE, Math.max(0, nextEvent(after).at - at))) };
    },
  };
}
const IDLE = 1000;
/** A record, or a message that leaves byte by byte, is under way or may be so. */
const isOpen = ({ curves, line }: MedibusState): boolean =>
  isRunning(curves) || curves.open || line.fast.length > 0 || line.slow.some(({ at }) => at > 0);
const BITS_A_BYTE = 11;
const NEVER = Number.POSITIVE_INFINITY;

/** An intensive care ventilator with curves that demands to know its host. */
export const draegerMedibusEmulator: Emulator<MedibusState> = medibusEmulator({ model: EVITA_4, speed: 19_200 });
/** A simple ventilator: no curves, no second page of values, content with an empty id. */
export const savinaEmulator: Emulator<MedibusState> = medibusEmulator({ model: SAVINA, speed: 19_200 });
/** An anaesthesia machine. */
export const atlanEmulator: Emulator<MedibusState> = medibusEmulator({ model: ATLAN, speed: 9600 });

function fresh(seed: number, { model, speed }: MedibusOptions): MedibusState {
  const dice = roll(seed);
  const { id, name, software, medibus, demandsId } = model;
  return {
    ...{ identity: { id, name, software, medibus }, demandsId, byteTime: (BITS_A_BYTE * 1000) / speed },
    clock: Date.UTC(2026, dice.between(0, 11), dice.between(1, 28), dice.between(0, 23), dice.between(0, 59), dice.between(0, 59)),
    ...{ bed: switchedOn(seed, model), curves: curvesOf(seed, model.traces), receiver: NOTHING_HEARD, line: EMPTY_LINE },
    session: { phase: "calling", icc: dice.between(0, TIMES.icc) },
    ...{ asked: undefined, wish: dice.between(4000, 12_000), change: NEVER, lastHeard: 0, lastSent: 0 },
    random: dice.state(),
  };
}

/** A device in a session with a known host that shows these pages for ever and asks nothing by itself. */
export type RecordedDevice = {
  readonly identity: Identity;
  readonly pages: Pages;
  readonly clock: number;
  readonly traces: Model["traces"];
};
export function recordedState({ identity, pages, clock, traces }: RecordedDevice): MedibusState {
  const start = fresh(1, { model: EVITA_4, speed: 19_200 });
  const bed = { ...start.bed, pages: "recorded" as const, shown: pages };
  return { ...start, identity, clock, bed, curves: curvesOf(1, traces), session: { phase: "open", host: "told", ready: 0 }, wish: NEVER };
}

function listen(state: MedibusState, bytes: Uint8Array, at: Duration): MedibusState {
  let now = state;
  for (const byte of bytes) {
    const [receiver, heard] = receive(now.receiver, byte);
    now = { ...now, receiver, ...(byte < 0x80 ? { lastHeard: at } : {}) };
    if (heard !== undefined) now = hear(now, heard, at);
  }
  return now;
}

// ── Time ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Everything that is due by then, in its order. */
function owed(state: MedibusState, until: number, out: Out): MedibusState {
  let now = state;
  for (;;) {
    const { at, happens } = nextEvent(now);
    if (at > until + CLOCK_GRAIN) return now;
    now = happens(now, at, out);
  }
}

type Event = { readonly at: number; readonly happens: (state: MedibusState, at: number, out: Out) => MedibusState };

function nextEvent(state: MedibusState): Event {
  const { session, line, curves } = state;
  const events: readonly Event[] = [
    { at: lineDue(line), happens: (now, _, out) => ({ ...now, line: emitted(now.line, out) }) },
    { at: isRunning(curves) ? recordDue(curves) : NEVER, happens: records },
    ...(session.phase === "calling" ? [{ at: session.icc, happens: callsOut }] : timers(state)),
  ];
  return events.reduce((first, event) => (event.at < first.at ? event : first));
}

function timers({ lastHeard, lastSent, line, asked, wish, change, curves }: MedibusState): readonly Event[] {
  const free = asked === undefined && line.slow.length === 0;
  return [
    // Whoever listens to a long answer is not silent.
    { at: Math.max(lastHeard, line.busyUntil) + TIMES.silence, happens: (now, at) => calls(now, at) },
    { at: asked === undefined ? NEVER : asked.at + TIMES.unanswered, happens: asksAgain },
    { at: free ? lastSent + TIMES.idle : NEVER, happens: (now, at) => asks(now, CODE.nothing, at) },
    // A wish stands in an answer, where one comes; it does not wait for ever.
    { at: free ? Math.max(wish + WISH_PATIENCE, lastSent) : NEVER, happens: wishes },
    { at: free && isRunning(curves) ? Math.max(change, lastSent) : NEVER, happens: changes },
  ];
}

function callsOut(state: MedibusState, at: number): MedibusState {
  return { ...asks(state, CODE.initialise, at), session: { phase: "calling", icc: at + TIMES.icc } };
}

/** Between two changes of what the curves measure, in ms. */
const CHANGE_PAUSE = [15_000, 60_000] as const;
function records(state: MedibusState, at: number): MedibusState {
  const { curves, bytes, unit } = nextRecord(state.curves);
  // Held back by the host: the record is lost.
  if (state.line.held > at) return { ...state, curves: { ...state.curves, record: curves.record, random: curves.random } };
  const now = { ...state, curves, line: recorded(state.line, { bytes, due: at, unit }) };
  // A device that asks nothing by itself changes nothing either.
  if (now.change !== NEVER || now.wish === NEVER) return now;
  const dice = roll(now.random);
  return { ...now, change: at + dice.between(...CHANGE_PAUSE), random: dice.state() };
}
