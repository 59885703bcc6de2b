import { expect } from "vitest";
import { unitAt } from "../../drivers/kit/emulator.ts";
import { keyAt } from "../../drivers/kit/reading.ts";
import { type Event, STREAM } from "../../proto/messages.ts";
import type { Central, Received } from "../support/central.ts";
import type { LedgerEntry } from "../support/emulated-device.ts";

/** Questions that the tests of the packaged agent ask of what the centre received. */

type Of<K extends Received["body"]["kind"]> = Received & { readonly body: Extract<Received["body"], { kind: K }> };

/** Of the port's own device, or of a node below it. */
type Node = readonly string[];
const isOf = ({ device }: Received, name: string, node: Node = []): boolean =>
  device.device === name && keyAt(device.node, "") === keyAt(node, "");

export const reportsOf = (central: Central, device: string, node?: Node): readonly Of<"report">[] =>
  central.records.filter((record): record is Of<"report"> => record.body.kind === "report" && isOf(record, device, node));

export const alertsOf = (central: Central, device: string, node?: Node): readonly Of<"alert">[] =>
  central.records.filter((record): record is Of<"alert"> => record.body.kind === "alert" && isOf(record, device, node));

/** An event with the record that carried it. */
export type Told<K extends Event["kind"]> = { readonly event: Extract<Event, { kind: K }>; readonly record: Received };

export function eventsOf<K extends Event["kind"]>(central: Central, kind: K, device?: string): readonly Told<K>[] {
  return central.records.flatMap((record) => {
    if (record.body.kind !== "event" || record.body.event.kind !== kind) return [];
    if (device !== undefined && record.device.device !== device) return [];
    return [{ event: record.body.event as Extract<Event, { kind: K }>, record }];
  });
}

/** Why the epochs of a device ended, in order. */
export const endsOf = (central: Central, device: string): readonly string[] =>
  eventsOf(central, "epochEnded", device).map(({ event }) => event.epochEnded.reason);

/** Names that must exist, since a later one of the same stream does, and did not come. */
export function holes(central: Central): readonly string[] {
  const streams = new Map<string, Set<number>>();
  for (const { run, epoch, stream, n } of central.records) {
    const key = `${run.toString(16)}/${epoch}/${stream}`;
    streams.set(key, (streams.get(key) ?? new Set()).add(n));
  }
  return [...streams].flatMap(([key, seen]) =>
    Array.from({ length: Math.max(...seen) + 1 }, (_, n) => n)
      .filter((n) => !seen.has(n))
      .map((n) => `${key}/${n}`),
  );
}

/** What an end of a run or of an epoch names as the last of a stream has come, and everything before it. */
export function expectAllUpTo(central: Central, run: bigint, last: readonly { epoch: number; stream: number; n: number }[]): void {
  for (const { epoch, stream, n } of last) {
    const came = central.records.filter((record) => record.run === run && record.epoch === epoch && record.stream === stream);
    const numbers = new Set(came.map((record) => record.n));
    const missing = Array.from({ length: n + 1 }, (_, at) => at).filter((at) => !numbers.has(at));
    expect(missing, `run ${run.toString(16)}, epoch ${epoch}, stream ${stream}, up to ${n}`).toEqual([]);
  }
}

export const lastReport = (last: readonly { epoch: number; stream: number; n: number }[], epoch: number): number | undefined =>
  last.find((one) => one.epoch === epoch && one.stream === STREAM.report)?.n;

/**
 * Every unit that a Nonin (or a node) sent between the first and the last one that arrived has arrived once, with its values; the
 * packet's counter tells which is which. Those in `excused` may be missing. Returns how many arrived.
 */
export function expectEveryUnit(
  central: Central,
  options: {
    readonly device: string;
    readonly node?: Node;
    readonly ledger: readonly LedgerEntry[];
    readonly excused?: (entry: LedgerEntry) => boolean;
  },
): number {
  const ledger = options.ledger.flatMap((entry) => {
    const unit = unitAt(entry.unit, options.node ?? []);
    return unit === undefined ? [] : [{ ...entry, unit }];
  });
  const reports = reportsOf(central, options.device, options.node).filter(({ body }) => body.observations.length > 0);
  const told = new Map(reports.map((report) => [report.deviceTime, report]));
  expect(told.size, "no packet was told twice").toBe(reports.length);
  const sent = new Map(ledger.map((entry) => [entry.unit.deviceTime, entry]));
  const unsent = [...told.keys()].filter((time) => !sent.has(time));
  expect(unsent, "nothing was told that was not sent").toEqual([]);
  const first = ledger.findIndex(({ unit }) => told.has(unit.deviceTime));
  const last = ledger.findLastIndex(({ unit }) => told.has(unit.deviceTime));
  expect(first, "something arrived").toBeGreaterThanOrEqual(0);
  const lost = ledger
    .slice(first, last + 1)
    .filter((entry) => !told.has(entry.unit.deviceTime) && options.excused?.(entry) !== true)
    .map(({ unit }) => unit.deviceTime);
  const ends = endsOf(central, options.device).join(", ");
  expect(lost, `packets that were sent and did not arrive (the device's epochs ended by: ${ends || "none ended"})`).toEqual([]);
  for (const { deviceTime, body } of reports) {
    const values = Object.fromEntries(body.observations.map(({ metric, value }) => [metric.refid, value]));
    expect(values).toEqual(sent.get(deviceTime)!.unit.observations);
  }
  return reports.length;
}
