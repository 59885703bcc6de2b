import type { Lane } from "../../agent/model/model.ts";
import { decodeBatch } from "../../proto/codec.ts";
import { type LifeEnd, lossFrom, lostWithHost, type Problem } from "./checkers.ts";
import type { Life } from "./life.ts";
import { type Instant, MS } from "./schedule.ts";

/** What a record of the small world says in its text, if it is the spool's own. */
export type Said =
  | {
      readonly says: "gap";
      readonly run: string;
      readonly epoch: number;
      readonly lane: Lane;
      readonly first: number;
      readonly last: number;
    }
  | { readonly says: "ended"; readonly run: string; readonly how: string };
type Made = { readonly text: string; readonly at: Instant; readonly life: Life; readonly lane: Lane };
type Arrival = {
  readonly lane: Lane;
  readonly range: string;
  readonly connection: number;
  readonly bytes: Uint8Array;
  readonly ordered: boolean;
};

export const keyOf = (run: bigint | string, epoch: number, lane: Lane, n: number): string => `${run}/${epoch}/${lane}/${n}`;

/** Both ends of the spool: what was given to it, and what came out at the broker. */
export class SpoolBook {
  readonly made = new Map<string, Made>();
  readonly received = new Set<string>();
  /** Names whose stored bytes the world has spoilt. */
  readonly spoilt = new Set<string>();
  readonly #gaps: Extract<Said, { says: "gap" }>[] = [];
  readonly #ended = new Map<string, string[]>();
  readonly #last = new Map<string, number>();
  readonly #lifeOfRun = new Map<string, number>();
  readonly #problem: Problem;
  arrivals = 0;
  cut = 0;
  rotten = 0;

  constructor(problem: Problem) {
    this.#problem = problem;
  }

  stamped(name: { run: bigint; epoch: number; lane: Lane; n: number }, made: Made): void {
    const key = keyOf(name.run, name.epoch, name.lane, name.n);
    if (this.made.has(key)) this.#problem("name-reused", `${key} is given twice`);
    this.made.set(key, made);
    this.#lifeOfRun.set(String(name.run), made.life.index);
  }

  arrived({ lane, range, connection, bytes, ordered }: Arrival): void {
    const batch = decodeBatch(bytes);
    if (batch?.head === undefined) {
      this.#problem("invented", `a batch of ${lane} that cannot be read`);
      return;
    }
    const { run } = batch.head;
    for (const { epoch, n, body } of batch.records) {
      const key = keyOf(run, epoch, lane, n);
      const value = body.kind === "report" ? body.report.observations[0]?.value : undefined;
      const text = value?.kind === "text" ? value.text : "";
      this.arrivals += 1;
      const made = this.made.get(key);
      if (made?.text !== text) this.#problem(made === undefined ? "invented" : "name-reused", `${key} says ${text.slice(0, 60)}`);
      if (this.received.has(key)) continue;
      this.received.add(key);
      this.#take(text);
      const place = `${connection} ${lane} ${range} ${run}/${epoch}`;
      if (ordered && n <= (this.#last.get(place) ?? -1)) this.#problem("order", `${place}: ${n} after ${this.#last.get(place)}`);
      this.#last.set(place, n);
    }
  }

  #take(text: string): void {
    if (!text.startsWith("{")) return;
    const said = JSON.parse(text) as Said;
    if (said.says === "gap") this.#gaps.push(said);
    else this.#ended.set(said.run, [...(this.#ended.get(said.run) ?? []), said.how]);
  }

  /** The verdict, when everything has come to rest. `window`: ms. */
  judge(ends: readonly LifeEnd[], window: number): void {
    // A gap that has rotted names what it named: that it rotted is told.
    for (const key of this.spoilt) if (!this.received.has(key)) this.#take(this.made.get(key)?.text ?? "");
    for (const [key, { life, at, lane }] of this.made) {
      if (this.received.has(key)) continue;
      const urgent = lane === "alert" || lane === "event";
      if (at >= lossFrom({ ends }, life, urgent ? 0 : window * MS)) this.cut += 1;
      else if (this.spoilt.has(key)) this.rotten += 1;
      else if (!this.#isNamed(key)) {
        const end = ends[life.index];
        const when =
          end === undefined ? "which lived to the end" : `${end.at - at} µs before it ended (${end.how}, disk busy for ${end.busy} µs)`;
        this.#problem("lost", `${key}, stamped at ${at} µs by life ${life.index}, ${when}`);
      }
    }
    this.#judgeEnds(ends);
  }

  #judgeEnds(ends: readonly LifeEnd[]): void {
    const heard = new Set([...this.received].map((key) => key.slice(0, key.indexOf("/"))));
    for (const [run, index] of this.#lifeOfRun) {
      const end = ends[index];
      if (end === undefined || !heard.has(run)) continue;
      const told = this.#ended.get(run) ?? [];
      const possible =
        end.how === "killed" && lostWithHost(ends, index) ? ["killed", "power"] : end.refused ? [end.how, "killed"] : [end.how];
      if (told.length === 0 && ![...this.spoilt].some((key) => key.includes("/event/")))
        this.#problem("lost", `run ${run} (life ${index}) ended by ${end.how}, and nothing says so`);
      for (const how of told)
        if (!possible.includes(how)) this.#problem("invented", `run ${run} ended by ${end.how}, and is told as ${how}`);
    }
  }

  #isNamed(key: string): boolean {
    const [run, epoch, lane, n] = key.split("/");
    return this.#gaps.some(
      (gap) => gap.run === run && gap.lane === lane && String(gap.epoch) === epoch && gap.first <= Number(n) && Number(n) <= gap.last,
    );
  }
}
