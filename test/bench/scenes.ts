import { setTimeout as wait } from "node:timers/promises";
import { askStatus } from "../../agent/cli/status.ts";
import { deliveriesOf, type Span, type Summary, summaryOf } from "./figures.ts";
import { type Memory, memoryOf, quantile, type Sample, sampleOf, TICK_MS } from "./measure.ts";
import { readingsOf } from "./schedule.ts";
import { openLines, type Stage } from "./stage.ts";
import { type Agent, type AgentOptions, type Kind, startAgent, startFloor } from "./subjects.ts";

/** The scenes: each plays one subject and gives its figures. */

/** From the first reading to the window, where nothing else is said; and what else needs a moment. */
export const WARM_UP_SECONDS = 3;
const MOMENT_MS = 3000;
/** What is under way at the end of a window has arrived after this. */
const SETTLE_MS = 1500;
/** How long the agent may take to come back and to send what waited. */
const DRAIN_MS = 90_000;
/** Printed as a day or more: nothing of it came while we waited. */
const NEVER = 1n << 60n;
/** The lines go on this long beyond what is measured, for start and settling. */
const SPARE_SECONDS = 110;

/** What the kernel counted in a window, per second where it is a rate. */
export type Cost = {
  readonly cpuPercent: number;
  /** Of it, the first thread's: the rest is the collector's, the compiler's and the thread pool's. */
  readonly cpuPercentMain: number;
  /** The same by utime + stime, which counts in steps of 10 ms. */
  readonly cpuPercentTicks: number;
  readonly switches: number;
  readonly voluntary: number;
  readonly involuntary: number;
  readonly threads: number;
  readonly writeBytes: number;
};
export type Live = Cost &
  Summary &
  Memory & {
    readonly kind: Kind;
    readonly devices: number;
    readonly seconds: number;
    readonly load: readonly [before: number, after: number];
    readonly firstReadingMs: number;
    readonly cpuMsPerThousand: number;
    readonly switchesPerThousand: number;
    readonly messagesPerSecond: number;
    readonly payloadPerSecond: number;
    readonly readingsPerSecond: number;
    readonly bytesPerReading: number;
    readonly alerts: number;
    readonly alertP99Ms: number;
    readonly brokerCpuPercent: number;
    readonly lateMs: number;
    /** Of the agent only, where its state lies on a device of its own: what reached the device, the file system's journal included. */
    readonly deviceBytes: number | undefined;
    readonly deviceFlushes: number | undefined;
    /** Of the agent only: bytes handed to the disk as it counts them itself; unexplained of its ledger. */
    readonly flashBytes: number | undefined;
    readonly unexplained: number | undefined;
    /** Faults that stand at the end: a quarantined driver explains what is lost. */
    readonly faults: readonly string[];
  };
export type LiveOptions = {
  readonly kind: Kind;
  readonly devices: number;
  readonly seconds: number;
  readonly warmUp?: number;
  readonly flash: FlashCounter | undefined;
} & Omit<AgentOptions, "ports" | "stateFolder">;

export async function playLive(stage: Stage, options: LiveOptions): Promise<Live> {
  const { kind, devices, seconds, flash, warmUp = WARM_UP_SECONDS } = options;
  const loadBefore = await load();
  const lines = await openLines(stage, { devices, seconds: warmUp + seconds + SPARE_SECONDS });
  await stage.subscriber.take();
  lines.go();
  const first = stage.subscriber.heard();
  const ports = lines.paths.map((path) => ({ path, driver: "nonin" }));
  const agent = kind === "agent" ? startAgent(stage, { ...options, ports, ...stateOn(flash) }) : undefined;
  const subject = agent ?? startFloor(stage, kind as Exclude<Kind, "agent">, lines.paths);
  try {
    const firstAt = await first;
    await wait(warmUp * 1000);
    const writtenBefore = await written(agent);
    const deviceBefore = flash?.read();
    const [before, brokerBefore] = [sampleOf(subject.pid), sampleOf(stage.broker.pid)];
    await wait(seconds * 1000);
    const [after, brokerAfter] = [sampleOf(subject.pid), sampleOf(stage.broker.pid)];
    const deviceAfter = flash?.read();
    const memory = memoryOf(subject.pid);
    const writtenAfter = await written(agent);
    await wait(SETTLE_MS);
    const status = agent === undefined ? undefined : await askStatus(agent.runtimeDir);
    const heard = await stage.subscriber.take();
    await subject.end();
    const sent = await lines.stop();
    const span = { from: before.at, to: after.at };
    const deliveries = deliveriesOf(heard, sent, span);
    const summary = summaryOf(deliveries);
    const cost = costOf(before, after);
    return {
      kind,
      devices,
      seconds: secondsOf(span),
      load: [loadBefore, await load()],
      firstReadingMs: Number(firstAt - subject.startedAt) / 1e6,
      ...cost,
      ...memory,
      ...summary,
      cpuMsPerThousand: (cost.cpuPercent * 10 * secondsOf(span) * 1000) / summary.readings,
      switchesPerThousand: (cost.switches * secondsOf(span) * 1000) / summary.readings,
      messagesPerSecond: deliveries.messages / secondsOf(span),
      payloadPerSecond: deliveries.payloadBytes / secondsOf(span),
      readingsPerSecond: deliveries.readings / secondsOf(span),
      bytesPerReading: deliveries.readingBytes / deliveries.readings,
      alerts: deliveries.alertLatenciesMs.length,
      alertP99Ms: quantile(deliveries.alertLatenciesMs, 0.99),
      brokerCpuPercent: costOf(brokerBefore, brokerAfter).cpuPercent,
      lateMs: sent.lateMs,
      deviceBytes: agent && deviceBefore && deviceAfter && deviceAfter.bytes - deviceBefore.bytes,
      deviceFlushes: agent && deviceBefore && deviceAfter && deviceAfter.flushes - deviceBefore.flushes,
      flashBytes: writtenAfter === undefined || writtenBefore === undefined ? undefined : writtenAfter - writtenBefore,
      unexplained: status?.unexplained,
      faults: status?.faults.map(({ key, scope }) => `${key} (${scope})`) ?? [],
    };
  } finally {
    await subject.end();
  }
}

export type Outage = Summary & {
  readonly seconds: number;
  readonly cpuPercent: number;
  /** Bytes handed to the disk per reading made off line, as the agent counts them, and as pages by the kernel. */
  readonly handedPerReading: number;
  readonly writtenPerReading: number;
  /** Bytes and cache flushes that reached a device of its own, the file system's journal included; undefined without one. */
  readonly devicePerReading: number | undefined;
  readonly flushesPerSecond: number | undefined;
  /** From the broker's return to the first packet of the outage, and to the last. */
  readonly resumedMs: number;
  readonly drainedMs: number;
  readonly load: readonly [before: number, after: number];
};
const stateOn = (flash: FlashCounter | undefined) => (flash === undefined ? {} : { stateFolder: flash.folder });
export type FlashCounter = { readonly folder: string; readonly read: () => { readonly bytes: number; readonly flushes: number } };

/** The broker is gone for a window; then all of it must come, once. */
export async function playOutage(stage: Stage, options: Omit<LiveOptions, "kind">): Promise<Outage> {
  const { devices, seconds, flash } = options;
  const loadBefore = await load();
  const lines = await openLines(stage, { devices, seconds: seconds + SPARE_SECONDS });
  await stage.subscriber.take();
  lines.go();
  const first = stage.subscriber.heard();
  const ports = lines.paths.map((path) => ({ path, driver: "nonin" }));
  const agent = startAgent(stage, { ...options, ports, ...stateOn(flash) });
  try {
    await first;
    await wait(MOMENT_MS);
    const goneAt = process.hrtime.bigint();
    await stage.broker.stop();
    // The first files are made and the first windows end.
    await wait(MOMENT_MS);
    const [handed, before, device] = [await written(agent), sampleOf(agent.pid), flash?.read()];
    await wait(seconds * 1000);
    const [handedAfter, after, deviceAfter] = [await written(agent), sampleOf(agent.pid), flash?.read()];
    await stage.broker.restart();
    const backAt = process.hrtime.bigint();
    await drained(agent);
    await wait(SETTLE_MS);
    const heard = await stage.subscriber.take();
    await agent.end();
    const sent = await lines.stop();
    const { packets } = deliveriesOf(heard, sent, { from: goneAt, to: backAt });
    const arrivals = packets.flatMap(({ report, wave }) => [...report.slice(0, 1), ...wave.slice(0, 1)]).sort((a, b) => Number(a - b));
    const span = { from: before.at, to: after.at };
    const readings = readingsOf(deliveriesOf([], sent, span).packets.length);
    const cost = costOf(before, after);
    return {
      ...summaryOf({ packets }),
      seconds: secondsOf({ from: goneAt, to: backAt }),
      cpuPercent: cost.cpuPercent,
      handedPerReading: ((handedAfter ?? 0) - (handed ?? 0)) / readings,
      writtenPerReading: (cost.writeBytes * secondsOf(span)) / readings,
      devicePerReading: device === undefined || deviceAfter === undefined ? undefined : (deviceAfter.bytes - device.bytes) / readings,
      flushesPerSecond:
        device === undefined || deviceAfter === undefined ? undefined : (deviceAfter.flushes - device.flushes) / secondsOf(span),
      resumedMs: Number((arrivals.find((at) => at > backAt) ?? NEVER) - backAt) / 1e6,
      drainedMs: Number((arrivals.at(-1) ?? NEVER) - backAt) / 1e6,
      load: [loadBefore, await load()],
    };
  } finally {
    await agent.end();
  }
}

async function drained(agent: Agent): Promise<void> {
  const deadline = process.hrtime.bigint() + BigInt(DRAIN_MS) * 1_000_000n;
  while (process.hrtime.bigint() < deadline) {
    const { spool, uplink } = await askStatus(agent.runtimeDir);
    if (uplink.phase === "online" && spool.flashBytes === 0) return;
    await wait(100);
  }
}

async function written(agent: Agent | undefined): Promise<number | undefined> {
  return agent === undefined ? undefined : (await askStatus(agent.runtimeDir)).spool.flashWrittenBytes;
}

export function costOf(before: Sample, after: Sample): Cost {
  const seconds = secondsOf({ from: before.at, to: after.at });
  const voluntary = (after.voluntary - before.voluntary) / seconds;
  const involuntary = (after.involuntary - before.involuntary) / seconds;
  return {
    cpuPercent: Number(after.cpuNs - before.cpuNs) / 1e7 / seconds,
    cpuPercentMain: Number(after.mainNs - before.mainNs) / 1e7 / seconds,
    cpuPercentTicks: ((after.cpuTicks - before.cpuTicks) * TICK_MS) / 10 / seconds,
    switches: voluntary + involuntary,
    voluntary,
    involuntary,
    threads: after.threads,
    writeBytes: (after.writeBytes - before.writeBytes) / seconds,
  };
}
const secondsOf = ({ from, to }: Span): number => Number(to - from) / 1e9;

export async function load(): Promise<number> {
  return (await import("node:os")).loadavg()[0] ?? Number.NaN;
}
