import { aligned, medianOf, type Results, ratioOf, runsOf, shown } from "./report.ts";

/** The goals of the performance requirements (G1 to G16), and what this machine's run says of each. */
export type Goal = { readonly id: string; readonly what: string; readonly goal: string; readonly found: string; readonly verdict: Verdict };
export type Verdict = "met" | "not met" | "not measured";

type Part = {
  readonly id: string;
  readonly what: string;
  readonly limit: number;
  readonly unit: string;
  readonly value: number | undefined;
};

export function goalsOf(results: Results): readonly Goal[] {
  return [
    ...[...costParts(results), ...deliveryParts(results)].map(judged),
    ...NOT_HERE.map(([id, what, why]): Goal => ({ id, what, goal: "", found: why, verdict: "not measured" })),
  ].sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)));
}

function judged({ id, what, limit, unit, value }: Part): Goal {
  const known = value !== undefined && Number.isFinite(value);
  const digits = limit < 10 ? 2 : 0;
  return {
    id,
    what,
    goal: `≤ ${limit}${unit}`,
    found: known ? `${shown(value, digits)}${unit}` : "not in this run",
    verdict: known ? (value <= limit ? "met" : "not met") : "not measured",
  };
}

/** What it costs while nothing is wrong. */
function costParts(results: Results): readonly Part[] {
  const { memory, growth } = results;
  const agents = runsOf(results, "agent");
  const of = (pick: Parameters<typeof medianOf>[1]): number => medianOf(agents, pick);
  const big = growth.find(({ devices }) => devices === 60);
  const small = growth.find(({ devices }) => devices === 20);
  const loaded = memory.find(({ scene }) => scene.startsWith("20 Nonin"));
  const perDevice = big === undefined || small === undefined ? undefined : (big.pssKb - small.pssKb) / 1024 / 40;
  return [
    {
      id: "G2",
      what: "CPU against C that wakes per chunk",
      limit: 1,
      unit: " ×",
      value: ratioOf(results, "chunk", (live) => live.cpuPercent),
    },
    {
      id: "G3",
      what: "CPU against the Node floor (neither writes on line)",
      limit: 1.3,
      unit: " ×",
      value: ratioOf(results, "node", (live) => live.cpuPercent),
    },
    {
      id: "G3",
      what: "CPU against the C floor (neither writes on line)",
      limit: 4.5,
      unit: " ×",
      value: ratioOf(results, "c", (live) => live.cpuPercent),
    },
    {
      id: "G4",
      what: "CPU at 60 devices against 20",
      limit: 2.2,
      unit: " ×",
      value: big === undefined || small === undefined ? undefined : big.cpuPercent / small.cpuPercent,
    },
    { id: "G5", what: "context switches a second", limit: 300, unit: "", value: of((live) => live.switches) },
    { id: "G5", what: "of them voluntary (the others are the machine's)", limit: 300, unit: "", value: of((live) => live.voluntary) },
    { id: "G5", what: "messages a second", limit: 25, unit: "", value: of((live) => live.messagesPerSecond) },
    { id: "G6", what: "PSS, 60 s of load", limit: 85, unit: " MB", value: loaded === undefined ? undefined : loaded.pssKb / 1024 },
    {
      id: "G6",
      what: "anonymous, 60 s of load",
      limit: 38,
      unit: " MB",
      value: loaded === undefined ? undefined : loaded.anonymousKb / 1024,
    },
    { id: "G7", what: "memory per further device", limit: 0.15, unit: " MB", value: perDevice },
  ];
}

/** What it delivers, how soon, and what that costs on flash and on the wire. */
function deliveryParts(results: Results): readonly Part[] {
  const { outage, drain } = results;
  // An hour at the rate of what was drained.
  const anHour = drain === undefined ? undefined : (drain.drainSeconds * 3600) / drain.outageSeconds;
  const agents = runsOf(results, "agent");
  const of = (pick: Parameters<typeof medianOf>[1]): number => medianOf(agents, pick);
  return [
    { id: "G8", what: "p99 on line, pace 100 ms", limit: 130, unit: " ms", value: of((live) => live.p99Ms) },
    { id: "G9", what: "alert p99", limit: 40, unit: " ms", value: of((live) => live.alertP99Ms) },
    {
      id: "G10",
      what: "bytes on the device per reading, on line, alerts included",
      limit: 3,
      unit: " B",
      value: of((live) => (live.deviceBytes ?? Number.NaN) / live.readings),
    },
    { id: "G10", what: "bytes on the device per reading, off line", limit: 175, unit: " B", value: outage?.devicePerReading },
    {
      id: "G11",
      what: "start to first reading at the subscriber",
      limit: 0.9,
      unit: " s",
      value: of((live) => live.firstReadingMs / 1000),
    },
    { id: "G12", what: "drain of an hour of 20 devices", limit: 10, unit: " s", value: anHour },
    {
      id: "G12",
      what: "live p99 meanwhile against before",
      limit: 1.5,
      unit: " ×",
      value: drain === undefined ? undefined : drain.liveP99Ms.meanwhile / drain.liveP99Ms.before,
    },
    { id: "G13", what: "lost in an outage of this run's length", limit: 0, unit: "", value: outage?.lost },
    {
      id: "G13",
      what: "back after the broker is",
      limit: 2,
      unit: " s",
      value: outage === undefined ? undefined : outage.resumedMs / 1000,
    },
    { id: "G15", what: "payload bytes per reading", limit: 60, unit: " B", value: of((live) => live.bytesPerReading) },
  ];
}

const NOT_HERE: readonly (readonly [id: string, what: string, why: string])[] = [
  ["G1", "CPU against Node-RED, ThingsBoard, telegraf, Python", "the peers are not installed here"],
  ["G4", "four heavy monitors against 20 oximeters", "no driver of a heavy monitor yet"],
  ["G7", "memory after an outage of an hour", "an hour"],
  ["G8", "p99 with pace 0", "measure with --pace 0ms"],
  ["G14", "broker's CPU per gateway", "no fleet scene yet; the notes tell the broker's CPU with one subscriber"],
  ["G16", "ARM64 instructions per packet", "no counting emulator here"],
];

export function goalsText(goals: readonly Goal[]): string {
  const mark = { met: "✓", "not met": "✗", "not measured": "·" } as const;
  const rows = goals.map(({ id, what, goal, found, verdict }) => [id, what, goal, found, `${mark[verdict]} ${verdict}`]);
  return aligned([["goal", "what", "wanted", "found", ""], ...rows], [0, 1, 3, 4]);
}
