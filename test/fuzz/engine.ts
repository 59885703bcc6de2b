import { createHash } from "node:crypto";
import { type Random, randomOf } from "../drivers/streams.ts";
import type { Graph } from "./modules.ts";
import { mutated, type Stock, wordsAsBytes } from "./mutate.ts";
import { regressionsOf } from "./regressions.ts";
import type { Target } from "./target.ts";

/** An input that breaks a law, and how. */
export type Finding = { readonly input: Uint8Array; readonly failure: unknown; readonly execution: number };
export type Outcome = {
  readonly executions: number;
  readonly edges: number;
  readonly edgesAll: number;
  readonly corpus: readonly Uint8Array[];
  /** Of the corpus: equal seeds and executions, equal hashes. */
  readonly hash: string;
  /** Most branches a byte of any input, beyond `work.base`: what `work.perByte` must be above. */
  readonly workMax: number;
  readonly finding: Finding | undefined;
};
export type Limits = { readonly seed: number; readonly executions: number; readonly isOver?: () => boolean };

const DEEP_EVERY = 256;
const CORPUS_MAX = 4000;
/** Of the inputs that have a fixup, three in four get it. */
const FIXED_OF = 4;
/** Of four inputs two are made of what was found last, one of what it began with (most of it is accepted), one of anything. */
const RECENT = 40;
const OVER_EVERY = 256;

/** Runs until the limit, or until a law is broken. Deterministic but for `isOver`. */
export async function fuzz(target: Target, graph: Omit<Graph<unknown>, "module">, limits: Limits): Promise<Outcome> {
  const random = randomOf(limits.seed);
  const coverage = new Coverage(graph);
  const stock = { kept: [] as Uint8Array[], words: wordsAsBytes(graph.words, graph.numbers), lengthMax: target.lengthMax };
  const found = regressionsOf(target.name).map(({ input }) => input);
  const seeds = [...found, ...target.seeds()].map((seed) => seed.slice(0, target.lengthMax));
  let executions = 0;
  let begun = 0;
  let workMax = 0;
  let finding: Finding | undefined;
  while (executions < limits.executions && finding === undefined) {
    if (executions % OVER_EVERY === 0 && limits.isOver?.() === true) break;
    const input = seeds[executions] ?? next(target, stock, begun, random);
    executions += 1;
    coverage.clear();
    try {
      const running = target.run(input, false);
      if (running !== undefined) await running;
      const { isNew, work } = coverage.read();
      workMax = Math.max(workMax, (work - target.work.base) / Math.max(1, input.length));
      expectBounded(target, input, work);
      if (isNew || executions % DEEP_EVERY === 0) {
        coverage.clear();
        const deep = target.run(input, true);
        if (deep !== undefined) await deep;
      }
      if ((isNew && stock.kept.length < CORPUS_MAX) || stock.kept.length === 0) stock.kept.push(input);
      if (executions <= seeds.length) begun = stock.kept.length;
    } catch (failure) {
      finding = { input, failure, execution: executions };
    }
  }
  const hash = createHash("sha256");
  for (const one of stock.kept) hash.update(`${one.length}:`).update(one);
  return {
    executions,
    edges: coverage.seen,
    edgesAll: coverage.all,
    corpus: stock.kept,
    hash: hash.digest("hex").slice(0, 16),
    workMax: Math.ceil(workMax),
    finding,
  };
}

function next(target: Target, stock: Stock, begun: number, random: Random): Uint8Array {
  const { length } = stock.kept;
  const from = [
    () => random.below(begun),
    () => random.below(length),
    () => length - 1 - random.below(Math.min(length, RECENT)),
    () => length - 1 - random.below(Math.min(length, RECENT)),
  ][random.below(4)]!();
  const input = mutated(stock.kept[from]!, random, stock);
  if (target.fixup === undefined || random.below(FIXED_OF) === 0) return input;
  return target.fixup(input).slice(0, target.lengthMax);
}

export function expectBounded({ work: { base, perByte } }: Target, input: Uint8Array, work: number): void {
  const most = base + perByte * input.length;
  if (work > most) throw new RangeError(`${work} branches were passed for ${input.length} bytes; ${most} are allowed`);
}

/** Which branches were ever passed, and how often, in classes of 1, 2, 3, 4–7, 8–15, 16–31, 32–63 and more. */
export class Coverage {
  readonly #counters: Uint32Array;
  readonly #seen: Uint8Array;

  constructor({ counters, edges: [first, last] }: Omit<Graph<unknown>, "module">) {
    this.#counters = counters.subarray(first, last);
    this.#seen = new Uint8Array(last - first);
  }

  get all(): number {
    return this.#seen.length;
  }

  get seen(): number {
    return this.#seen.reduce((sum, classes) => sum + (classes === 0 ? 0 : 1), 0);
  }

  clear(): void {
    this.#counters.fill(0);
  }

  read(): { readonly isNew: boolean; readonly work: number } {
    let work = 0;
    let isNew = false;
    for (let edge = 0; edge < this.#seen.length; edge++) {
      const times = this.#counters[edge]!;
      if (times === 0) continue;
      work += times;
      const mask = 1 << (times < 4 ? times - 1 : Math.min(7, 32 - Math.clz32(times)));
      if ((this.#seen[edge]! & mask) !== 0) continue;
      this.#seen[edge] = this.#seen[edge]! | mask;
      isNew = true;
    }
    return { isNew, work };
  }
}
