import { STREAM } from "../../proto/messages.ts";
import { COUNTER_PROOF, counterDriver } from "./counter-device.ts";
import { TICK } from "./disk.ts";
import type { Ending, Life } from "./life.ts";
import type { Arrivals, Matcher } from "./matcher.ts";
import { keyOf, type Ledger, type RunEnd, type Span } from "./receiver.ts";
import { type Instant, MS } from "./schedule.ts";
import type { Opening, SentUnit, SimPort } from "./serial.ts";

export type Problem = (checker: string, text: string) => void;
/** How a life ended, and what the disk was doing then. */
export type LifeEnd = {
  readonly life: Life;
  readonly at: Instant;
  readonly how: Ending;
  /** How long the disk had been at work without a pause. */
  readonly busy: number;
  /** It had been at work since the life began: what the life before left may not be adopted yet. */
  readonly recovering: boolean;
  /** The disk refused it something: it may have ended in order and not have been able to write so. */
  readonly refused: boolean;
};
export type Case = {
  readonly ports: readonly SimPort[];
  readonly ends: readonly LifeEnd[];
  readonly ledger: Ledger;
  readonly matcher: Matcher;
  /** µs that a report or a wave may wait before it is delivered or durable; alerts and events 0. */
  readonly window: number;
};
/** How many records were owed, and what became of those that did not arrive: nobody may widen the excuses unseen. */
export type Tally = {
  readonly owed: number;
  /** Cost by power cuts within their window; the oldest was stamped this many µs before the end of its process. */
  readonly cut: number;
  readonly cutAgeMax: number;
  /** Named by a gap. */
  readonly named: number;
};
type LaneName = keyof Arrivals;
const STREAM_OF: Readonly<Record<LaneName, number>> = { report: STREAM.report, wave: STREAM.wave, alert: STREAM.alert };

/**
 * What must be true when the world has come to rest.
 *
 * `lost`: a unit that the agent read whole after it had proved the device is stamped in the turn of its reading. It must be
 * delivered, or named by a gap, unless the power failed before its window could end. Its window is: the lane's commit window,
 * plus one reading tick until the commit begins, plus the time that the disk had then been at work without a pause (a commit
 * under way is finished before the next, and the world knows how long it made the disk take). A process that dies before it
 * has adopted what the one before left does not shorten that: nobody could commit meanwhile.
 */
export function judge(world: Case, problem: Problem): Tally {
  const tally = { owed: 0, cut: 0, cutAgeMax: 0, named: 0 };
  for (const port of world.ports) {
    for (const { unit, lane, stampedAt, opening } of stampsOf(port)) {
      tally.owed += 1;
      if (world.matcher.arrivals.get(unit)?.[lane] !== undefined) continue;
      const end = world.ends[opening.life.index];
      if (stampedAt >= lossFrom(world, opening.life, lane === "alert" ? 0 : world.window)) {
        if (end !== undefined && stampedAt < end.at) tally.cut += 1;
        tally.cutAgeMax = Math.max(tally.cutAgeMax, (end?.at ?? 0) - stampedAt);
        continue;
      }
      if (isNamedByGap(world, unit, lane)) {
        tally.named += 1;
        continue;
      }
      problem(
        "lost",
        `${lane} of unit ${unit.unit.deviceTime} on ${port.location}, stamped at ${stampedAt} µs by life ${opening.life.index}, ` +
          (end === undefined
            ? "which lived to the end"
            : `${end.at - stampedAt} µs before it ended (${end.how}, disk busy for ${end.busy} µs)`),
      );
    }
  }
  checkRunEnds(world, problem);
  checkHoles(world, problem);
  return tally;
}

/** Stamps of this life from here on may be lost by a power cut. */
export function lossFrom({ ends }: Pick<Case, "ends">, life: Life, window: number): Instant {
  const end = ends[life.index];
  if (end === undefined || end.how === "clean") return Number.POSITIVE_INFINITY;
  // What a process reads in the turn in which it dies need not be stamped.
  if (end.how === "killed" && !lostWithHost(ends, life.index)) return end.at;
  return Math.min(end.at, end.at - window - TICK - end.busy);
}

/** After a kill: whether the power failed before a later process had adopted the rings. */
export function lostWithHost(ends: readonly LifeEnd[], index: number): boolean {
  for (const next of ends.slice(index + 1)) {
    if (!next.recovering) return false;
    if (next.how === "power") return true;
  }
  return false;
}

type Stamp = { readonly unit: SentUnit; readonly lane: LaneName; readonly stampedAt: Instant; readonly opening: Opening };

/** Every record that the agent owes for this port, with the time of its stamp. */
function* stampsOf(port: SimPort): Generator<Stamp> {
  for (const { opening, units } of attachmentsOf(port)) {
    const proof = provedBy(units);
    if (proof === undefined) continue;
    const first = units.indexOf(proof) + 1 - COUNTER_PROOF;
    // Whether the agent still told of frames before a discard, it may decide; an edge is owed where it is one either way.
    let before = units.slice(0, first).findLast(({ fate }) => fate === "read");
    for (const [at, unit] of units.entries()) {
      if (at < first || unit.fate !== "read") continue;
      const stampedAt = Math.max(unit.readAt, proof.readAt);
      yield { unit, lane: "report", stampedAt, opening };
      yield { unit, lane: "wave", stampedAt, opening };
      const isEdge = before === undefined || isPresent(before) !== isPresent(unit);
      if (isEdge && (at > first || isPresent(unit))) yield { unit, lane: "alert", stampedAt, opening };
      before = unit;
    }
  }
}

const isPresent = ({ unit }: SentUnit): boolean => unit.conditions["sim.condition"] === true;

/**
 * The units of each attachment: one opening of the port without a silence in it. After a silence the device is proved anew, and
 * a new epoch knows none of its conditions.
 */
function attachmentsOf(port: SimPort): { opening: Opening; units: SentUnit[] }[] {
  const attachments: { opening: Opening; units: SentUnit[] }[] = [];
  let heardAt = 0;
  for (const unit of port.units) {
    if (unit.opening === undefined) continue;
    const silent = unit.readAt - heardAt > counterDriver.quiet * MS - TICK;
    if (silent || attachments.at(-1)?.opening !== unit.opening) attachments.push({ opening: unit.opening, units: [] });
    attachments.at(-1)?.units.push(unit);
    if (unit.fate === "read") heardAt = unit.readAt;
  }
  return attachments;
}

/** The unit whose reading proved the device: so many in a row without a discard between them. Those before them are not owed. */
function provedBy(units: readonly SentUnit[]): SentUnit | undefined {
  let inARow = 0;
  for (const unit of units) {
    inARow = unit.fate === "read" ? inARow + 1 : 0;
    if (inARow === COUNTER_PROOF) return unit;
  }
  return undefined;
}

/** Whether a gap lies where the record must have been: between the records of its stream before and after it. */
function isNamedByGap({ ledger, matcher, ports }: Case, unit: SentUnit, lane: LaneName): boolean {
  const port = ports.find((one) => one.location === unit.port);
  const same = port?.units.filter((one) => one.opening === unit.opening) ?? [];
  const names = same.map((one) => ({ counter: Number(one.unit.deviceTime), name: matcher.arrivals.get(one)?.[lane]?.name }));
  const here = Number(unit.unit.deviceTime);
  const before = names.findLast(({ counter, name }) => counter < here && name !== undefined)?.name;
  const after = names.find(({ counter, name }) => counter > here && name !== undefined)?.name;
  const life = unit.opening?.life.index;
  return ledger.gaps.some(({ run, epoch, stream, first, last }) => {
    if (stream !== STREAM_OF[lane]) return false;
    // Of a run that nothing else came of, nobody knows which life it was.
    if (before === undefined && after === undefined) return (matcher.lifeOf(run) ?? life) === life;
    const known = before ?? after;
    return run === known?.run && epoch === known.epoch && last > (before?.n ?? -1) && first < (after?.n ?? Number.POSITIVE_INFINITY);
  });
}

/** Every run that anybody heard of, and that ended, has its end told, and told right. */
function checkRunEnds({ ends, ledger, matcher }: Case, problem: Problem): void {
  const runs = new Map<bigint, number>();
  for (const [run, life] of ledger.runs) runs.set(run, life.index);
  for (const { name } of ledger.records.values()) {
    const life = matcher.lifeOf(name.run);
    if (life !== undefined) runs.set(name.run, life);
  }
  for (const [run, index] of runs) {
    const end = ends[index];
    if (end === undefined) continue;
    const told = ledger.runEnds.filter((one) => one.run === run);
    const possible: readonly RunEnd["how"][] =
      end.how === "killed" && lostWithHost(ends, index) ? ["killed", "power"] : end.refused ? [end.how, "killed"] : [end.how];
    const text = `run ${run.toString(16)} (life ${index}) ended by ${end.how}`;
    // The event that says so is of the gateway's own epoch in a later run; it gives way where the room is full, and a gap names it.
    const gaveWay = ledger.gaps.some((gap) => gap.stream === STREAM.event && gap.epoch === 0 && (runs.get(gap.run) ?? -1) > index);
    if (told.length === 0 && !gaveWay) problem("lost", `${text}, and no RunEnded says so`);
    for (const { how } of told) if (!possible.includes(how)) problem("invented", `${text}, and RunEnded says ${how}`);
  }
}

/** No stream has a hole that nothing explains. */
function checkHoles({ ends, ledger, matcher }: Case, problem: Problem): void {
  const streams = new Map<string, { run: bigint; epoch: number; stream: number; has: Set<number>; last: number }>();
  const streamOf = ({ run, epoch, stream }: { run: bigint; epoch: number; stream: number }) => {
    const key = `${run}/${epoch}/${stream}`;
    const known = streams.get(key) ?? { run, epoch, stream, has: new Set<number>(), last: -1 };
    streams.set(key, known);
    return known;
  };
  for (const { name } of ledger.records.values()) {
    const stream = streamOf(name);
    stream.has.add(name.n);
    stream.last = Math.max(stream.last, name.n);
  }
  for (const known of [...ledger.epochEnds, ...ledger.runEnds.flatMap(({ last }) => last)]) {
    const stream = streamOf(known);
    stream.last = Math.max(stream.last, known.last);
  }
  for (const gap of ledger.gaps) for (let n = gap.first; n <= gap.last; n += 1) streamOf(gap).has.add(n);
  for (const { run, epoch, stream, has, last } of streams.values()) {
    const end = ledger.runEnds.find((one) => one.run === run);
    const index = matcher.lifeOf(run);
    const byPower = end?.how === "power" || (index !== undefined && lostWithHost(ends, index));
    const known = end?.last.find((one) => one.epoch === epoch && one.stream === stream)?.last ?? -1;
    for (let n = 0; n <= last; n += 1) {
      if (has.has(n) || (byPower && n > known)) continue;
      problem(
        "gap-unexplained",
        `${keyOf({ run, epoch, stream, n })} (life ${index}); the stream is known up to ${last}, its run's end ${spanText(end, known)}`,
      );
      break;
    }
  }
}

const spanText = (end: RunEnd | undefined, known: number): string =>
  end === undefined ? "is not told" : `is told as ${end.how} with n = ${known}`;

export type { Span };
