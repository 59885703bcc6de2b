import type { Duration, Mono } from "../../config/units.ts";
import type { DeviceClock } from "../../drivers/kit/clock.ts";
import type { Reading } from "../../drivers/kit/reading.ts";
import { type Conditions, NO_CONDITIONS } from "../alerts/edges.ts";
import { Fault } from "../fault/fault.ts";
import type { Attachment, Facts, SessionHooks } from "./attachment.ts";
import { CLOCK_UNKNOWN, type DeviceClockState, type DeviceOffset, isLookDue, latestOffset, nextDeviceClock } from "./device-clock.ts";
import { stampReadings, stampWaves } from "./stamp.ts";
import { WaveBlocks } from "./wave-blocks.ts";

/** Nodes below one port that have an epoch at a time; the largest rack that a driver reads has 24 pumps. */
export const NODES_MAX = 32;

/** A device node while its epoch lasts. `node` is empty for the port's own device. */
export type NodeView = {
  readonly node: readonly string[];
  readonly epoch: number;
  readonly since: Mono;
  readonly facts: Facts;
  readonly conditions: Conditions;
};
type Speaker = { -readonly [K in keyof NodeView]: NodeView[K] } & { readonly waves: WaveBlocks };
type Hooks = Pick<SessionHooks, "keep" | "beginEpoch" | "endEpoch" | "learned" | "deviceClock" | "clockAt" | "raise" | "clear" | "changed">;
/** When a frame was read, and how long it may have been on its way. */
type Read = { readonly at: Mono; readonly underWay: Duration };
export type NodeEnd = Parameters<SessionHooks["endEpoch"]>[1];

/**
 * Who speaks on one port: its own device, and the nodes below it. Each has an epoch, an identity and conditions of its own, so that
 * what becomes of one says nothing of the others; only the end of the port's own epoch ends them all.
 *
 * | a frame tells                                   | the node's epoch                                |
 * |-------------------------------------------------|-------------------------------------------------|
 * | readings of a node that has none                | begins, with the facts of this frame            |
 * | a fact that was unknown                         | goes on; the fact is told as learned            |
 * | a fact that differs                             | ends `replaced`; the next one begins            |
 * | `removed`                                       | ends `removed`; what follows is another node    |
 * | readings of one more node than NODES_MAX        | none: they are counted, and a fault stands      |
 */
export class Nodes {
  readonly #hooks: Hooks;
  readonly #as: () => Omit<Attachment, "facts" | "node">;
  readonly #clock: DeviceClock | undefined;
  #own: Speaker | undefined;
  /** The clock of the port's own device, in this epoch of it. */
  #compared: DeviceClockState = CLOCK_UNKNOWN;
  readonly #below = new Map<string, Speaker>();
  #full = false;
  #beyond = 0;

  /** `as`: what is known of the port and its device now. `clock`: how the device times of the port's own device read. */
  constructor(hooks: Hooks, as: () => Omit<Attachment, "facts" | "node">, clock?: DeviceClock) {
    this.#hooks = hooks;
    this.#as = as;
    this.#clock = clock;
  }

  get own(): NodeView | undefined {
    return this.#own;
  }
  get below(): readonly NodeView[] {
    return [...this.#below.values()];
  }

  /** How far the clock of the port's own device is from ours, as it was compared last. */
  get clock(): DeviceOffset | undefined {
    return latestOffset(this.#compared);
  }

  /** The port's device is proved. Nodes begin when they are first told of. */
  begin(now: Mono): void {
    this.#own = this.#begun([], {}, now);
  }

  end(reason: NodeEnd): void {
    for (const key of [...this.#below.keys()]) this.#endBelow(key, reason);
    if (this.#own === undefined) return;
    const { epoch, waves } = this.#own;
    stampWaves(waves.all(), epoch, this.#hooks.keep);
    this.#own = undefined;
    this.#compared = CLOCK_UNKNOWN;
    this.#hooks.endEpoch(epoch, reason);
  }

  /** Once a tick: samples that have waited for more of their block are stamped without them. */
  tick(now: Mono): void {
    if (this.#own === undefined) return;
    stampWaves(this.#own.waves.due(now), this.#own.epoch, this.#hooks.keep);
    for (const { waves, epoch } of this.#below.values()) stampWaves(waves.due(now), epoch, this.#hooks.keep);
  }

  /**
   * All readings of one frame. `anew` decodes it as the first frame of another device, where the port's own turns out to be one.
   * Nothing is published before `begin`.
   */
  publish(readings: readonly Reading[], { at, underWay }: Read, anew: () => readonly Reading[]): void {
    if (this.#own === undefined || readings.length === 0) return;
    const said = saidIn(readings);
    if (isAnother(said.facts, this.#own.facts)) {
      this.end("replaced");
      this.#own = this.#begun([], said.facts, at);
      this.#tell(this.#own, saidIn(anew()), at);
    } else this.#tell(this.#own, said, at);
    this.#compare(this.#own.epoch, said.own, { at, underWay });
  }

  /** Readings that were not published because their node was one too many, since the last call. */
  takeBeyond(): number {
    const beyond = this.#beyond;
    this.#beyond = 0;
    return beyond;
  }

  /** Looks at the device's own time, where one is due. The records carry it verbatim either way. */
  #compare(epoch: number, readings: readonly Reading[], { at, underWay }: Read): void {
    if (this.#clock === undefined || !isLookDue(this.#compared, at)) return;
    const text = readings.find((reading) => reading.told === "deviceTime")?.value;
    const shown = text === undefined ? undefined : this.#clock.read(text);
    if (shown === undefined) return;
    const against = this.#hooks.clockAt(at);
    const { state, tell } = nextDeviceClock(this.#compared, { shown, grain: this.#clock.grain, underWay, against });
    this.#compared = state;
    if (tell === undefined) return;
    this.#hooks.deviceClock(epoch, tell);
    this.#hooks.changed();
  }

  #tell(speaker: Speaker, { own, below, facts }: Said, at: Mono): void {
    this.#stamp(speaker, { readings: own, facts, at });
    const groups = Map.groupBy(below, ({ node }) => JSON.stringify(node));
    for (const [key, group] of groups) this.#tellBelow(key, group, at);
  }

  #tellBelow(key: string, readings: readonly Reading[], at: Mono): void {
    const cut = readings.findLastIndex(({ told }) => told === "removed");
    const before = readings.slice(0, Math.max(cut, 0)).filter(({ told }) => told !== "removed");
    this.#stampBelow(key, before, at);
    if (cut >= 0) this.#endBelow(key, "removed");
    this.#stampBelow(key, readings.slice(cut + 1), at);
  }

  #stampBelow(key: string, readings: readonly Reading[], at: Mono): void {
    if (readings.length === 0) return;
    const facts = factsIn(readings);
    const known = this.#below.get(key);
    if (known !== undefined && isAnother(facts, known.facts)) this.#endBelow(key, "replaced");
    const speaker = this.#below.get(key) ?? this.#admit(key, readings, { facts, at });
    if (speaker !== undefined) this.#stamp(speaker, { readings, facts, at });
  }

  #admit(key: string, readings: readonly Reading[], { facts, at }: { readonly facts: Facts; readonly at: Mono }): Speaker | undefined {
    const node = readings[0]!.node ?? [];
    if (this.#below.size < NODES_MAX) {
      const speaker = this.#begun(node, facts, at);
      this.#below.set(key, speaker);
      return speaker;
    }
    this.#beyond += readings.length;
    if (this.#full) return undefined;
    this.#full = true;
    const { device, location } = this.#as();
    const text = `${device} at ${location} has more than ${NODES_MAX} nodes; ${node.join("/")} is not published`;
    this.#hooks.raise(new Fault("session.nodes_full", text, { location }));
    return undefined;
  }

  #stamp(
    speaker: Speaker,
    { readings, facts, at }: { readonly readings: readonly Reading[]; readonly facts: Facts; readonly at: Mono },
  ): void {
    const { epoch, waves } = speaker;
    if (Object.keys(facts).some((fact) => speaker.facts[fact] === undefined)) {
      speaker.facts = { ...speaker.facts, ...facts };
      this.#hooks.learned(epoch, speaker.facts);
      this.#hooks.changed();
    }
    const before = speaker.conditions;
    speaker.conditions = stampReadings(readings, { epoch, at, conditions: before, waves }, this.#hooks.keep);
    if (speaker.conditions !== before) this.#hooks.changed();
  }

  #begun(node: readonly string[], facts: Facts, since: Mono): Speaker {
    const epoch = this.#hooks.beginEpoch({ ...this.#as(), facts, ...(node.length === 0 ? {} : { node }) });
    this.#hooks.changed();
    return { node, epoch, since, facts, conditions: NO_CONDITIONS, waves: new WaveBlocks() };
  }

  #endBelow(key: string, reason: NodeEnd): void {
    const speaker = this.#below.get(key);
    if (speaker === undefined) return;
    stampWaves(speaker.waves.all(), speaker.epoch, this.#hooks.keep);
    this.#below.delete(key);
    this.#hooks.endEpoch(speaker.epoch, reason);
    this.#hooks.changed();
    // There is room again; who still finds none raises it again.
    if (this.#full) this.#hooks.clear();
    this.#full = false;
  }
}

/** What one frame says of the port's own device, with its facts, and of the nodes below. */
type Said = { readonly own: readonly Reading[]; readonly below: readonly Reading[]; readonly facts: Facts };
function saidIn(readings: readonly Reading[]): Said {
  // Most devices have no nodes.
  if (readings.every(isOwn)) return { own: readings, below: [], facts: factsIn(readings) };
  const own = readings.filter(isOwn);
  return { own, below: readings.filter((reading) => !isOwn(reading)), facts: factsIn(own) };
}

const isOwn = ({ node }: Reading): boolean => node === undefined || node.length === 0;
const factsIn = (readings: readonly Reading[]): Facts =>
  Object.fromEntries(readings.filter((reading) => reading.told === "identity").map(({ fact, value }) => [fact, value]));
/** A fact that is known and told otherwise is another device; one that was unknown is not. */
const isAnother = (told: Facts, known: Facts): boolean =>
  Object.entries(told).some(([fact, value]) => known[fact] !== undefined && known[fact] !== value);
