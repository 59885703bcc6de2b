import { readdirSync, readFileSync } from "node:fs";

/** What the kernel counted of one process until an instant. */
export type Sample = {
  readonly at: bigint;
  /** Exact where the kernel keeps schedstat, of the threads that live; otherwise in clock ticks. */
  readonly cpuNs: bigint;
  /** The first thread's part of it. */
  readonly mainNs: bigint;
  /** utime + stime of the process in clock ticks of 10 ms, ended threads included. */
  readonly cpuTicks: number;
  readonly voluntary: number;
  readonly involuntary: number;
  readonly threads: number;
  /** Bytes that went into pages of files on a disk; tmpfs is not counted. */
  readonly writeBytes: number;
};
export type Memory = { readonly rssKb: number; readonly pssKb: number; readonly anonymousKb: number };

export const TICK_MS = 10;

export function sampleOf(pid: number): Sample {
  const at = process.hrtime.bigint();
  const cpuTicks = ticksOf(pid);
  const tasks = readdirSync(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}`);
  const times = tasks.map((task) => runTimeOf(task));
  const states = tasks.map((task) => readFileSync(`${task}/status`, "utf8"));
  const count = (name: string): number => states.reduce((sum, text) => sum + fieldOf(text, name), 0);
  return {
    at,
    cpuTicks,
    mainNs: runTimeOf(`/proc/${pid}/task/${pid}`) ?? 0n,
    cpuNs: times.includes(undefined)
      ? BigInt(cpuTicks * TICK_MS) * 1_000_000n
      : times.reduce<bigint>((sum, time) => sum + (time ?? 0n), 0n),
    voluntary: count("voluntary_ctxt_switches"),
    involuntary: count("nonvoluntary_ctxt_switches"),
    threads: tasks.length,
    writeBytes: fieldOf(readFileSync(`/proc/${pid}/io`, "utf8"), "write_bytes"),
  };
}

export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return { rssKb: fieldOf(text, "Rss"), pssKb: fieldOf(text, "Pss"), anonymousKb: fieldOf(text, "Anonymous") };
}

/** Fields 14 and 15; the name in field 2 may hold blanks and brackets. */
function ticksOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

function runTimeOf(task: string): bigint | undefined {
  try {
    return BigInt(readFileSync(`${task}/schedstat`, "utf8").split(" ")[0] ?? "0");
  } catch (caught) {
    // A kernel without CONFIG_SCHED_INFO has none.
    if (caught instanceof Error && "code" in caught && caught.code === "ENOENT") return undefined;
    throw caught;
  }
}

const fieldOf = (text: string, name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? Number.NaN);

/** The value below which `share` of the values lie; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
export const median = (values: readonly number[]): number => {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};
