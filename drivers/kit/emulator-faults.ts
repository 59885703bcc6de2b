import { type Duration, Milliseconds } from "../../config/units.ts";
import type { Framing } from "./driver.ts";
import { type AnyEmulator, CLOCK_GRAIN, type Emulator, nextRandom, type Sent, type Turn, type Unit } from "./emulator.ts";
import { type Chance, cutShort, type Damaged, flipped, isJudged, noiseAfter, wrongChecksum } from "./emulator-damage.ts";
import { type Fault, faultWords } from "./emulator-fault-words.ts";

/**
 * Any emulated device with faults on top. Pure: equal seeds, equal faults and equal questions give equal bytes, however the steps
 * fall (the device is stepped exactly when it wants to be). `unplug` is no matter of bytes: the runner carries it out.
 *
 * A *message* is what the device sends up to the end of a unit: `every=3` meets each third message since switch-on. A device
 * sends whole frames (one `Sent` is no part of a frame). The ledger stays honest: a unit of which a byte was damaged or did not
 * leave is none, since all damage is such that a reader sees it (emulator-damage.ts); what is repeated is a unit again, because
 * hardly a driver can tell it from a new one (one that must says so in its units: `once`).
 */
export type FaultContext = {
  /** Of the driver that reads the device. */
  readonly framing: Framing;
  /** The device that a swap names; undefined where there is none (the faults are refused then). */
  readonly other?: (name: string) => AnyEmulator | undefined;
};

export type FaultyState = {
  readonly seed: number;
  readonly random: number;
  /** What stands on the line now: 0 the device itself, 1 what came by the first swap. */
  readonly onLine: number;
  readonly device: unknown;
  /** Instants since the first switch-on: of the present device's, of its next step, of the last look at the windows. */
  readonly born: number;
  readonly wake: number;
  readonly looked: number;
  /** Number of the message under way, from 1; of it: pieces until now, clean bytes, and where each fault will strike. */
  readonly message: number;
  readonly pieces: number;
  readonly clean: readonly Uint8Array[];
  readonly plan: readonly number[];
  /** Pieces that the message before had. */
  readonly piecesBefore: number;
  readonly queue: readonly Queued[];
  /** Nothing leaves before this. */
  readonly free: number;
  /** Bytes that left well since the last that did not. */
  readonly wellSince: number;
  /** The last unit that was no repetition, or one of its repetitions, has left whole. */
  readonly known: boolean;
};
/** `clean`: how many bytes the device itself meant to send here; `ill`: something of them is damaged; `again`: it is repeated. */
type Queued = {
  readonly bytes: Uint8Array;
  readonly due: number;
  readonly clean: number;
  readonly ill: boolean;
  readonly unit?: Unit;
  readonly again?: true;
};
/** A state during one step. */
type Working = { -readonly [K in keyof FaultyState]: FaultyState[K] };

const NOTHING = new Uint8Array();
/** A step of a device that wants the next one at once. */
const STEP_MIN = 0.01;

/** Throws RangeError where a swap names a device that does not exist or that speaks at another speed. */
export function withFaults(device: AnyEmulator, faults: readonly Fault[], context: FaultContext): Emulator<FaultyState> {
  const swaps = faults.filter(({ kind }) => kind === "swap").sort((a, b) => a.from - b.from);
  const devices = [device, ...swaps.map((swap) => arriving(device, swap, context))];
  const stack: Stack = {
    faults: faults.filter(({ kind }) => kind !== "swap" && kind !== "unplug"),
    swaps,
    devices,
    framing: context.framing,
  };
  return {
    id: device.id,
    speed: device.speed,
    start: (seed) => ({
      ...{ seed, random: (seed ^ 0x5bd1e995) | 0, onLine: 0, device: device.start(seed), born: 0, wake: 0, looked: -1 },
      ...{ message: 1, pieces: 0, clean: [], plan: [], piecesBefore: 1, queue: [], free: 0, wellSince: 0, known: false },
    }),
    step: (state, heard, at) => step(stack, { ...state }, heard, at),
  };
}

type Stack = {
  readonly faults: readonly Fault[];
  readonly swaps: readonly Fault[];
  readonly devices: readonly AnyEmulator[];
  readonly framing: Framing;
};

function arriving(device: AnyEmulator, swap: Fault, { other }: FaultContext): AnyEmulator {
  const comes = swap.device === undefined ? device : other?.(swap.device);
  if (comes === undefined) throw new RangeError(`There is no emulated device "${swap.device}" to swap for.`);
  if (comes.speed !== device.speed)
    throw new RangeError(`${swap.device} speaks at ${comes.speed} bits a second; the line is at ${device.speed}.`);
  return comes;
}

function step(stack: Stack, now: Working, heard: Uint8Array, at: Duration): Turn<FaultyState> {
  const told: { readonly when: number; readonly what: string }[] = [];
  const say: Say = (when, what) => {
    told.push({ when, what });
  };
  for (;;) {
    const swapAt = stack.swaps[now.onLine]?.from ?? Number.POSITIVE_INFINITY;
    if (Math.min(swapAt, now.wake) > at + CLOCK_GRAIN) break;
    if (swapAt <= now.wake) swap(stack, now, swapAt, say);
    else advance(stack, now, NOTHING, now.wake, say);
  }
  if (heard.length > 0 && !isSilent(stack, at)) advance(stack, now, heard, at, say);
  const sends = leave(stack, now, at);
  const edges = windowsOf(stack);
  for (const { at: edge, what } of edges) if (edge > now.looked && edge <= at) say(edge, what);
  now.looked = at;
  const later = edges.flatMap(({ at: edge }) => (edge > at ? [edge] : []));
  const next = Math.min(now.wake, stack.swaps[now.onLine]?.from ?? now.wake, now.queue[0]?.due ?? now.wake, ...later);
  const did = told.sort((a, b) => a.when - b.when).map(({ when, what }) => `${(when / 1000).toFixed(2)} s  ${what}`);
  return { state: now, sends, next: Milliseconds(Math.max(STEP_MIN, next - at)), ...(did.length === 0 ? {} : { did }) };
}

const lasts = ({ from, until }: Fault, at: number): boolean => from <= at && at < until;
const isSilent = ({ faults }: Stack, at: number): boolean => faults.some((fault) => fault.kind === "silence" && lasts(fault, at));
const windowsOf = ({ faults }: Stack): readonly { readonly at: number; readonly what: string }[] =>
  faults.flatMap((fault) => [
    { at: fault.from, what: `${faultWords(fault)} begins` },
    ...(Number.isFinite(fault.until) ? [{ at: fault.until, what: `${faultWords(fault)} ends` }] : []),
  ]);

type Say = (at: number, what: string) => void;

function swap({ devices, swaps }: Stack, now: Working, at: number, say: Say): void {
  say(at, `${faultWords(swaps[now.onLine]!)}: another device is on the line`);
  now.onLine += 1;
  now.seed = (Math.imul(now.seed, 31) + 17) >>> 0;
  now.device = devices[now.onLine]!.start(now.seed);
  const left = now.queue.filter(({ due }) => due <= at);
  Object.assign(now, { born: at, wake: at, queue: left, free: at, pieces: 0, clean: [], plan: [] });
}

/** One step of the device itself; what it sends goes through the faults into the queue. */
function advance(stack: Stack, now: Working, heard: Uint8Array, at: number, say: Say): void {
  const device = stack.devices[now.onLine]!;
  const turn = device.step(now.device, heard, Milliseconds(at - now.born));
  now.device = turn.state;
  now.wake = at + Math.max(STEP_MIN, turn.next);
  for (const sent of turn.sends) {
    pass(stack, now, device.id === stack.devices[0]!.id ? sent : unread(sent), at, say);
  }
}

/** Of a device of another driver a reader can tell nothing: its units end messages, and never left whole. */
const unread = ({ unit, ...sent }: Sent): Sent =>
  unit === undefined ? sent : { ...sent, unit: { ...unit, bytes: Number.POSITIVE_INFINITY } };

function pass(stack: Stack, now: Working, { bytes, unit, open }: Sent, at: number, say: Say): void {
  const chance = chanceOf(now);
  if (now.pieces === 0) now.plan = stack.faults.map((fault) => strikeAt(fault, now, at, chance));
  now.pieces += 1;
  now.clean = [...now.clean, bytes];
  const tell = (fault: Fault, how: string): void => say(at, `${fault.kind}: message ${now.message}, ${how}`);
  const due = (index: number): boolean => now.plan[index]! > 0 && (now.pieces >= now.plan[index]! || unit !== undefined);
  let leaves = bytes;
  let ill = false;
  let pieces: Fault | undefined;
  stack.faults.forEach((fault, index) => {
    const { kind, parameters } = fault;
    if (kind === "split" && now.plan[index]! > 0) pieces = fault;
    if (open === true || !due(index)) return;
    if (kind === "late") {
      now.free = Math.max(now.free, at + parameters.time!);
      tell(fault, `comes ${parameters.time} ms late`);
    } else if (isJudged(stack.framing, bytes)) {
      const damaged = damage(fault, { framing: stack.framing, bytes, chance });
      if (damaged === undefined) return;
      // Of two that strike the same piece the later one does it.
      leaves = damaged.bytes;
      ill = true;
      tell(fault, damaged.how);
    } else return;
    now.plan = now.plan.with(index, 0);
  });
  enqueue(now, { bytes: leaves, due: at, clean: bytes.length, ill, ...(unit === undefined ? {} : { unit }) }, pieces);
  if (unit === undefined) return;
  stack.faults.forEach((fault, index) => {
    if (now.plan[index]! <= 0 || open === true) return;
    if (fault.kind === "repeat" && !tellsAgain(unit)) return;
    if (fault.kind === "repeat") again(now, unit, fault, at);
    if (fault.kind === "noise") hiss(stack, now, { bytes, fault, at, chance });
    if (fault.kind === "split") return;
    tell(fault, DONE_AT_END[fault.kind] ?? "left whole: no damage of this kind that a reader could see");
  });
  Object.assign(now, { message: now.message + 1, piecesBefore: now.pieces, pieces: 0, clean: [], plan: [] });
}
const DONE_AT_END: Readonly<Record<string, string>> = { repeat: "sent again", noise: "followed by noise" };

/** 0: it does not strike this message; otherwise the piece at which it does (at the last, where there are fewer). */
function strikeAt(fault: Fault, { message, piecesBefore }: Working, at: number, chance: Chance): number {
  if (fault.kind === "silence" || !lasts(fault, at) || message % fault.parameters.every! !== 0) return 0;
  return 1 + Math.floor(chance() * piecesBefore);
}

type Struck = { readonly framing: Framing; readonly bytes: Uint8Array; readonly chance: Chance };
function damage({ kind, parameters }: Fault, { framing, bytes, chance }: Struck): Damaged {
  switch (kind) {
    case "flip":
      return flipped(framing, bytes, parameters.bits!, chance);
    case "checksum":
      return wrongChecksum(framing, bytes, chance);
    case "cut":
      return cutShort(framing, bytes, chance);
    default:
      return undefined;
  }
}

function again(now: Working, unit: Unit, { parameters }: Fault, at: number): void {
  const all = Uint8Array.from(now.clean.flatMap((part) => [...part]));
  const bytes = all.slice(-unit.bytes);
  for (let times = 0; times < parameters.times!; times++)
    enqueue(now, { bytes, due: at, clean: bytes.length, ill: false, unit: oncemore(unit), again: true }, undefined);
}
/** Of a unit that tells only what is told once nobody knows whether it would be told again. */
const tellsAgain = ({ edges, observations, waves, conditions }: Unit): boolean =>
  edges === undefined || Object.keys({ ...observations, ...waves, ...conditions }).some((name) => !edges.includes(name));
/** What is told once may be told by now; or not, where the first one was damaged. */
function oncemore({ edges, ...unit }: Unit): Unit {
  const left = <T>(named: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(named).filter(([name]) => edges?.includes(name) !== true));
  return edges === undefined ? unit : { ...unit, observations: left(unit.observations), conditions: left(unit.conditions), partial: true };
}

type Hiss = { readonly bytes: Uint8Array; readonly fault: Fault; readonly at: number; readonly chance: Chance };
function hiss({ framing }: Stack, now: Working, { bytes, fault, at, chance }: Hiss): void {
  const noise = noiseAfter(framing, bytes, fault.parameters.bytes!, chance);
  if (noise !== undefined) enqueue(now, { bytes: noise, due: at, clean: 0, ill: false }, undefined);
}

/** In pieces where it is split. A piece counts as well by its own length: of a message that is ill none does. */
function enqueue(now: Working, { bytes, due, clean, ill, unit, again: repeated }: Queued, split: Fault | undefined): void {
  const { bytes: length = bytes.length, pause = 0 } = split?.parameters ?? {};
  const pieces: Queued[] = [];
  let free = Math.max(due, now.free);
  for (let from = 0; from < bytes.length || from === 0; from += Math.max(1, length)) {
    if (from > 0) free += pause;
    const piece = bytes.slice(from, from + Math.max(1, length));
    pieces.push({ bytes: piece, due: free, clean: ill || clean === 0 ? 0 : piece.length, ill });
  }
  if (unit !== undefined) pieces.push({ ...pieces.pop()!, unit, ...(repeated === true ? { again: true } : {}) });
  now.queue = [...now.queue, ...pieces];
  now.free = free;
}

/** What may leave by now, in order; the only place where units are told. */
function leave(stack: Stack, now: Working, at: number): readonly Sent[] {
  const sends: Sent[] = [];
  const waiting = now.queue.findIndex(({ due }) => due > at + CLOCK_GRAIN);
  const leaving = waiting < 0 ? now.queue : now.queue.slice(0, waiting);
  now.queue = waiting < 0 ? [] : now.queue.slice(waiting);
  for (const { bytes, due, clean, ill, unit, again: repeated } of leaving) {
    const gone = isSilent(stack, due);
    now.wellSince = gone || ill ? 0 : now.wellSince + clean;
    const known = repeated === true && now.known;
    const whole = !gone && unit !== undefined && now.wellSince >= unit.bytes;
    if (unit !== undefined) now.known = known || whole;
    if (gone) continue;
    if (whole && !(known && unit.once === true)) sends.push({ bytes, unit });
    else if (bytes.length > 0) sends.push({ bytes });
  }
  return sends;
}

function chanceOf(now: Working): Chance {
  return () => {
    const [next, value] = nextRandom(now.random);
    now.random = next;
    return value;
  };
}
