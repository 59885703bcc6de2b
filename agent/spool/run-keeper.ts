import { after, type Mono, Seconds } from "../../config/units.ts";
import type { Disk } from "../effects/effects.ts";
import { asFault, type Fault } from "../fault/fault.ts";
import type { LastKnown, RunId } from "../model/model.ts";
import type { Recovered } from "./recovery.ts";
import { endsOf, type PreviousRun, type RunFile, readRunFile, removeRunFile, writeRunFile } from "./run-file.ts";

/** A run file that the disk refused is tried again after this time. */
const AGAIN = Seconds(1);

export type RunKeeperOptions = {
  readonly disk: Disk;
  readonly stateDir: string;
  readonly runtimeDir: string;
  readonly run: RunId;
  readonly bootId: string;
  readonly now: () => Mono;
  /** Tells the end of an earlier run as an event. */
  readonly tell: (ended: PreviousRun) => void;
  /** Puts on flash what was told. Throws Fault `disk.*`. */
  readonly commit: () => Promise<void>;
};

/**
 * Writes down which run this is, and sees to it that the ends of those before it are told; as often as the disk refuses. What flash
 * does not take stands in the runtime directory meanwhile, where a kill does not reach it.
 */
export class RunKeeper {
  readonly #options: RunKeeperOptions;
  #state: Recovered["runFile"];
  #startCount: number;
  #untold: readonly PreviousRun[];
  #working: Promise<void> | undefined;
  #againAt: Mono | undefined;
  /** Why a run that ended now would not be known to the next; undefined where it would. */
  fault: Fault | undefined;

  constructor(options: RunKeeperOptions, { runFile, startCount, untold }: Pick<Recovered, "runFile" | "startCount" | "untold">) {
    this.#options = options;
    this.#state = runFile;
    this.#startCount = startCount;
    this.#untold = untold;
  }

  /** Does what is still to be done. Never throws a fault. */
  async settle(): Promise<void> {
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
    await this.#working;
  }

  tick(now: Mono): void {
    if (this.fault !== undefined && this.#againAt !== undefined && now >= this.#againAt) void this.settle();
  }

  /** The run ends in order, with everything on flash. Throws Fault `disk.*`. */
  async end(last: readonly LastKnown[]): Promise<void> {
    await this.settle();
    // A file that names an earlier run is not lost for this one.
    if (this.#state !== "unread") await this.#write({ clean: true, last });
  }

  async #work(): Promise<void> {
    try {
      if (this.#state === "unread") await this.#readBefore();
      if (this.#state === "unwritten") await this.#write({ clean: false, last: [] });
      this.#state = "written";
      if (this.#untold.length > 0) {
        await this.#options.commit();
        this.#untold = [];
        await this.#write({ clean: false, last: [] });
      }
      this.fault = undefined;
    } catch (caught) {
      this.fault = asFault(caught, "disk.failed", "The start of this run cannot be written");
      this.#againAt = after(this.#options.now(), AGAIN);
    }
  }

  /** It could not be read at the start. What the rings did not tell of the runs that it names is known now. */
  async #readBefore(): Promise<void> {
    const { disk, stateDir, bootId, tell } = this.#options;
    const before = await readRunFile(disk, stateDir);
    const ends = endsOf(before === undefined ? [] : [before], bootId, () => []);
    const news = ends.filter(({ run }) => !this.#untold.some((one) => one.run === run));
    this.#startCount = Math.max(this.#startCount, (before?.startCount ?? 0) + 1);
    this.#untold = [...news, ...this.#untold];
    this.#state = "unwritten";
    for (const ended of news) tell(ended);
  }

  async #write(end: { readonly clean: boolean; readonly last: readonly LastKnown[] }): Promise<void> {
    const { disk, stateDir, runtimeDir, run, bootId } = this.#options;
    const file: RunFile = { format: 1, run, bootId, startCount: this.#startCount, untold: this.#untold, ...end };
    await writeRunFile(disk, stateDir, file);
    await removeRunFile(disk, runtimeDir);
  }
}
