import { join } from "node:path";
import { fuzz, type Limits, type Outcome } from "./engine.ts";
import { loadGraph } from "./modules.ts";
import type { Target } from "./target.ts";

const INDEX = join(import.meta.dirname, "targets/index.ts");

/** Fuzzes a parser in modules of its own, as it is or with its planted bug. */
export async function hunt({ name, files, planted }: Target, limits: Limits, code: "as it is" | "planted"): Promise<Outcome> {
  const look = { files, planted: code === "planted" && planted !== undefined ? [planted] : [] };
  const graph = await loadGraph<{ readonly TARGETS: readonly Target[] }>(INDEX, look);
  const target = graph.module.TARGETS.find((one) => one.name === name)!;
  return fuzz(target, graph, limits);
}
