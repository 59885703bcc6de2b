import { after, type Duration, type Mono, Seconds } from "../../config/units.ts";
import type { Fault } from "../fault/fault.ts";
import { LANES, type Lane } from "../model/model.ts";

/** What the disk can refuse: commits of a lane, the cursors, to give up what is too old; to read a lane's backlog, or old files. */
export type Trouble = Lane | "cursors" | "age" | `backlog ${Lane}` | "files";

/** What is refused is tried again after this time; live sending does not wait. */
const AGAIN = Seconds(1);
/** To read on and on what cannot be read wears out a dying card: the pause doubles up to this. */
const READ_AGAIN_MAX = Seconds(60);

/** What the disk refuses now, and when it is asked again. */
export class Troubles {
  readonly #standing = new Map<Trouble, Fault>();
  #writeAt: Mono | undefined;
  #readAt: Mono | undefined;
  #readPause: Duration = AGAIN;

  raise(what: Trouble, fault: Fault, now: Mono): void {
    this.#standing.set(what, fault);
    if (isOfReading(what)) this.#readAt ??= after(now, this.#readPause);
    else this.#writeAt ??= after(now, AGAIN);
  }

  clear(what: Trouble): void {
    this.#standing.delete(what);
    if (this.reading === undefined) {
      this.#readAt = undefined;
      this.#readPause = AGAIN;
    }
    if (this.keeping === undefined) this.#writeAt = undefined;
  }

  /** Whatever stands for this very reason. */
  clearAll(fault: Fault): void {
    for (const [what, standing] of this.#standing) if (standing === fault) this.clear(what);
  }

  has(what: Trouble): boolean {
    return this.#standing.has(what);
  }

  /** Lanes whose records are not on flash when their window ends. */
  get lanes(): readonly Lane[] {
    return LANES.filter((lane) => this.#standing.has(lane));
  }

  /** Why something cannot be kept. */
  get keeping(): Fault | undefined {
    return this.#first((what) => !isOfReading(what));
  }

  /** Why something that is kept cannot be read. */
  get reading(): Fault | undefined {
    return this.#first(isOfReading);
  }

  /** Whether it is time to write again; the next time is a pause later. */
  writeAgain(now: Mono): boolean {
    if (this.#writeAt === undefined || now < this.#writeAt) return false;
    this.#writeAt = after(now, AGAIN);
    return true;
  }

  /** Whether it is time to read again; the next time is a longer pause later. */
  readAgain(now: Mono): boolean {
    if (this.#readAt === undefined || now < this.#readAt) return false;
    this.#readPause = Math.min(READ_AGAIN_MAX, 2 * this.#readPause) as Duration;
    this.#readAt = after(now, this.#readPause);
    return true;
  }

  #first(is: (what: Trouble) => boolean): Fault | undefined {
    for (const [what, fault] of this.#standing) if (is(what)) return fault;
    return undefined;
  }
}

const isOfReading = (what: Trouble): boolean => what === "files" || what.startsWith("backlog");
