import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "../../config/package/target.ts";
import { aligned, shown } from "./report.ts";
import { playLive } from "./scenes.ts";
import { BENCH, type Stage } from "./stage.ts";
import { profiledAgent } from "./subjects.ts";

type Frame = { readonly functionName: string; readonly url: string; readonly lineNumber: number };
type Node = { readonly id: number; readonly callFrame: Frame; readonly children?: readonly number[] };
type Profile = { readonly nodes: readonly Node[]; readonly samples: readonly number[]; readonly timeDeltas: readonly number[] };

const ROWS = 40;
/** Time without a call: waiting, and what the profiler cannot name. */
const IDLE = new Set(["(idle)", "(root)"]);

/** Where the agent's CPU goes under load: run from its sources, so that places can be named; start and end are cut off. */
export async function playProfile(stage: Stage, wanted: { readonly devices: number; readonly seconds: number }): Promise<string> {
  const folder = join(BENCH, "profile");
  rmSync(folder, { recursive: true, force: true });
  const live = await playLive(stage, { ...wanted, kind: "agent", flash: undefined, command: profiledAgent() });
  const [name = ""] = readdirSync(folder);
  const profile = JSON.parse(readFileSync(join(folder, name), "utf8")) as Profile;
  const { self, total, windowMs } = timesIn(profile, wanted.seconds);
  const row = ([place, ms]: readonly [string, number]): readonly string[] => [shown((ms / windowMs) * 100, 2), place];
  const top = (times: ReadonlyMap<string, number>) =>
    [...times]
      .sort((a, b) => b[1] - a[1])
      .slice(0, ROWS)
      .map(row);
  return [
    `${wanted.devices} devices from the sources, profiled: CPU ${shown(live.cpuPercent, 2)} % of a core; in % of a core, of the last ${shown(windowMs / 1000, 1)} s:`,
    `\nby itself\n${aligned(top(self), [1])}`,
    `\nwith all that it calls\n${aligned(top(total), [1])}`,
  ].join("\n");
}

function timesIn({ nodes, samples, timeDeltas }: Profile, seconds: number) {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const [self, total] = [new Map<string, number>(), new Map<string, number>()];
  let windowUs = 0;
  for (let index = samples.length - 1; index >= 0 && windowUs < seconds * 1e6; index--) {
    const took = timeDeltas[index + 1] ?? 0;
    windowUs += took;
    const node = byId.get(samples[index]!);
    if (node === undefined || IDLE.has(node.callFrame.functionName)) continue;
    add(self, placeOf(node.callFrame), took / 1000);
    const seen = new Set<string>();
    for (let at: Node | undefined = node; at !== undefined; at = byId.get(parents.get(at.id) ?? -1)) seen.add(placeOf(at.callFrame));
    for (const place of seen) add(total, place, took / 1000);
  }
  return { self, total, windowMs: windowUs / 1000 };
}

const add = (times: Map<string, number>, place: string, ms: number): void => void times.set(place, (times.get(place) ?? 0) + ms);

function placeOf({ functionName, url, lineNumber }: Frame): string {
  const file = url.startsWith("file:") ? relative(ROOT, fileURLToPath(url)) : url;
  return `${functionName || "(anonymous)"}${file === "" ? "" : `  ${file}:${lineNumber + 1}`}`;
}
