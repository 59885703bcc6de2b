import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { median } from "../bench/measure.ts";
import { plant } from "../sim/plant.ts";
import { endOf } from "./kills.ts";
import type { Place, Verdict, Ward } from "./ward.ts";

/**
 * Does memory grow with what was done? The heap after three collections, against the records made, under many times the rated load.
 * It is the agent's source under the Node of the packaged file, since the packaged one lets nobody ask for a collection.
 */
export type LeakWanted = {
  readonly seconds: number;
  readonly speed?: number;
  readonly looks?: number;
  readonly say?: (line: string) => void;
};
export type LeakVerdict = {
  readonly verdict: Verdict;
  readonly records: number;
  /** Bytes of heap and of what it holds outside, per record: the median of the slopes between any two looks (Theil and Sen). */
  readonly slope: number;
  readonly heapBytes: number;
  /** Bytes of buffers outside the heap: by how much they grew from the first look to the last. */
  readonly buffersGrown: number;
  /** Open files at the second look and at the last. */
  readonly files: readonly [number, number];
};

const GATEWAY = "gw-leak";
const DEVICES = 20;
/** Packets of a device come so many times as fast as from a real one, where nothing else is said. */
const SPEED = 4;
const LOOKS = 24;
/** Compilers and caches are at work first. */
const WARM_UP_SHARE = 0.3;
const ANSWER_MS = 30_000;

/** On a copy of the source, so that whoever works on it meanwhile does not change what is measured. */
export async function playLeak(ward: Ward, wanted: LeakWanted): Promise<LeakVerdict> {
  const { folder, remove } = plant([]);
  try {
    return await leakOf(ward, folder, wanted);
  } finally {
    remove();
  }
}

async function leakOf(
  ward: Ward,
  source: string,
  { seconds, speed = SPEED, looks: count = LOOKS, say = () => undefined }: LeakWanted,
): Promise<LeakVerdict> {
  const place = await ward.open(GATEWAY, { devices: DEVICES, speed });
  const flags = ["--expose-gc", "--max-semi-space-size=1", "--v8-pool-size=1", "--import", join(import.meta.dirname, "heap-probe.ts")];
  const life = place.start({ program: [process.execPath, ...flags, join(source, "agent/cli/bedside.ts")] });
  await life.heard();
  const looks: Look[] = [];
  await wait(seconds * 1000 * WARM_UP_SHARE);
  for (let look = 0; look < count; look++) {
    await wait((seconds * 1000 * (1 - WARM_UP_SHARE)) / count);
    looks.push(await lookAt(place, life.agent.pid));
    const { records, heap } = looks.at(-1)!;
    say(`${records} records, ${(heap / 1e6).toFixed(3)} MB of heap`);
  }
  await life.end("stop");
  const verdict = await endOf(ward, [place]);
  const last = looks.at(-1)!;
  return {
    verdict,
    records: last.records,
    slope: slopeOf(looks),
    heapBytes: last.heap,
    buffersGrown: last.buffers - looks[0]!.buffers,
    files: [looks[1]!.files, last.files],
  };
}

type Look = { readonly records: number; readonly heap: number; readonly buffers: number; readonly files: number };

async function lookAt({ room }: Place, pid: number): Promise<Look> {
  const file = `/dev/shm/bedside-heap-${pid}`;
  process.kill(pid, "SIGUSR2");
  await room.until("the agent tells its heap", () => existsSync(file) && readFileSync(file, "utf8").endsWith("\n"), ANSWER_MS);
  const [heap = Number.NaN, buffers = Number.NaN] = readFileSync(file, "utf8").split(" ").map(Number);
  rmSync(file);
  const { ledger } = await room.statusWhere("a status", () => true);
  const records = Object.values(ledger).reduce((sum, { made }) => sum + made, 0);
  return { records, heap, buffers, files: readdirSync(`/proc/${pid}/fd`).length };
}

export function slopeOf(looks: readonly Pick<Look, "records" | "heap">[]): number {
  const slopes = looks.flatMap((a, at) => looks.slice(at + 1).map((b) => (b.heap - a.heap) / (b.records - a.records)));
  return median(slopes);
}
