import { readdirSync, readlinkSync, realpathSync } from "node:fs";

/**
 * Who has a port open, from /proc. Needs no right beyond reading the descriptors of one's own processes (root: of all); a
 * process of somebody else is not seen.
 */

/** The file a path leads to now; undefined where it leads nowhere. */
function target(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (caught) {
    return missing(caught);
  }
}
/** A process or descriptor that went away while it was looked at, or is somebody else's, is not there. */
function missing(caught: unknown): undefined {
  const code = caught instanceof Error && "code" in caught ? caught.code : undefined;
  if (code === "ENOENT" || code === "EACCES" || code === "ESRCH" || code === "ENOTDIR" || code === "EPERM") return undefined;
  throw caught;
}
function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (caught) {
    return missing(caught) ?? [];
  }
}
function link(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (caught) {
    return missing(caught);
  }
}

/** The descriptor in /proc through which `pid` holds `file`; undefined where it does not. */
function descriptor(file: string, pid: number): string | undefined {
  const folder = `/proc/${pid}/fd`;
  const name = names(folder).find((one) => link(`${folder}/${one}`) === file);
  return name === undefined ? undefined : `${folder}/${name}`;
}

/** Pids that have the port behind `path` open (a pty's slave, or a link to it), without those in `except`. */
export function whoHolds(path: string, except: readonly number[] = []): readonly number[] {
  const file = target(path);
  if (file === undefined) return [];
  const pids = names("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => !except.includes(pid) && descriptor(file, pid) !== undefined);
}

/** Every open pty slave and who has it open: one look at all processes, however many ports are asked about. */
export function allPtyHolders(): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  for (const pid of names("/proc").filter((name) => /^\d+$/.test(name))) {
    const folder = `/proc/${pid}/fd`;
    for (const name of names(folder)) {
      const file = link(`${folder}/${name}`);
      if (file?.startsWith("/dev/pts/")) found.set(file, [...(found.get(file) ?? []), Number(pid)]);
    }
  }
  return found;
}

export const holds = (path: string, pid: number): boolean => {
  const file = target(path);
  return file !== undefined && descriptor(file, pid) !== undefined;
};

/** True as long as the holder that was found still holds: one readlink, cheap enough for every few milliseconds. */
export type Grip = { readonly pid: number; readonly stillHolds: () => boolean };
export function findGrip(path: string, pids: readonly number[]): Grip | undefined {
  const file = target(path);
  if (file === undefined) return undefined;
  for (const pid of pids) {
    const found = descriptor(file, pid);
    if (found !== undefined) return { pid, stillHolds: () => link(found) === file };
  }
  return undefined;
}

/**
 * One time during which a process held a port, in monotonic ns (process.hrtime.bigint()). It held it for certain from `from`
 * to `to` and not before `earliest` nor after `latest`; `to` moves while it goes on and `latest` is undefined until it is over.
 */
export type HoldInterval = { earliest: bigint; from: bigint; to: bigint; latest: bigint | undefined };
export type HoldWatch = { readonly intervals: readonly HoldInterval[]; readonly stop: () => void };
export type WatchHold = { readonly path: string; readonly pid: number; readonly everyMs: number };

/** Looks every few milliseconds whether `pid` holds the port. Ends by `stop` only, also where the process is gone. */
export function watchHold({ path, pid, everyMs }: WatchHold): HoldWatch {
  const intervals: HoldInterval[] = [];
  let grip: Grip | undefined;
  let before = process.hrtime.bigint();
  const look = (): void => {
    // The time is taken before a look that finds nothing counts as "gone", and after one that finds it as "held".
    const began = process.hrtime.bigint();
    const present = intervals.at(-1);
    if (grip?.stillHolds() === true && present !== undefined) {
      present.to = began;
    } else {
      if (grip !== undefined && present !== undefined) present.latest = process.hrtime.bigint();
      grip = findGrip(path, [pid]);
      const now = process.hrtime.bigint();
      if (grip !== undefined) intervals.push({ earliest: before, from: now, to: now, latest: undefined });
    }
    before = began;
  };
  look();
  const timer = setInterval(look, everyMs);
  return {
    intervals,
    stop: () => {
      clearInterval(timer);
      look();
      const last = intervals.at(-1);
      // What is still held when the watch ends was held until now, and may be held on.
      if (last !== undefined && grip === undefined) last.latest ??= process.hrtime.bigint();
    },
  };
}
