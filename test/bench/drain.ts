import { setTimeout as wait } from "node:timers/promises";
import { askStatus } from "../../agent/cli/status.ts";
import { deliveriesOf, summaryOf } from "./figures.ts";
import { type FlashCounter, load } from "./scenes.ts";
import { openLines, type Stage } from "./stage.ts";
import { type AgentOptions, startAgent } from "./subjects.ts";

/**
 * A long outage, played fast; then all of it is sent, and what the devices say meanwhile is not kept waiting by it. Of the outage only
 * reports are counted: waves are known by the instant that they share with theirs, and so fast several packets share one.
 */
export type Drained = {
  /** By the devices' own time. */
  readonly outageSeconds: number;
  readonly devices: number;
  readonly packets: number;
  readonly lost: number;
  readonly twice: number;
  /** From the first message after the broker's return to the last one of the outage. */
  readonly drainSeconds: number;
  /** Of packets that left before the outage, and of those that left while it was drained, or within the moment after it. */
  readonly liveP99Ms: { readonly before: number; readonly meanwhile: number; readonly packets: number };
  readonly load: readonly [before: number, after: number];
};
export type DrainOptions = {
  readonly devices: number;
  readonly outageSeconds: number;
  /** How many times as fast as real devices they are off line. */
  readonly times: number;
  readonly flash: FlashCounter | undefined;
} & Omit<AgentOptions, "ports" | "stateFolder">;

/** Seconds since the devices began to send: when what is compared with begins and ends, and the outage begins. */
const AT = { compared: 8, gone: 23, fast: 25 };
/** The commits of the last window are on flash then; and what was under way has come. */
const MOMENT_S = 3;
const SETTLE_S = 5;
const DRAIN_MAX_S = 180;

export async function playDrain(stage: Stage, options: DrainOptions): Promise<Drained> {
  const { devices, outageSeconds, times, flash } = options;
  const loadBefore = await load();
  const faster = { from: AT.fast, to: AT.fast + outageSeconds, times };
  const lines = await openLines(stage, { devices, seconds: faster.to + DRAIN_MAX_S, faster });
  const ports = lines.paths.map((path) => ({ path, driver: "nonin" }));
  await stage.subscriber.take();
  const agent = startAgent(stage, { ...options, ports, ...(flash === undefined ? {} : { stateFolder: flash.folder }) });
  try {
    lines.go();
    const began = process.hrtime.bigint();
    const at = (seconds: number): bigint => began + BigInt(Math.round(seconds * 1e9));
    const until = (seconds: number): Promise<void> => wait(Math.max(0, Number(at(seconds) - process.hrtime.bigint()) / 1e6));
    await until(AT.gone);
    await stage.broker.stop();
    const fastEnds = AT.fast + outageSeconds / times;
    await until(fastEnds + MOMENT_S);
    await stage.broker.restart();
    const backAt = process.hrtime.bigint();
    await sent(agent.runtimeDir);
    await wait(SETTLE_S * 1000);
    const heard = await stage.subscriber.take();
    await agent.end();
    const played = await lines.stop();
    const outage = deliveriesOf(heard, played, { from: at(AT.gone), to: backAt });
    const arrivals = outage.packets
      .flatMap(({ report }) => report.slice(0, 1))
      .filter((one) => one > backAt)
      .sort((a, b) => Number(a - b));
    const [first = backAt, last = backAt] = [arrivals[0], arrivals.at(-1)];
    const meanwhile = summaryOf(deliveriesOf(heard, played, { from: first, to: last + BigInt(MOMENT_S * 1e9) }));
    const before = summaryOf(deliveriesOf(heard, played, { from: at(AT.compared), to: at(AT.gone - 1) }));
    return {
      ...{ outageSeconds, devices, packets: outage.packets.length },
      lost: outage.packets.filter(({ report }) => report.length === 0).length,
      twice: outage.packets.filter(({ report }) => report.length > 1).length,
      drainSeconds: Number(last - first) / 1e9,
      liveP99Ms: { before: before.p99Ms, meanwhile: meanwhile.p99Ms, packets: meanwhile.packets },
      load: [loadBefore, await load()],
    };
  } finally {
    await agent.end();
  }
}

async function sent(runtimeDir: string): Promise<void> {
  for (const from = performance.now(); performance.now() - from < DRAIN_MAX_S * 1000; await wait(100)) {
    const { spool, uplink } = await askStatus(runtimeDir);
    if (uplink.phase === "online" && spool.flashBytes === 0) return;
  }
}
