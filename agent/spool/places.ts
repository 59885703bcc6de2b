import type { Disk, DiskFile } from "../effects/effects.ts";
import { asFault } from "../fault/fault.ts";
import { LANES, type Lane } from "../model/model.ts";
import { SEGMENT_BYTES, writeHeaders } from "./segment.ts";

export type Place = { readonly path: string; readonly file: DiskFile };

/** Whose segment a file of the folder is by its name; undefined: none. */
export const laneOfFile = (name: string): Lane | undefined => SEGMENT_NAMES.find(([, pattern]) => pattern.test(name))?.[0];
const SEGMENT_NAMES = LANES.map((lane) => [lane, new RegExp(`^${lane}-\\d+\\.seg$`)] as const);

/** The files of one lane's segments: made with zeros, emptied, used again, given up. */
export class Places {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #lane: Lane;
  readonly #free: Place[] = [];
  /** Files that are done with, and perhaps could not be removed: never read again. */
  readonly #abandoned = new Set<string>();
  /** Bytes that were written to make files. */
  written = 0;

  constructor(disk: Disk, folder: string, lane: Lane) {
    this.#disk = disk;
    this.#folder = folder;
    this.#lane = lane;
  }

  /** Files that hold nothing. */
  get free(): number {
    return this.#free.length;
  }

  knows(path: string): boolean {
    return this.#abandoned.has(path) || this.#free.some((place) => place.path === path);
  }

  give(place: Place): void {
    this.#free.push(place);
  }

  /** No power cut undoes any more that the free files hold nothing. */
  async syncFree(): Promise<void> {
    for (const { path, file } of this.#free)
      await file.sync().catch((caught: unknown) => asFault(caught, "disk.failed", `Cannot sync ${path}`));
  }

  /** An empty file, an old one where there is one. Throws Fault `disk.*`. */
  async take(): Promise<Place> {
    return this.#free.shift() ?? (await this.#create());
  }

  /** Removes a file that holds nothing. False when there is none. Throws Fault `disk.*`. */
  async discardFree(): Promise<boolean> {
    const place = this.#free.shift();
    if (place === undefined) return false;
    await place.file.close();
    await this.#disk.remove(place.path);
    return true;
  }

  /** Makes the file empty for the next recovery, lazily: after a power cut that undoes it, what was delivered is sent again. */
  async erase({ path, file }: Place): Promise<void> {
    try {
      await writeHeaders(file, undefined);
      this.#free.push({ path, file });
    } catch (caught) {
      // A file that cannot be written is not used again; that the disk fails is told by the next commit.
      asFault(caught, "disk.failed", `Cannot erase ${path}`);
      await this.abandon({ path, file });
    }
  }

  /** A disk that fails again and again would otherwise leave a file behind each time, until it is full. */
  async abandon({ path, file }: Place): Promise<void> {
    this.#abandoned.add(path);
    try {
      await file.close();
      await this.#disk.remove(path);
      this.#abandoned.delete(path);
    } catch (caught) {
      asFault(caught, "disk.failed", `Cannot remove ${path}`);
    }
  }

  async close(): Promise<void> {
    for (const { path, file } of this.#free)
      await file.close().catch((caught: unknown) => asFault(caught, "disk.failed", `Cannot close ${path}`));
  }

  async #create(): Promise<Place> {
    // Missing where somebody removed it, or where the start could not make it.
    await this.#disk.makeFolder(this.#folder);
    const path = `${this.#folder}/${this.#lane}-${await this.#newNumber()}.seg`;
    const file = await this.#disk.open(path, "create");
    try {
      await file.write(0, new Uint8Array(SEGMENT_BYTES));
      await file.sync();
      await this.#disk.syncFolder(this.#folder);
      await this.#disk.syncFolder(this.#folder.slice(0, this.#folder.lastIndexOf("/")));
    } catch (caught) {
      await this.abandon({ path, file });
      throw caught;
    }
    this.written += SEGMENT_BYTES;
    return { path, file };
  }

  /**
   * Above every number in the folder, whether its file could be read or not: no file that is there is ever begun again. A number
   * of ten digits and more is none of ours, and counting on from it would come to an end.
   */
  async #newNumber(): Promise<number> {
    const pattern = new RegExp(`^${this.#lane}-(\\d{1,9})\\.seg$`);
    const numbers = (await this.#disk.list(this.#folder)).map((name) => Number(pattern.exec(name)?.[1] ?? 0));
    return Math.max(0, ...numbers) + 1;
  }
}
