import type { BrokerSession, Clock, Disk, DiskFile, Entropy, Message, OpenPort, Serial } from "../../agent/effects/effects.ts";
import { nodeSeals } from "../../agent/effects/node/seals.ts";
import { Fault } from "../../agent/fault/fault.ts";
import type { Lane } from "../../agent/model/model.ts";
import { type BlockName, checkSeed, sealPiece } from "../../agent/spool/block.ts";
import { Keyring } from "../../agent/spool/keyring.ts";
import type { Entry, Wire } from "../../agent/spool/lane.ts";
import { wireStream } from "../../agent/wire/heads.ts";
import { after, type Bytes, type Duration, MiB, Milliseconds, type Mono, type Wall } from "../../config/units.ts";
import type { LineSettings } from "../../drivers/kit/driver.ts";
import { encodeDeviceField, encodeHeadField, encodeMetricField, encodeRecordField } from "../../proto/codec.ts";
import type { Device } from "../../proto/messages.ts";
import { join, randomOf } from "../drivers/streams.ts";

/** Lets everything happen that needs no time. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A clock that stands still until it is moved. */
export class StillClock implements Clock {
  #now = 1_000_000_000_000n as Mono;
  #wall = Date.UTC(2026, 0, 1) as Wall;
  #worked = Milliseconds(0);
  now = (): Mono => this.#now;
  wall = (): Wall => this.#wall;
  worked = (): Duration => this.#worked;
  sleep = (): Promise<void> => Promise.reject(new RangeError("nothing sleeps on this clock"));

  /** Both clocks go on. */
  pass(time: number): Mono {
    this.#now = after(this.#now, Milliseconds(time));
    this.#wall = (this.#wall + time) as Wall;
    return this.#now;
  }
  /** Time goes on, and all of it was work of ours. */
  work(time: number): void {
    this.#worked = Milliseconds(this.#worked + time);
    this.pass(time);
  }
  /** Only the wall clock moves. */
  step(time: number): void {
    this.#wall = (this.#wall + time) as Wall;
  }
}

export function entropyOf(seed: number): Entropy {
  const random = randomOf(seed);
  return { bytes: (count) => random.bytes(count) };
}

// ── Disk ──

export type Operation = "list" | "read" | "open" | "write" | "sync" | "rename" | "remove" | "syncFolder" | "writeNow";

/** Files in memory. What is below /run is tmpfs; operations fail where the test says so, and wait while the disk is held. */
/** The parts of a store on this disk. Its key lies on it too, unless it has a disk of its own, where a test counts files. */
export const storeParts = (disk: MemoryDisk, seed: number, keys = disk) => {
  const [entropy, seals] = [entropyOf(seed), nodeSeals()];
  return { disk, entropy, seals, keyring: new Keyring({ disk: keys, folder: "/state", entropy: entropyOf(99), seals }) };
};

export class MemoryDisk implements Disk {
  readonly files = new Map<string, Uint8Array>();
  /** Every operation that was begun, as "write /state/x". */
  readonly done: string[] = [];
  fails: (operation: Operation, path: string) => boolean = () => false;
  /** So many of the next operations take long. */
  slowNext = 0;
  #held: Promise<void> | undefined;
  #letGo: () => void = () => undefined;

  /** Nothing is finished until `letGo`. */
  hold(): void {
    this.#held ??= new Promise((resolve) => {
      this.#letGo = resolve;
    });
  }
  letGo(): void {
    this.#held = undefined;
    this.#letGo();
  }
  /** How often it was done to paths that begin so. */
  count(operation: Operation, path: string): number {
    return this.done.filter((one) => one.startsWith(`${operation} ${path}`)).length;
  }
  /** The same bytes as another host would find them. */
  copy(): MemoryDisk {
    const copy = new MemoryDisk();
    for (const [path, bytes] of this.files) copy.files.set(path, bytes.slice());
    return copy;
  }

  list = async (folder: string): Promise<readonly string[]> => {
    await this.#operate("list", folder);
    const names = [...this.files.keys()].filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1));
    return names.filter((name) => !name.includes("/")).sort();
  };
  makeFolder = (): Promise<void> => Promise.resolve();
  read = async (path: string): Promise<Uint8Array | undefined> => {
    await this.#operate("read", path);
    return this.files.get(path)?.slice();
  };
  open = async (path: string, how: "create" | "existing"): Promise<DiskFile> => {
    await this.#operate("open", path);
    if (how === "create") this.files.set(path, new Uint8Array());
    if (!this.files.has(path)) throw new Fault("disk.failed", `ENOENT ${path}`);
    return this.#file({ bytes: this.files.get(path)!, path });
  };
  rename = async (from: string, to: string): Promise<void> => {
    await this.#operate("rename", to);
    const bytes = this.files.get(from);
    if (bytes === undefined) throw new Fault("disk.failed", `ENOENT ${from}`);
    this.files.delete(from);
    this.files.set(to, bytes);
    for (const node of this.#open) if (node.path === from) node.path = to;
  };
  remove = async (path: string): Promise<void> => {
    await this.#operate("remove", path);
    this.files.delete(path);
  };
  syncFolder = (folder: string): Promise<void> => this.#operate("syncFolder", folder);
  free = (): Promise<{ bytes: Bytes; inodes: number }> => Promise.resolve({ bytes: MiB(1000), inodes: 1000 });
  isTmpfs = (folder: string): Promise<boolean> => Promise.resolve(folder.startsWith("/run"));
  lineage = (folder: string): Promise<readonly string[]> => Promise.resolve([folder]);

  readonly #open = new Set<{ path: string; bytes: Uint8Array }>();

  #file(node: { path: string; bytes: Uint8Array }): DiskFile {
    this.#open.add(node);
    const put = (at: number, bytes: Uint8Array): void => {
      const old = this.files.get(node.path) ?? node.bytes;
      const end = Math.max(old.length, at + bytes.length);
      const room = old.buffer.byteLength - old.byteOffset;
      const whole = room >= end ? new Uint8Array(old.buffer, old.byteOffset, end) : new Uint8Array(2 * end).subarray(0, end);
      if (room < end) whole.set(old);
      whole.set(bytes, at);
      this.files.set(node.path, whole);
    };
    return {
      read: async (at, length) => {
        await this.#operate("read", node.path);
        return (this.files.get(node.path) ?? node.bytes).slice(at, at + length);
      },
      write: async (at, bytes) => {
        const copy = bytes.slice();
        await this.#operate("write", node.path);
        put(at, copy);
      },
      writeNow: (at, bytes) => {
        this.#begin("writeNow", node.path);
        put(at, bytes);
      },
      sync: () => this.#operate("sync", node.path),
      close: () => {
        this.#open.delete(node);
        return Promise.resolve();
      },
    };
  }

  #begin(operation: Operation, path: string): void {
    this.done.push(`${operation} ${path}`);
    if (this.fails(operation, path)) throw new Fault("disk.failed", `the test fails ${operation} ${path}`);
  }
  async #operate(operation: Operation, path: string): Promise<void> {
    this.#begin(operation, path);
    const slow = this.slowNext > 0;
    if (slow) this.slowNext -= 1;
    for (let turn = 0; slow && turn < 20; turn++) await settle();
    while (this.#held !== undefined) await this.#held;
    await Promise.resolve();
  }
}

// ── Blocks as the spool makes them ──

/** The real codec with the least that a head and a device need. */
export const stubWire = (run: bigint, device: (epoch: number) => Device = (epoch) => ({ epoch })): Wire => ({
  head: (lane, clock) =>
    encodeHeadField({
      gateway: "gw-1",
      run,
      stream: wireStream(lane),
      bootId: new Uint8Array(16),
      clock: { monoUs: Number(clock.mono / 1000n), utcUs: clock.wall * 1000, quality: 1 },
    }),
  device: (epoch) => encodeDeviceField(device(epoch)),
  metric: (id, metric) => encodeMetricField({ id, refid: metric.refid }),
});

/** A record of any lane, with a text of some length in it. */
export const entryOf = (clock: Clock, epoch: number, text = "x"): Entry => ({
  epoch,
  at: clock.now(),
  encode: ({ n, atUs }) =>
    encodeRecordField({
      epoch,
      n,
      atUs,
      body: { kind: "report", report: { observations: [{ metric: 1, value: { kind: "text", text } }] } },
    }),
});

/** A sealed block with one piece a record: a turn each. */
export function blockBytes(name: BlockName, numbers: readonly number[], epoch = 1, text = "x"): Uint8Array {
  const wire = stubWire(name.run);
  const head = join(
    wire.head(name.lane, { mono: 0n as Mono, wall: 0 as Wall, quality: { known: "unsynced", source: "" } }),
    wire.device(epoch),
  );
  let running = checkSeed(name);
  const parts = numbers.map((n, index) => {
    const record = entryOf({ now: () => 0n as Mono } as Clock, epoch, text).encode({ n, atUs: n }, () => 1);
    const piece = index === 0 ? join(head, record) : record;
    const sealed = sealPiece(piece, running);
    running = sealed.running;
    return join(piece, sealed.field);
  });
  return join(...parts);
}
export const nameOf = (lane: Lane, number: number, run = 7n): BlockName => ({ run, lane, number });

// ── Broker and serial line ──

export type Published = Message & { answer: (code: number) => void };

/** A session of which the test is the broker. */
export class HandBroker implements BrokerSession {
  readonly receiveMaximum: number;
  readonly packetMax = Number.POSITIVE_INFINITY;
  readonly published: Published[] = [];
  readonly closed: Promise<Fault> = new Promise(() => undefined);
  unanswered = 0;
  unansweredMost = 0;

  constructor(receiveMaximum: number) {
    this.receiveMaximum = receiveMaximum;
  }
  publish(message: Message): Promise<number> {
    this.unanswered += 1;
    this.unansweredMost = Math.max(this.unansweredMost, this.unanswered);
    return new Promise((resolve) => {
      this.published.push({
        ...message,
        answer: (code) => {
          this.unanswered -= 1;
          resolve(code);
        },
      });
    });
  }
  subscribe(): Promise<number> {
    return Promise.resolve(0);
  }
  end(): Promise<void> {
    return Promise.resolve();
  }
}

/** A serial line of which the test is the device. */
export class HandLine implements Serial {
  readonly opened: string[] = [];
  /** At which line each open was. */
  readonly lines: LineSettings[] = [];
  readonly wrote: Uint8Array[] = [];
  fails: Fault | undefined;
  isOpen = false;
  gone = false;
  #waiting: Uint8Array[] = [];

  say(...bytes: readonly Uint8Array[]): void {
    this.#waiting.push(...bytes);
  }
  open = async (path: string, line: LineSettings): Promise<OpenPort> => {
    await Promise.resolve();
    if (this.fails !== undefined) throw this.fails;
    this.opened.push(path);
    this.lines.push(line);
    this.isOpen = true;
    this.gone = false;
    this.#waiting = [];
    const self = this;
    return {
      get gone() {
        return self.gone;
      },
      read: (limit) => this.#read(limit),
      write: (bytes) => {
        this.wrote.push(bytes);
        return true;
      },
      close: async () => {
        await Promise.resolve();
        this.isOpen = false;
      },
    };
  };
  #read(limit: number): Uint8Array {
    const all = join(...this.#waiting);
    this.#waiting = all.length > limit ? [all.slice(limit)] : [];
    return all.slice(0, limit);
  }
}

export const ms = (time: number): Duration => Milliseconds(time);
