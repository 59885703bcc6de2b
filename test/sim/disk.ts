import type { Disk, DiskFile } from "../../agent/effects/effects.ts";
import { Fault, type FaultKey } from "../../agent/fault/fault.ts";
import { type Bytes, MiB } from "../../config/units.ts";
import { Inode, Names, parentOf, torn } from "./files.ts";
import { type Life, never, type Stage } from "./life.ts";
import { type Instant, MS } from "./schedule.ts";

/** A pause that is shorter does not end a time of work: the next operation follows in the agent's next turn. */
export const TURN = 1 * MS;
/** As above, for work whose next step waits for the agent's reading tick, as one commit does after another. */
export const TICK = 21 * MS;
const PAGE = 4096;

/** How fast the disk is, and how often it is not. Times in µs. */
export type DiskPace = { readonly writeMax: number; readonly syncMax: number; readonly slowChance: number; readonly slowMax: number };

/** The so-many-th file operation of a life, from 1; those that only read count, too. */
export type Asked = { readonly life: number; readonly number: number; readonly name: string; readonly path: string; readonly at: Instant };

type Pending = { readonly finish: () => void; readonly tear: () => void };
type Operation<T> = {
  readonly name: string;
  readonly path: string;
  readonly counted: boolean;
  readonly delay: number;
  readonly act: () => T;
};

/**
 * Flash below the state folder, tmpfs below the runtime folder. A kill keeps both, apart from operations under way; a power
 * cut keeps what was synced and an arbitrary part of the rest, and nothing of tmpfs.
 */
export class SimDisk {
  readonly #stage: Stage;
  readonly #stateDir: string;
  readonly #runtimeDir: string;
  readonly #flash: Names;
  readonly #tmpfs: Names;
  readonly #pending = new Set<Pending>();
  #pace: DiskPace;
  readonly #work: readonly { readonly pause: number; from: Instant }[] = [
    { pause: TURN, from: 0 },
    { pause: TICK, from: 0 },
  ];
  #idleFrom: Instant | undefined = 0;
  readonly #asked = new Map<Life, number>();
  operations = 0;
  /** What the disk refuses, and as what. */
  refuses: (asked: Asked) => FaultKey | undefined = () => undefined;

  constructor(stage: Stage, pace: DiskPace, folders: { stateDir: string; runtimeDir: string }) {
    this.#stage = { ...stage, random: stage.random.stream("disk") };
    this.#pace = pace;
    this.#stateDir = folders.stateDir;
    this.#runtimeDir = folders.runtimeDir;
    this.#flash = new Names([folders.stateDir]);
    this.#tmpfs = new Names([folders.runtimeDir]);
  }

  /** From now on the disk is this fast. */
  behave(pace: DiskPace): void {
    this.#pace = pace;
  }

  /** How long the disk had been at work up to now without such a pause; 0 where it rests. */
  busyTime(pause: typeof TURN | typeof TICK): number {
    const { now } = this.#stage.schedule;
    const work = this.#work.find((one) => one.pause === pause);
    return work === undefined || (this.#idleFrom !== undefined && now - this.#idleFrom > pause) ? 0 : now - work.from;
  }

  /** The process of a life is no more; with `power` also the host. */
  lifeEnded(power: boolean): void {
    const { random, schedule } = this.#stage;
    for (const pending of this.#pending) {
      const fate = random.between(0, 2);
      if (fate === 0) pending.finish();
      if (fate === 1) pending.tear();
    }
    this.#pending.clear();
    this.#idleFrom ??= schedule.now;
    if (!power) return;
    this.#flash.cutPower(random);
    this.#tmpfs.forget([this.#runtimeDir]);
  }

  // ── What the world does to stored files while nothing runs ──

  stored(folder: string): readonly string[] {
    return [...this.#flash.files.keys()].filter((path) => parentOf(path) === folder).sort();
  }

  contentOf(path: string): Uint8Array {
    const cache = this.#flash.files.get(path)?.cache;
    return cache?.read(0, cache.size) ?? new Uint8Array();
  }

  /** These bytes are others now, on the medium and in the cache. */
  change(path: string, at: number, bytes: Uint8Array): void {
    this.#flash.files.get(path)?.spoil(at, bytes);
  }

  /** The disk as one process sees it. */
  of(life: Life): Disk {
    const later = <T>(operation: Operation<T>) => this.#operate(life, operation);
    const quick = () => this.#stage.random.between(10, this.#pace.writeMax);
    return {
      list: (folder) => later({ name: "list", path: folder, counted: false, delay: quick(), act: () => this.#list(folder) }),
      makeFolder: (folder) =>
        later({ name: "makeFolder", path: folder, counted: true, delay: quick(), act: () => this.#makeFolder(folder) }),
      read: (path) => later({ name: "read", path, counted: false, delay: quick(), act: () => this.#read(path) }),
      open: async (path, how) => {
        const act = () => this.#open(path, how);
        return this.#file(life, path, await later({ name: `open ${how}`, path, counted: how === "create", delay: quick(), act }));
      },
      rename: (from, to) => later({ name: "rename", path: to, counted: true, delay: quick(), act: () => this.#rename(from, to) }),
      remove: (path) => later({ name: "remove", path, counted: true, delay: quick(), act: () => this.#remove(path) }),
      syncFolder: (folder) => {
        const names = this.#namesOf(folder);
        const changes = names.changesIn(folder);
        return later({ name: "syncFolder", path: folder, counted: true, delay: this.#syncTime(folder), act: () => names.sync(changes) });
      },
      free: () => Promise.resolve({ bytes: MiB(4096) as Bytes, inodes: 1_000_000 }),
      isTmpfs: (folder) => Promise.resolve(this.#onTmpfs(folder)),
      lineage: (folder) => Promise.resolve([folder]),
    };
  }

  #file(life: Life, path: string, inode: Inode): DiskFile {
    const quick = () => this.#stage.random.between(10, this.#pace.writeMax);
    return {
      read: (at, length) =>
        this.#operate(life, { name: "fread", path, counted: false, delay: quick(), act: () => inode.cache.read(at, length) }),
      write: (at, bytes) => {
        const change = { at, bytes: bytes.slice() };
        this.#hash(life, "write", path, at, change.bytes);
        const tear = () => this.#tear(inode, path, change);
        const act = () => inode.write(at, change.bytes);
        return this.#operate(life, { name: "write", path, counted: true, delay: quick(), act }, tear);
      },
      writeNow: (at, bytes) => this.#writeNow(life, path, inode, at, bytes),
      sync: () => {
        const { changes } = inode;
        return this.#operate(life, { name: "sync", path, counted: true, delay: this.#syncTime(path), act: () => inode.sync(changes) });
      },
      close: () => this.#operate(life, { name: "close", path, counted: false, delay: 10, act: () => undefined }),
    };
  }

  #operate<T>(life: Life, operation: Operation<T>, tear: () => void = () => undefined): Promise<T> {
    if (!life.alive) return never();
    this.#hash(life, operation.name, operation.path, operation.delay);
    const refusal = this.#refusal(life, operation.name, operation.path);
    if (refusal !== undefined) {
      return life.later(operation.delay, () => {
        throw refusal;
      });
    }
    const pending: Pending = { finish: operation.act, tear };
    this.#begin(pending);
    if (operation.counted) {
      this.operations += 1;
      if (!life.operation()) return never();
    }
    return life.later(operation.delay, () => {
      this.#end(pending);
      return operation.act();
    });
  }

  #refusal(life: Life, name: string, path: string): Fault | undefined {
    const number = (this.#asked.get(life) ?? 0) + 1;
    this.#asked.set(life, number);
    const { now } = this.#stage.schedule;
    const key = this.refuses({ life: life.index, number, name, path, at: now });
    return key === undefined ? undefined : new Fault(key, `The simulated disk refuses to ${name} ${path}`, { path });
  }

  #begin(pending: Pending): void {
    const { now } = this.#stage.schedule;
    for (const work of this.#work) if (this.#idleFrom !== undefined && now - this.#idleFrom > work.pause) work.from = now;
    this.#idleFrom = undefined;
    this.#pending.add(pending);
  }

  #end(pending: Pending): void {
    this.#pending.delete(pending);
    if (this.#pending.size === 0) this.#idleFrom = this.#stage.schedule.now;
  }

  /** SIGKILL tears a synchronous write on tmpfs only between pages. */
  #writeNow(life: Life, path: string, inode: Inode, at: number, bytes: Uint8Array): void {
    if (!life.alive) return;
    if (!this.#onTmpfs(path)) throw new Fault("disk.failed", `The simulator: writeNow on flash: ${path}`);
    this.#hash(life, "writeNow", path, at, bytes);
    const refusal = this.#refusal(life, "writeNow", path);
    if (refusal !== undefined) throw refusal;
    // Written in every turn, and no record lies in it: as a place to die at, it would crowd out those that matter.
    const passing = path === `${this.#runtimeDir}/serving`;
    if (!passing) this.operations += 1;
    if (passing || life.operation()) {
      inode.write(at, bytes);
      return;
    }
    const pages = Math.floor((at + bytes.length) / PAGE) - Math.floor(at / PAGE);
    const kept = this.#stage.random.between(0, pages + 1);
    const end = kept > pages ? at + bytes.length : Math.max(at, (Math.floor(at / PAGE) + kept) * PAGE);
    inode.write(at, bytes.slice(0, Math.min(bytes.length, end - at)));
  }

  #tear(inode: Inode, path: string, change: { at: number; bytes: Uint8Array }): void {
    const pages = Math.floor(change.bytes.length / PAGE);
    if (this.#onTmpfs(path)) inode.write(change.at, change.bytes.subarray(0, this.#stage.random.between(0, pages) * PAGE));
    else {
      const part = torn(change, this.#stage.random);
      inode.write(part.at, part.bytes);
    }
  }

  #syncTime(path: string): number {
    const { random } = this.#stage;
    if (this.#onTmpfs(path)) return 10;
    return random.chance(this.#pace.slowChance)
      ? random.between(this.#pace.syncMax, this.#pace.slowMax)
      : random.between(200, this.#pace.syncMax);
  }

  #list(folder: string): readonly string[] {
    const { files, folders } = this.#namesOf(folder);
    const paths = [...files.keys(), ...folders].filter((path) => parentOf(path) === folder);
    return paths.map((path) => path.slice(folder.length + 1)).sort();
  }

  #makeFolder(folder: string): void {
    const names = this.#namesOf(folder);
    if (names.folders.has(folder)) return;
    this.#inFolder(folder);
    names.do({ did: "folder", path: folder });
  }

  #read(path: string): Uint8Array | undefined {
    const inode = this.#namesOf(path).files.get(path);
    return inode?.cache.read(0, inode.cache.size);
  }

  #open(path: string, how: "create" | "existing"): Inode {
    const names = this.#namesOf(path);
    const known = names.files.get(path);
    if (how === "existing") {
      if (known === undefined) throw new Fault("disk.failed", `ENOENT ${path}`);
      return known;
    }
    if (known !== undefined) {
      known.empty();
      return known;
    }
    this.#inFolder(path);
    const inode = new Inode(this.#onTmpfs(path));
    names.do({ did: "link", path, inode });
    return inode;
  }

  #rename(from: string, to: string): void {
    const names = this.#namesOf(from);
    const inode = names.files.get(from);
    if (inode === undefined) throw new Fault("disk.failed", `ENOENT ${from}`);
    if (this.#onTmpfs(from) !== this.#onTmpfs(to)) throw new Fault("disk.failed", `EXDEV ${from} ${to}`);
    this.#inFolder(to);
    names.do({ did: "move", from, path: to, inode });
  }

  #remove(path: string): void {
    const names = this.#namesOf(path);
    if (names.files.has(path)) names.do({ did: "unlink", path });
  }

  #inFolder(path: string): void {
    if (!this.#namesOf(path).folders.has(parentOf(path))) throw new Fault("disk.failed", `ENOENT ${parentOf(path)}`);
  }

  #namesOf(path: string): Names {
    return this.#onTmpfs(path) ? this.#tmpfs : this.#flash;
  }

  #onTmpfs(path: string): boolean {
    if (path === this.#runtimeDir || path.startsWith(`${this.#runtimeDir}/`)) return true;
    if (path === this.#stateDir || path.startsWith(`${this.#stateDir}/`)) return false;
    throw new Fault("disk.failed", `The simulator has no such place: ${path}`);
  }

  #hash(life: Life, name: string, path: string, at: number, bytes?: Uint8Array): void {
    const { trace, schedule } = this.#stage;
    trace.add("disk", schedule.now, life.index, name, path, at, bytes?.length ?? 0);
    if (bytes !== undefined && bytes.length < 65_536) trace.bytes(bytes);
  }
}
