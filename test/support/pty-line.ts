import { type ChildProcessByStdio, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { closeSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { allPtyHolders, findGrip, type Grip, whoHolds } from "./port-holders.ts";

/**
 * A serial line made of a pty: the device's end is ours, the other end is a path that the agent opens. A socat child makes the
 * pty, keeps its slave open (so that its settings survive a reader's death) and carries the bytes; it runs in a session of its
 * own, so that Ctrl-C ends it through us.
 *
 * What is counted as taken: a byte handed to socat. It then lies in the pty until somebody reads it or opens the port (opening
 * discards it), as in a UART's buffer. So that a port which nobody opens does not fill up with hours of old bytes, at most
 * UNHELD_BYTES_MAX are taken after the last moment at which somebody was seen to hold the port; further ones are refused until
 * a holder is seen. A holder that does not read is given everything until socat's input is full; then bytes are refused too.
 */
export type PtyLine = {
  readonly path: string;
  /** "taken": all bytes are on their way to the pty; "refused": none of them is. */
  readonly write: (bytes: Uint8Array) => "taken" | "refused";
  /** Resolves when the line may take bytes again after a refusal for want of room. */
  readonly room: () => Promise<void>;
  readonly plugged: () => boolean;
  /** Pids that have the port open, without the line's own child. */
  readonly holders: () => readonly number[];
  /** The port hangs up and its path is gone; bytes that nobody had read are lost with it. */
  readonly unplug: () => Promise<void>;
  /** The path is there again, as a new pty. */
  readonly plug: () => Promise<void>;
  /** As unplug, for good. */
  readonly stop: () => Promise<void>;
};
export type PtyLineOptions = { readonly link: string; readonly heard: (bytes: Uint8Array) => void };

/** Below the 4,095 bytes that a pty gives a reader at once and that opening the port discards. */
export const UNHELD_BYTES_MAX = 3584;
/** Every so many bytes it is looked whether the port is still held. */
const LOOK_EVERY_BYTES = 512;
/** While nobody holds a port and nothing more is taken: at most one look at all processes in this time. */
const LOOK_EVERY_NS = 250_000_000n;
const START_WITHIN_NS = 10_000_000_000n;

type Child = ChildProcessByStdio<Writable, Readable, null>;
/** `pid` is socat's, which has the slave open too. */
type Pty = { readonly child: Child; readonly pid: number; readonly slave: string };

export async function openPtyLine({ link, heard }: PtyLineOptions): Promise<PtyLine> {
  let pty: Pty | undefined;
  let hold: Hold | undefined;
  const plug = async (): Promise<void> => {
    if (pty !== undefined) return;
    const made = await makePty(link);
    pty = made;
    const own = freshHold(made);
    hold = own;
    made.child.stdout.on("data", (bytes: Buffer) => {
      own.spoken();
      heard(new Uint8Array(bytes));
    });
    made.child.once("exit", () => {
      if (pty === made) pty = undefined;
    });
  };
  const unplug = async (): Promise<void> => {
    const old = pty;
    pty = undefined;
    if (old !== undefined) await endPty(old);
  };
  await plug();
  return {
    path: link,
    write: (bytes) => {
      const stdin = pty?.child.stdin;
      if (stdin === undefined || !stdin.writable || stdin.writableNeedDrain || hold?.takes(bytes.length) !== true) return "refused";
      stdin.write(bytes);
      return "taken";
    },
    room: async () => {
      const stdin = pty?.child.stdin;
      if (stdin?.writableNeedDrain !== true) return;
      await new Promise<void>((resolve) => {
        const over = (): void => {
          stdin.off("drain", over).off("close", over);
          resolve();
        };
        stdin.on("drain", over).on("close", over);
      });
    },
    plugged: () => pty !== undefined,
    holders: () => whoHolds(link, pty === undefined ? [] : [pty.pid]),
    unplug,
    plug,
    stop: unplug,
  };
}

// ── Whether anybody listens ─────────────────────────────────────────────────────────────────────────────────────────

type Hold = { readonly takes: (count: number) => boolean; readonly spoken: () => void };

function freshHold(pty: Pty): Hold {
  let grip: Grip | undefined;
  /** Bytes taken since somebody was last seen to hold the port. */
  let unseen = 0;
  const held = (): boolean => {
    if (grip?.stillHolds() === true) return true;
    const pids = lookAround().get(pty.slave) ?? [];
    grip = findGrip(
      pty.slave,
      pids.filter((pid) => pid !== pty.pid),
    );
    return grip !== undefined;
  };
  return {
    takes: (count) => {
      const due = Math.floor((unseen + count) / LOOK_EVERY_BYTES) > Math.floor(unseen / LOOK_EVERY_BYTES);
      if ((due || unseen + count > UNHELD_BYTES_MAX) && held()) unseen = 0;
      if (unseen + count > UNHELD_BYTES_MAX && unseen > 0) return false;
      unseen += count;
      return true;
    },
    // Who speaks listens.
    spoken: () => {
      unseen = 0;
    },
  };
}

/** The last look at all processes, shared by the lines of this process. */
let lastLook: { readonly at: bigint; readonly holders: ReadonlyMap<string, readonly number[]> } = { at: 0n, holders: new Map() };
function lookAround(): ReadonlyMap<string, readonly number[]> {
  const now = process.hrtime.bigint();
  if (now - lastLook.at >= LOOK_EVERY_NS) lastLook = { at: now, holders: allPtyHolders() };
  return lastLook.holders;
}

// ── The child ───────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * A shell stands between us and socat: told to end, by us or by the kernel when we die (whatever killed us), it ends socat and
 * removes the link. socat alone does neither for certain: it hears nothing while it waits for room in a full pty, and leaves
 * its link where it is told twice (both seen). What it tells goes into a file without a name: a broken pipe would end it early.
 */
const SUPERVISOR = `
  link="$1"
  exec 3<&0
  trap 'kill -9 "$socat" 2>/dev/null' TERM
  socat -d -d -t 0.5 "PTY,raw,echo=0,link=$link" STDIO <&3 3<&- &
  socat=$!
  exec 3<&- </dev/null >/dev/null
  wait "$socat"
  wait "$socat" 2>/dev/null
  rm -f "$link"
`;

async function makePty(link: string): Promise<Pty> {
  const story = openStory();
  try {
    const command = ["--pdeathsig", "TERM", "sh", "-c", SUPERVISOR, "sh", link];
    const child = spawn("setpriv", command, { stdio: ["pipe", "pipe", story.file], detached: true }) as Child;
    // A line that breaks while bytes are under way is told by its exit.
    child.stdin.on("error", () => undefined);
    let failure: unknown;
    child.once("error", (cause) => {
      failure = cause;
    });
    const deadline = process.hrtime.bigint() + START_WITHIN_NS;
    while (!story.told().includes("starting data transfer loop")) {
      if (failure !== undefined) throw new Error("setpriv (util-linux) cannot be started", { cause: failure });
      const late = process.hrtime.bigint() > deadline;
      if (late) child.kill("SIGTERM");
      if (late || hasEnded(child)) throw new Error(`socat made no pty at ${link}; is it installed? ${story.told()}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const told = story.told();
    return { child, pid: Number(/socat\[(\d+)\]/.exec(told)?.[1]), slave: /PTY is (\S+)/.exec(told)?.[1] ?? "" };
  } finally {
    story.close();
  }
}

const hasEnded = (child: Child): boolean => child.exitCode !== null || child.signalCode !== null;

async function endPty({ child }: Pty): Promise<void> {
  if (hasEnded(child)) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  await gone;
}

/** A file without a name, for a child to write into. */
function openStory(): { readonly file: number; readonly told: () => string; readonly close: () => void } {
  const path = join(tmpdir(), `bedside-pty-${randomUUID()}`);
  const file = openSync(path, "wx+", 0o600);
  rmSync(path);
  const buffer = Buffer.alloc(STORY_BYTES_MAX);
  return {
    file,
    told: () => buffer.subarray(0, readSync(file, buffer, 0, buffer.length, 0)).toString("latin1"),
    close: () => closeSync(file),
  };
}
const STORY_BYTES_MAX = 4096;
