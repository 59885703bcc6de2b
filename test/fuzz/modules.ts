import { readFileSync } from "node:fs";
import { registerHooks, stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Edit } from "../sim/small.table.ts";
import { COUNTERS, instrumented, RUNAWAY } from "./instrument.ts";

/** A module and all of ours that it imports, loaded anew with counters in the files that are looked at. */
export type Graph<M> = {
  readonly module: M;
  readonly counters: Uint32Array;
  /** Counters that are this graph's: [first, last). */
  readonly edges: readonly [first: number, last: number];
  readonly words: readonly string[];
  readonly numbers: readonly number[];
};
export type Looked = {
  /** Files with counters, by the beginning of their paths; an emulator has none. */
  readonly files: readonly string[];
  /** Another text, in memory only. */
  readonly planted: readonly Edit[];
};

const ROOT = join(import.meta.dirname, "../..");
const EDGES_MAX = 100_000;
/** A loop turned so often that it is taken for endless. */
export class Runaway extends RangeError {}

const counters = new Uint32Array(EDGES_MAX);
let edges = 0;
let loaded = 0;
let words: string[] = [];
let numbers: number[] = [];
const looked = new Map<string, Looked>();
/** By the text with its types: each graph reads most files as the one before. */
const stripped = new Map<string, string>();

Object.assign(globalThis, {
  [COUNTERS]: counters,
  [RUNAWAY]: () => {
    throw new Runaway("a loop does not end");
  },
});

/** A module of a graph says so in its address, and hands it on to what it imports. */
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    const graph = context.parentURL === undefined ? null : new URL(context.parentURL).searchParams.get("graph");
    const url = new URL(found.url);
    if (graph === null || url.protocol !== "file:" || !isOurs(url) || url.searchParams.has("graph")) return found;
    url.searchParams.set("graph", graph);
    return { ...found, url: url.href };
  },
  load(address, context, next) {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    const graph = url?.searchParams.get("graph") ?? null;
    if (url === undefined || graph === null) return next(address, context);
    return { format: "module", source: sourceOf(fileURLToPath(url), looked.get(graph)!), shortCircuit: true };
  },
});
const isOurs = (url: URL): boolean => {
  const path = fileURLToPath(url);
  return path.startsWith(`${ROOT}/`) && !path.includes("/node_modules/") && path.endsWith(".ts");
};

function sourceOf(path: string, { files, planted }: Looked): string {
  const name = path.slice(ROOT.length + 1);
  let text = readFileSync(path, "utf8");
  for (const { file, find, replace } of planted) {
    if (file !== name) continue;
    const times = text.split(find).length - 1;
    if (times !== 1) throw new RangeError(`${JSON.stringify(find)} stands ${times} times in ${file}, not once; mend the table`);
    text = text.replace(find, () => replace);
  }
  const script = stripped.get(text) ?? stripTypeScriptTypes(text);
  stripped.set(text, script);
  if (!files.some((prefix) => name.startsWith(prefix)) || /\/emulator[^/]*\.ts$/.test(name)) return script;
  const made = instrumented(script, edges);
  edges += made.edges;
  if (edges > EDGES_MAX) throw new RangeError(`There are more than ${EDGES_MAX} edges.`);
  words.push(...made.words);
  numbers.push(...made.numbers);
  return made.code;
}

/** Throws RangeError where the text that a planted bug replaces does not stand exactly once. */
export async function loadGraph<M>(path: string, look: Looked): Promise<Graph<M>> {
  const first = edges;
  words = [];
  numbers = [];
  const graph = String(loaded++);
  looked.set(graph, look);
  const url = pathToFileURL(path);
  url.searchParams.set("graph", graph);
  const module = (await import(url.href)) as M;
  return { module, counters, edges: [first, edges], words: [...new Set(words)], numbers: [...new Set(numbers)] };
}
