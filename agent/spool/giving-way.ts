import { type Bytes, type Duration, MiB, Minutes, type Mono } from "../../config/units.ts";
import type { Disk } from "../effects/effects.ts";
import { asFault } from "../fault/fault.ts";
import { LANES, type Lane } from "../model/model.ts";
import type { GapReason } from "./gaps.ts";
import type { LaneState } from "./lane-state.ts";
import { SEGMENT_BYTES, type StoredBlock } from "./segment.ts";

/**
 * What the spool may hold, and what happens beyond it. Each loss is named by a gap that is on flash before it happens.
 *
 * | limit                | of what                                                        | beyond it                                  |
 * |----------------------|----------------------------------------------------------------|--------------------------------------------|
 * | spool.size           | bytes of all files; each is 1 MiB, so it limits files, too     | the oldest segment goes: GIVE_WAY in order |
 * | FREE_MIN, INODES_MIN | what the file system has left when a file is to be made        | the same, as long as there is one          |
 * | RECORDS_MAX          | records that wait on flash                                     | the same                                   |
 * | AGE_MAX              | how long ago a segment was last written, or taken over at most | it goes, as `expired`                      |
 *
 * A segment that is being written or sent does not go; a lane may be above the limit by the one that is written.
 */
export const GIVE_WAY: readonly Lane[] = ["wave", "report", "event", "alert"];
/** For what else the agent writes: documents, the run file, cursors. */
const FREE_MIN = MiB(4);
const INODES_MIN = 16;
/** A spool of 16 GiB at less than 200 bytes a record. */
const RECORDS_MAX = 80_000_000;
/** By the monotonic clock of one process: a start knows only that it is no younger. */
export const AGE_MAX: Duration = Minutes(90 * 24 * 60);

export type GivingWayParts = {
  readonly disk: Pick<Disk, "free">;
  readonly spoolDir: string;
  readonly limits: () => { readonly size: Bytes };
  readonly lanes: Readonly<Record<Lane, LaneState>>;
  /** When it returns the gaps that name what is lost are closed blocks of the event lane. */
  readonly lose: (lane: Lane, lost: readonly StoredBlock[], reason: GapReason) => void;
  /** Puts on flash what the event lane has. Throws Fault `disk.*`. */
  readonly commitEvents: () => Promise<void>;
};

/** Keeps the spool within its limits: free files of any lane go first, then the oldest waves, reports, events and alerts. */
export class GivingWay {
  readonly #parts: GivingWayParts;

  constructor(parts: GivingWayParts) {
    this.#parts = parts;
  }

  /** Before so many files are made. Throws Fault `disk.*` where what is lost cannot be told. */
  async makeRoom(files: number): Promise<void> {
    if (files === 0) return;
    const { lanes, limits } = this.#parts;
    const used = () => LANES.reduce((sum, lane) => sum + lanes[lane].store.fileBytes, 0);
    const waiting = () => LANES.reduce((sum, lane) => sum + lanes[lane].store.waiting, 0);
    while (used() + files * SEGMENT_BYTES > limits().size || waiting() > RECORDS_MAX || (await this.#isTight(files))) {
      if (await this.#discardOne()) continue;
      if (!(await this.#dropOne(GIVE_WAY, "spool_full"))) return;
    }
  }

  /** Gives up what is too old, a segment of each lane at a time. Throws as `makeRoom`. */
  async expire(now: Mono): Promise<void> {
    for (const lane of LANES) if (this.#parts.lanes[lane].store.isTooOld(now, AGE_MAX)) await this.#dropOne([lane], "expired");
  }

  /** Whether the file system itself has no room to spare. */
  async #isTight(files: number): Promise<boolean> {
    const { disk, spoolDir } = this.#parts;
    const left = await disk
      .free(spoolDir)
      .catch((caught: unknown) => void asFault(caught, "disk.failed", "The disk does not say what is free"));
    return left !== undefined && (left.bytes < FREE_MIN + files * SEGMENT_BYTES || left.inodes < INODES_MIN + files);
  }

  async #discardOne(): Promise<boolean> {
    for (const lane of GIVE_WAY) if (await this.#parts.lanes[lane].store.discardFree()) return true;
    return false;
  }

  /** The gap is on flash before what it names is gone. */
  async #dropOne(order: readonly Lane[], reason: GapReason): Promise<boolean> {
    for (const lane of order) {
      const { store } = this.#parts.lanes[lane];
      // What is condemned waits for its gap to reach flash: as long as it does not, nothing more is given up.
      const lost = store.condemned > 0 ? [] : await store.condemnOldest();
      if (lost === undefined) continue;
      this.#parts.lose(lane, lost, reason);
      await this.#parts.commitEvents();
      await store.discardCondemned();
      return true;
    }
    return false;
  }
}
