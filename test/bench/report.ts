import type { Drained } from "./drain.ts";
import { partsText } from "./mappings.ts";
import { median } from "./measure.ts";
import type { Held } from "./memory.ts";
import type { Live, Outage } from "./scenes.ts";
import { type Kind, NAMES } from "./subjects.ts";

export type Round = readonly Live[];
export type Results = {
  readonly rounds: readonly Round[];
  readonly growth: readonly Live[];
  readonly outage: Outage | undefined;
  readonly drain: Drained | undefined;
  readonly memory: readonly Held[];
};

type Column = { readonly title: string; readonly of: (live: Live) => number; readonly digits: number };
const COLUMNS: readonly Column[] = [
  { title: "CPU %", of: (live) => live.cpuPercent, digits: 2 },
  { title: "ms/1000rd", of: (live) => live.cpuMsPerThousand, digits: 1 },
  { title: "switch/s", of: (live) => live.switches, digits: 0 },
  { title: "RSS MB", of: (live) => live.rssKb / 1024, digits: 1 },
  { title: "PSS", of: (live) => live.pssKb / 1024, digits: 1 },
  { title: "anon", of: (live) => live.anonymousKb / 1024, digits: 1 },
  { title: "msg/s", of: (live) => live.messagesPerSecond, digits: 1 },
  { title: "B/s", of: (live) => live.payloadPerSecond, digits: 0 },
  { title: "rd/s", of: (live) => live.readingsPerSecond, digits: 0 },
  { title: "B/rd", of: (live) => live.bytesPerReading, digits: 1 },
  { title: "p50 ms", of: (live) => live.p50Ms, digits: 1 },
  { title: "p99 ms", of: (live) => live.p99Ms, digits: 1 },
  { title: "lost", of: (live) => live.lost, digits: 0 },
  { title: "twice", of: (live) => live.twice, digits: 0 },
  { title: "first s", of: (live) => live.firstReadingMs / 1000, digits: 2 },
];

export const runsOf = ({ rounds }: Pick<Results, "rounds">, kind: Kind): readonly Live[] =>
  rounds.flat().filter((live) => live.kind === kind);
export const medianOf = (runs: readonly Live[], of: (live: Live) => number): number => median(runs.map(of));
/** One ratio a round, then the median of them: what a busy minute does to a round it does to both. */
export function ratioOf({ rounds }: Pick<Results, "rounds">, to: Kind, of: (live: Live) => number): number {
  const ratios = rounds.flatMap((round) => {
    const [agent, other] = [round.find(({ kind }) => kind === "agent"), round.find(({ kind }) => kind === to)];
    return agent === undefined || other === undefined ? [] : [of(agent) / of(other)];
  });
  return median(ratios);
}

export function tableText(results: Results): string {
  const kinds = (Object.keys(NAMES) as Kind[]).filter((kind) => runsOf(results, kind).length > 0);
  const rows = kinds.map((kind) => [NAMES[kind], ...COLUMNS.map(({ of, digits }) => shown(medianOf(runsOf(results, kind), of), digits))]);
  const ratios = kinds
    .filter((kind) => kind !== "agent" && runsOf(results, "agent").length > 0)
    .map((kind) => [
      `A / ${NAMES[kind][0]}`,
      ...COLUMNS.map(({ of, title }) => (RATIOS.has(title) ? shown(ratioOf(results, kind, of), 2) : "")),
    ]);
  return aligned([["medians", ...COLUMNS.map(({ title }) => title)], ...rows, ...ratios]);
}
const RATIOS = new Set(["CPU %", "switch/s", "RSS MB", "PSS", "anon", "B/rd", "p50 ms", "p99 ms"]);

/** What the table has no room for. */
export function notesText({ rounds, growth, outage, drain, memory }: Results): string {
  const lines: string[] = [];
  for (const [index, round] of rounds.entries()) {
    const runs = round.map(
      ({ kind, cpuPercent, cpuPercentTicks, p99Ms, load: [, after] }) =>
        `${NAMES[kind][0]} ${shown(cpuPercent, 2)} % (by 10 ms ticks ${shown(cpuPercentTicks, 2)}), p99 ${shown(p99Ms, 0)} ms, load ${shown(after, 1)}`,
    );
    lines.push(`round ${index + 1}: ${runs.join("; ")}`);
  }
  lines.push(
    ...rounds
      .flat()
      .filter(({ kind }) => kind === "agent")
      .slice(-1)
      .map(agentText),
  );
  for (const live of growth)
    lines.push(
      `${live.devices} devices: CPU ${shown(live.cpuPercent, 2)} %, PSS ${shown(live.pssKb / 1024, 1)} MB, p99 ${shown(live.p99Ms, 1)} ms, ${shown(live.messagesPerSecond, 1)} messages/s, lost ${live.lost}, twice ${live.twice}`,
    );
  if (outage !== undefined) lines.push(outageText(outage));
  if (drain !== undefined) lines.push(drainText(drain));
  for (const { scene, rssKb, pssKb, anonymousKb, cpuPercent, switches, parts } of memory)
    lines.push(
      `memory, ${scene}: RSS ${shown(rssKb / 1024, 1)} PSS ${shown(pssKb / 1024, 1)} anonymous ${shown(anonymousKb / 1024, 1)} MB; CPU ${shown(cpuPercent, 2)} %, ${shown(switches, 0)} switches/s`,
      `  RSS by part, MB: ${partsText(parts)}`,
    );
  return lines.join("\n");
}

function agentText(live: Live): string {
  const { threads, voluntary, involuntary, cpuPercent, cpuPercentMain, alerts, alertP99Ms, unexplained, faults, lateMs } = live;
  const perReading = (bytes: number): string => shown(bytes / live.readings, 2);
  return [
    `agent, last round: ${threads} threads, of the CPU ${shown((cpuPercentMain / cpuPercent) * 100, 0)} % in the first`,
    `${shown(voluntary, 0)} voluntary + ${shown(involuntary, 0)} involuntary switches/s`,
    `${alerts} alerts, p99 ${shown(alertP99Ms, 1)} ms`,
    `on line ${perReading(live.flashBytes ?? 0)} B a reading handed to the disk, ${perReading(live.deviceBytes ?? Number.NaN)} on the device` +
      ` with ${shown((live.deviceFlushes ?? Number.NaN) / live.seconds, 1)} flushes/s (alerts are written at once)`,
    `unexplained ${unexplained}, faults ${faults.length === 0 ? "none" : faults.join(", ")}`,
    `broker ${shown(live.brokerCpuPercent, 2)} % with its subscriber`,
    `generator at most ${shown(lateMs, 1)} ms late`,
  ].join("; ");
}

function outageText(outage: Outage): string {
  const { seconds, packets, lost, twice, handedPerReading, devicePerReading, flushesPerSecond, resumedMs, drainedMs, cpuPercent } = outage;
  const device =
    devicePerReading === undefined
      ? ""
      : `, ${shown(devicePerReading, 0)} reached the device with ${shown(flushesPerSecond ?? 0, 1)} flushes/s`;
  return (
    `off line for ${shown(seconds, 1)} s: ${packets} packets, ${lost} lost, ${twice} twice; bytes per reading ${shown(handedPerReading, 0)} handed to the disk` +
    `${device}; CPU ${shown(cpuPercent, 2)} %; back after ${shown(resumedMs / 1000, 2)} s, drained after ${shown(drainedMs / 1000, 2)} s`
  );
}

function drainText({ outageSeconds, devices, packets, lost, twice, drainSeconds, liveP99Ms: live }: Drained): string {
  return (
    `an outage of ${shown(outageSeconds / 60, 0)} min of ${devices} devices: ${packets} packets, ${lost} lost, ${twice} twice; drained in` +
    ` ${shown(drainSeconds, 1)} s; live p99 meanwhile ${shown(live.meanwhile, 0)} ms (${live.packets} packets), before ${shown(live.before, 0)} ms`
  );
}

export const shown = (value: number, digits: number): string => (Number.isFinite(value) ? value.toFixed(digits) : "–");

/** Columns of one width each; those named hold words and stand left. */
export function aligned(rows: readonly (readonly string[])[], words: readonly number[] = [0]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const cellOf = (cell: string, column: number): string =>
    words.includes(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(cellOf).join("  ").trimEnd()).join("\n");
}
