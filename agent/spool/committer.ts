import { type Bytes, type Duration, elapsed, isDue, Milliseconds, Minutes, type Mono, Seconds } from "../../config/units.ts";
import type { Disk } from "../effects/effects.ts";
import { asFault, Fault } from "../fault/fault.ts";
import { LANES, type Lane } from "../model/model.ts";
import { writeCursors } from "./cursors.ts";
import { GivingWay, type GivingWayParts } from "./giving-way.ts";
import type { Block } from "./lane.ts";
import { isUrgent, isVolatile, type LaneState } from "./lane-state.ts";
import { perLane, type Recovered, readSegments } from "./recovery.ts";
import type { Kept } from "./store.ts";
import type { Tally } from "./tally.ts";
import { type Trouble, Troubles } from "./troubles.ts";

/** How long before the window's end a commit begins: one reading tick, the timer's own lateness, and the disk's time. */
const COMMIT_LEAD = Milliseconds(60);
/** A disk that takes longer is told: what it has not answered for is not kept. */
const STALL = Seconds(1);
/** What a start found damaged stays where it is for so long: a start that dies before it has told it leaves it to the next. */
const DAMAGE_KEPT = Seconds(10);
/** How often ages are looked at. */
const AGE_EVERY = Minutes(1);
/** How old a cursor may be. Losing it costs duplicates with equal names. */
const CURSOR_EVERY = Seconds(10);

export type CommitterOptions = {
  readonly disk: Disk;
  readonly spoolDir: string;
  readonly limits: () => { readonly window: Duration; readonly size: Bytes };
  readonly now: () => Mono;
  readonly lanes: Readonly<Record<Lane, LaneState>>;
  /** What is given up for room; when it returns the gap that names it is a closed block of the event lane. */
  readonly lose: GivingWayParts["lose"];
};
type Due = { readonly lane: Lane; readonly block: Block };

/** Puts on flash what no answer has released in time, and tries again what the disk refused: one piece of work at a time. */
export class Committer {
  readonly #options: CommitterOptions;
  readonly #known: Recovered["known"];
  readonly #troubles = new Troubles();
  readonly #givingWay: GivingWay;
  #aged: Mono | undefined;
  #working: Promise<void> | undefined;
  #workingSince: Mono | undefined;
  #stall: Fault | undefined;
  #cursorsAt: Mono | undefined;
  #cursorsDirty = false;
  /** Until then what is damaged stays. */
  #keepsDamagedSince: Mono | undefined;

  constructor(options: CommitterOptions, { known, faults }: Pick<Recovered, "known" | "faults">) {
    this.#options = options;
    this.#known = known;
    this.#givingWay = new GivingWay({
      ...options,
      commitEvents: () =>
        this.#commitLane(
          "event",
          this.#uncommitted((one) => one.lane === "event").map(({ block }) => block),
        ),
    });
    const now = options.now();
    this.#keepsDamagedSince = now;
    // Until each lane is known to find its place, none is believed to.
    if (faults.keeping !== undefined) for (const lane of LANES) this.#troubles.raise(lane, faults.keeping, now);
    if (faults.reading !== undefined) this.#troubles.raise("files", faults.reading, now);
  }

  /** What the disk refuses now. */
  get troubles(): Troubles {
    return this.#troubles;
  }

  /** How long a block may grow where nobody waits for a message: one commit a window then, not two. */
  get blockAge(): Duration {
    return (this.#options.limits().window - COMMIT_LEAD) as Duration;
  }

  /** Something was delivered from flash. */
  moved(): void {
    this.#cursorsDirty = true;
  }

  /** Begins a commit where a window ends, and asks the disk again where it is time to. */
  tick(now: Mono, line: "online" | "offline"): void {
    this.#watchStall(now);
    if (this.#keepsDamagedSince !== undefined && elapsed(this.#keepsDamagedSince, now) >= DAMAGE_KEPT) {
      this.#keepsDamagedSince = undefined;
      for (const lane of LANES) this.#options.lanes[lane].store.letDamagedGo();
    }
    this.#workIfDue(now, line);
    if (this.#cursorsDirty && isDue(this.#cursorsAt, CURSOR_EVERY, now)) void this.saveCursors(now);
  }

  /** Puts on flash what is closed and waits. Throws Fault `disk.*`. */
  async commitNow(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
    const due = this.#uncommitted(() => true);
    const refused: Fault[] = [];
    await this.#alone(async () => void refused.push(...(await this.#commit(due))));
    if (refused[0] !== undefined) throw refused[0];
  }

  async saveCursors(now: Mono, how: "lazily" | "synced" = "lazily"): Promise<void> {
    this.#cursorsDirty = false;
    this.#cursorsAt = now;
    const { disk, spoolDir, lanes } = this.#options;
    const entries = LANES.flatMap((lane) => lanes[lane].store.cursors());
    await this.try("cursors", () => writeCursors(disk, spoolDir, entries, how));
  }

  /** Does what the disk may refuse; a refusal stands until the same succeeds. */
  async try(what: Trouble, action: () => Promise<void>): Promise<Fault | undefined> {
    try {
      await action();
      this.#troubles.clear(what);
      return undefined;
    } catch (caught) {
      const fault = asFault(caught, "disk.failed", "The disk refuses");
      this.#troubles.raise(what, fault, this.#options.now());
      return fault;
    }
  }

  #alone(work: () => Promise<void>): Promise<void> {
    this.#workingSince = this.#options.now();
    this.#working = work().finally(() => {
      this.#working = undefined;
      if (this.#stall !== undefined) this.#troubles.clearAll(this.#stall);
      this.#stall = undefined;
    });
    return this.#working;
  }

  #watchStall(now: Mono): void {
    if (this.#working === undefined || this.#workingSince === undefined || this.#stall !== undefined) return;
    if (elapsed(this.#workingSince, now) < STALL) return;
    this.#stall = new Fault("disk.slow", `The disk of ${this.#options.spoolDir} has not answered for ${STALL / 1000} s`);
    for (const lane of LANES) if (!this.#troubles.has(lane)) this.#troubles.raise(lane, this.#stall, now);
  }

  #workIfDue(now: Mono, line: "online" | "offline"): void {
    if (this.#working !== undefined) return;
    const again = this.#troubles.writeAgain(now);
    const reread = this.#troubles.has("files") && this.#troubles.readAgain(now);
    const may = (lane: Lane) => again || !this.#troubles.has(lane);
    const age = this.blockAge;
    const mustGo = ({ lane, block }: Due) => may(lane) && (isUrgent(lane) || elapsed(block.firstAt, now) >= age);
    const due = this.#uncommitted(mustGo);
    const aged = isDue(this.#aged, AGE_EVERY, now);
    if (due.length === 0 && !again && !reread && !aged) return;
    if (aged) this.#aged = now;
    // Off line all that waits goes with it: one commit a window, not one a lane.
    const all = line === "online" || due.length === 0 ? due : this.#uncommitted(({ lane }) => may(lane));
    void this.#alone(async () => {
      if (reread) await this.try("files", () => this.#readFiles());
      if (aged) await this.try("age", () => this.#givingWay.expire(now));
      const refused = await this.#commit(all);
      // One refusal answers for all: a failing disk is not asked more than it must be.
      if (!again || refused.length > 0) return;
      for (const lane of this.#troubles.lanes) if ((await this.try(lane, () => this.#prepare(lane))) !== undefined) return;
      if (this.#troubles.has("cursors")) await this.saveCursors(now);
    });
  }

  #uncommitted(wanted: (due: Due) => boolean): readonly Due[] {
    return LANES.flatMap((lane) => this.#options.lanes[lane].live.map((block) => ({ lane, block }))).filter(
      (one) => one.block.kept === undefined && !one.block.released && !isVolatile(one.block) && wanted(one),
    );
  }

  // ── A disk that refused ──

  /** What an earlier run left and the start could not read. */
  async #readFiles(): Promise<void> {
    const { disk, spoolDir, lanes } = this.#options;
    const stores = perLane((lane) => lanes[lane].store);
    const counted = (lane: Lane, found: Tally): void => lanes[lane].book.add("adopted", found);
    const refused = await readSegments(disk, spoolDir, { stores, known: this.#known }, { counted });
    if (refused !== undefined) throw refused;
  }

  /** Finds out whether the next commit of this lane will find its place. */
  async #prepare(lane: Lane): Promise<void> {
    const { store } = this.#options.lanes[lane];
    if (!store.needsFile([])) return;
    await this.#givingWay.makeRoom(1);
    await store.prepare();
  }

  // ── Commits ──

  async #commit(due: readonly Due[]): Promise<readonly Fault[]> {
    const { lanes } = this.#options;
    const of = (lane: Lane) => due.filter((one) => one.lane === lane).map((one) => one.block);
    const busy = LANES.filter((lane) => of(lane).length > 0);
    const needs = (lane: Lane) => lanes[lane].store.needsFile(of(lane));
    const full = await this.#givingWay.makeRoom(busy.filter(needs).length).then(
      () => undefined,
      (caught: unknown) => asFault(caught, "disk.failed", "No room can be made"),
    );
    // What was answered meanwhile proves nothing of the disk: such a lane's refusal stands until it is prepared.
    const left = busy.filter((lane) => of(lane).some((block) => block.kept === undefined && !block.released));
    const tries = left.map((lane) =>
      this.try(lane, async () => {
        if (full !== undefined && needs(lane)) throw full;
        await this.#commitLane(lane, of(lane));
      }),
    );
    const refused = (await Promise.all(tries)).filter((fault) => fault !== undefined);
    // A lane that would need a file next is not believed to get one where another lane got none.
    if (refused[0] !== undefined)
      for (const lane of LANES)
        if (!this.#troubles.has(lane) && lanes[lane].store.needsFile([])) this.#troubles.raise(lane, refused[0], this.#options.now());
    return refused;
  }

  async #commitLane(lane: Lane, all: readonly Block[]): Promise<void> {
    // While room was made some may have been answered, and some committed with the gaps.
    const blocks = all.filter((block) => block.kept === undefined && !block.released);
    if (blocks.length === 0) return;
    const state = this.#options.lanes[lane];
    const answered: Kept[] = [];
    await state.store.append(blocks, (block, kept) => {
      if (block.released) answered.push(kept);
      block.kept = kept;
      if (block.slot !== undefined) state.ring.release(block.slot);
      return block.inFlight || block.released;
    });
    state.ring.note(state.store.newest);
    // What was answered before it was on flash is delivered; what is not under way leaves memory and is backlog now.
    for (const kept of answered) {
      state.store.release(kept);
      this.moved();
    }
    state.live = state.live.filter((block) => block.kept === undefined || block.inFlight);
  }
}
