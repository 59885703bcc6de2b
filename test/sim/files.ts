import type { Random } from "./random.ts";

/** Memory of the simulated disk: what the kernel shows, and what would be there after a power cut. */

const PAGE = 4096;
const ZEROS = new Uint8Array(PAGE);

/** Bytes that grow; a page of zeros costs nothing, since spools are zeroed by the megabyte. */
export class Content {
  #pages: (Uint8Array | undefined)[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  read(at: number, length: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(at + length, this.#size) - at));
    eachPage(at, bytes.length, (page, from, to, offset) => {
      const held = this.#pages[page];
      if (held !== undefined) bytes.set(held.subarray(from, to), offset);
    });
    return bytes;
  }

  write(at: number, bytes: Uint8Array): void {
    this.grow(at + bytes.length);
    eachPage(at, bytes.length, (page, from, to, offset) => {
      const part = bytes.subarray(offset, offset + to - from);
      if (this.#pages[page] === undefined && Buffer.compare(part, ZEROS.subarray(0, part.length)) === 0) return;
      const held = this.#pages[page] ?? new Uint8Array(PAGE);
      this.#pages[page] = held;
      held.set(part, from);
    });
  }

  /** Zeros up to `size`, where it is not that long yet. */
  grow(size: number): void {
    this.#size = Math.max(this.#size, size);
  }

  empty(): void {
    this.#pages = [];
    this.#size = 0;
  }

  /** Becomes what the other is. */
  copy(other: Content): void {
    this.#pages = other.#pages.map((page) => page?.slice());
    this.#size = other.#size;
  }
}

/** Cuts a range of bytes into its parts of pages; `offset` counts from the beginning of the range. */
function eachPage(at: number, length: number, act: (page: number, from: number, to: number, offset: number) => void): void {
  for (let offset = 0; offset < length; ) {
    const from = (at + offset) % PAGE;
    const to = Math.min(PAGE, from + length - offset);
    act((at + offset - from) / PAGE, from, to, offset);
    offset += to - from;
  }
}

type Change = { readonly at: number; readonly bytes: Uint8Array } | "emptied";

/** A file on flash: the page cache, the medium, and what lies between them. On tmpfs the cache is all there is. */
export class Inode {
  readonly cache = new Content();
  readonly #medium = new Content();
  readonly #tmpfs: boolean;
  #unsynced: Change[] = [];
  #synced = 0;

  constructor(tmpfs: boolean) {
    this.#tmpfs = tmpfs;
  }

  write(at: number, bytes: Uint8Array): void {
    this.cache.write(at, bytes);
    if (!this.#tmpfs) this.#unsynced.push({ at, bytes });
  }

  /** Changes by itself, below every write. */
  spoil(at: number, bytes: Uint8Array): void {
    this.cache.write(at, bytes);
    this.#medium.write(at, bytes);
  }

  empty(): void {
    this.cache.empty();
    if (!this.#tmpfs) this.#unsynced.push("emptied");
  }

  /** How many changes were made by now: a sync that begins now makes them durable, and none that come later. */
  get changes(): number {
    return this.#synced + this.#unsynced.length;
  }

  sync(changes: number): void {
    const due = this.#unsynced.splice(0, Math.max(0, changes - this.#synced));
    for (const change of due) apply(this.#medium, change);
    this.#synced += due.length;
  }

  /** Of what was not synced an arbitrary part survives: each write wholly, torn, only as its length, or not at all. */
  cutPower(random: Random): void {
    for (const change of this.#unsynced) {
      const fate = random.between(0, 3);
      if (change === "emptied") {
        if (fate < 2) this.#medium.empty();
        continue;
      }
      if (fate === 0) apply(this.#medium, change);
      if (fate === 1) apply(this.#medium, torn(change, random));
      if (fate === 2) this.#medium.grow(change.at + change.bytes.length);
    }
    this.#unsynced = [];
    this.cache.copy(this.#medium);
  }
}

function apply(content: Content, change: Change): void {
  if (change === "emptied") content.empty();
  else content.write(change.at, change.bytes);
}

const SECTOR = 512;

/** A part of a write: its beginning up to any byte, or any of its sectors. */
export function torn(change: { readonly at: number; readonly bytes: Uint8Array }, random: Random): { at: number; bytes: Uint8Array } {
  const { at, bytes } = change;
  if (bytes.length <= SECTOR || random.chance(0.5)) return { at, bytes: bytes.subarray(0, random.between(0, bytes.length)) };
  const from = Math.min(bytes.length, random.between(0, Math.floor(bytes.length / SECTOR)) * SECTOR);
  return { at: at + from, bytes: bytes.subarray(from, random.between(from, bytes.length)) };
}

// ── Names ───────────────────────────────────────────────────────────────────────────────────────────────────────────

type Naming =
  | { readonly did: "link"; readonly path: string; readonly inode: Inode }
  | { readonly did: "unlink"; readonly path: string }
  | { readonly did: "move"; readonly from: string; readonly path: string; readonly inode: Inode }
  | { readonly did: "folder"; readonly path: string };

/** Names on flash: as the kernel shows them, on the medium, and the operations between. */
export class Names {
  readonly files = new Map<string, Inode>();
  readonly folders: Set<string>;
  #mediumFiles = new Map<string, Inode>();
  #mediumFolders: Set<string>;
  #unsynced: Naming[] = [];

  constructor(folders: readonly string[]) {
    this.folders = new Set(folders);
    this.#mediumFolders = new Set(folders);
  }

  do(naming: Naming): void {
    rename(naming, this.files, this.folders);
    this.#unsynced.push(naming);
  }

  /** The operations that a sync of the folder which begins now will make durable. */
  changesIn(folder: string): ReadonlySet<Naming> {
    return new Set(
      this.#unsynced.filter((naming) => parentOf(naming.path) === folder || (naming.did === "move" && parentOf(naming.from) === folder)),
    );
  }

  sync(changes: ReadonlySet<Naming>): void {
    for (const naming of this.#unsynced) if (changes.has(naming)) rename(naming, this.#mediumFiles, this.#mediumFolders);
    this.#unsynced = this.#unsynced.filter((naming) => !changes.has(naming));
  }

  /** An arbitrary part of the operations that were not synced survives; contents are cut by the same power cut. */
  cutPower(random: Random): void {
    for (const naming of this.#unsynced) if (random.chance(0.5)) rename(naming, this.#mediumFiles, this.#mediumFolders);
    this.#unsynced = [];
    for (const path of this.#mediumFolders) if (!this.#reachable(parentOf(path))) this.#mediumFolders.delete(path);
    for (const path of this.#mediumFiles.keys()) if (!this.#reachable(parentOf(path))) this.#mediumFiles.delete(path);
    this.files.clear();
    this.folders.clear();
    for (const path of this.#mediumFolders) this.folders.add(path);
    for (const [path, inode] of this.#mediumFiles) this.files.set(path, inode);
    for (const inode of new Set(this.files.values())) inode.cutPower(random);
  }

  /** Everything is gone, as on tmpfs. */
  forget(folders: readonly string[]): void {
    this.files.clear();
    this.folders.clear();
    for (const folder of folders) this.folders.add(folder);
    this.#mediumFiles = new Map();
    this.#mediumFolders = new Set(folders);
    this.#unsynced = [];
  }

  #reachable(folder: string): boolean {
    return this.#mediumFolders.has(folder) || folder === "/" || folder === "";
  }
}

function rename(naming: Naming, files: Map<string, Inode>, folders: Set<string>): void {
  switch (naming.did) {
    case "link":
      files.set(naming.path, naming.inode);
      return;
    case "unlink":
      files.delete(naming.path);
      return;
    case "move":
      if (files.get(naming.from) === naming.inode) files.delete(naming.from);
      files.set(naming.path, naming.inode);
      return;
    case "folder":
      folders.add(naming.path);
      return;
  }
}

export const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));
