import { decimalText } from "../../drivers/kit/decimal.ts";
import { EDGE } from "../../proto/messages.ts";
import { SAMPLES, TOGGLE_EVERY } from "./counter-device.ts";
import { TICK } from "./disk.ts";
import type { Life } from "./life.ts";
import { type Delivered, keyOf } from "./receiver.ts";
import type { SentUnit } from "./serial.ts";

/** What of a unit has reached the receiver. */
export type Arrivals = { report?: Delivered; wave?: Delivered; alert?: Delivered };

/** Holds what is received against what the devices sent: every record must come from one unit, and say what it said. */
export class Matcher {
  readonly arrivals = new Map<SentUnit, Arrivals>();
  readonly #unitOf: (device: string, counter: string) => SentUnit | undefined;
  readonly #problem: (checker: string, text: string) => void;
  readonly #lifeOfRun = new Map<bigint, number>();

  constructor(unitOf: (device: string, counter: string) => SentUnit | undefined, problem: (checker: string, text: string) => void) {
    this.#unitOf = unitOf;
    this.#problem = problem;
  }

  /** Index of the life whose records carry this run. */
  lifeOf(run: bigint): number | undefined {
    return this.#lifeOfRun.get(run);
  }

  arrived(delivered: Delivered): void {
    const { kind } = delivered.record.body;
    if (kind === "event") return;
    const unit = this.#unitFor(delivered);
    if (unit === undefined || kind === "unknown") {
      this.#problem("invented", `${keyOf(delivered.name)} of ${delivered.device}: no unit was sent for ${delivered.content}`);
      return;
    }
    const arrivals = this.arrivals.get(unit) ?? {};
    this.arrivals.set(unit, arrivals);
    if (arrivals[kind] !== undefined)
      this.#problem("invented", `${keyOf(delivered.name)} tells again what ${keyOf(arrivals[kind].name)} told`);
    arrivals[kind] = delivered;
    const wrong = this.#placeOf(delivered, unit) ?? differenceOf(delivered, unit);
    if (wrong !== undefined) this.#problem("invented", `${keyOf(delivered.name)} of ${delivered.device}: ${wrong}`);
  }

  /** The unit that a record must come from: by the counter it carries, or, for an alert, by its word and its time. */
  #unitFor(delivered: Delivered): SentUnit | undefined {
    const { body } = delivered.record;
    if (body.kind !== "alert") return this.#unitOf(delivered.device, counterOf(delivered));
    const toggle = Number(/^toggle (\d+)$/.exec(body.alert.word ?? "")?.[1] ?? Number.NaN);
    let nearest: { unit: SentUnit; away: number } | undefined;
    for (let counter = toggle * TOGGLE_EVERY; counter < (toggle + 1) * TOGGLE_EVERY; counter += 1) {
      const unit = this.#unitOf(delivered.device, String(counter));
      if (unit?.opening === undefined || bootOf(unit.opening.life) !== delivered.bootId) continue;
      const away = Math.abs(delivered.monoUs - (unit.readAt - unit.opening.life.boot.zero));
      if (nearest === undefined || away < nearest.away) nearest = { unit, away };
    }
    return nearest?.unit;
  }

  #placeOf({ name, monoUs, bootId }: Delivered, unit: SentUnit): string | undefined {
    if (unit.fate !== "read" || unit.opening === undefined) return `its unit was never read whole (${unit.fate})`;
    const { life } = unit.opening;
    const known = this.#lifeOfRun.get(name.run) ?? life.index;
    this.#lifeOfRun.set(name.run, known);
    if (known !== life.index) return `run ${name.run.toString(16)} is life ${known}, its unit was read by life ${life.index}`;
    if (bootId !== bootOf(life)) return `boot ${bootId} is not ${life.boot.id}`;
    const readUs = unit.readAt - life.boot.zero;
    return Math.abs(monoUs - readUs) > TICK ? `stamped at ${monoUs} µs, read at ${readUs} µs` : undefined;
  }
}

/** The unit's own counter: in the report among the values, in a wave by the number of its first sample. */
function counterOf({ record: { body }, refid }: Delivered): string {
  if (body.kind === "wave") return String(Math.floor(body.wave.first / SAMPLES));
  if (body.kind !== "report") return "";
  const counter = body.report.observations.find(({ metric }) => refid(metric) === "sim.counter")?.value;
  return counter?.kind === "decimal" ? decimalText(counter.decimal) : "";
}

function differenceOf({ record, refid }: Delivered, { unit }: SentUnit): string | undefined {
  const { body } = record;
  // The device's own time goes with the report; a wave has its sample count.
  if (body.kind === "report" && record.deviceTime !== unit.deviceTime)
    return `device time ${record.deviceTime} instead of ${unit.deviceTime}`;
  switch (body.kind) {
    case "report": {
      const told = body.report.observations.map(({ metric, value, validity }) => [
        refid(metric),
        value === undefined
          ? validity === 0
            ? "absent without a reason"
            : null
          : value.kind === "decimal"
            ? decimalText(value.decimal)
            : value.kind,
      ]);
      return compare(told, Object.entries(unit.observations));
    }
    case "wave":
      return compare([...body.wave.samples], unit.waves[refid(body.wave.metric)] ?? []);
    case "alert": {
      const present = unit.conditions[refid(body.alert.metric)];
      return compare(body.alert.edge !== EDGE.clear, present);
    }
    case "event":
    case "unknown":
      return undefined;
  }
}

const bootOf = (life: Life): string => life.boot.id.replaceAll("-", "");

const compare = (told: unknown, sent: unknown): string | undefined =>
  JSON.stringify(told) === JSON.stringify(sent) ? undefined : `tells ${JSON.stringify(told)} where ${JSON.stringify(sent)} was sent`;
