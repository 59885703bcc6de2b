import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { readlinkSync, rmSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { findGrip, type Grip, whoHolds } from "./port-holders.ts";

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
/** While nobody holds the port and nothing more is taken: at most one look in this time. */
const LOOK_EVERY_NS = 250_000_000n;
const START_WITHIN_MS = 10_000;
const END_WITHIN_MS = 1000;

type Socat = ChildProcessByStdio<Writable, Readable, Readable>;
type Pty = { readonly child: Socat; readonly slave: string };

export async function openPtyLine({ link, heard }: PtyLineOptions): Promise<PtyLine> {
  let pty: Pty | undefined;
  let hold = freshHold(link);
  const plug = async (): Promise<void> => {
    if (pty !== undefined) return;
    const made = await makePty(link);
    pty = made;
    hold = freshHold(link, made.child.pid);
    made.child.stdout.on("data", (bytes: Buffer) => {
      hold.spoken();
      heard(new Uint8Array(bytes));
    });
    made.child.once("exit", () => {
      if (pty === made) pty = undefined;
      forget(made, link);
    });
  };
  const unplug = async (): Promise<void> => {
    const old = pty;
    pty = undefined;
    if (old !== undefined) await endPty(old, link);
  };
  await plug();
  return {
    path: link,
    write: (bytes) => {
      const stdin = pty?.child.stdin;
      if (stdin === undefined || !stdin.writable || stdin.writableNeedDrain || !hold.takes(bytes.length)) return "refused";
      stdin.write(bytes);
      return "taken";
    },
    room: async () => {
      const stdin = pty?.child.stdin;
      if (stdin?.writableNeedDrain === true) await Promise.race([once(stdin, "drain"), once(stdin, "close")]);
    },
    plugged: () => pty !== undefined,
    holders: () => whoHolds(link, pty?.child.pid === undefined ? [] : [pty.child.pid]),
    unplug,
    plug,
    stop: unplug,
  };
}

// ── Whether anybody listens ─────────────────────────────────────────────────────────────────────────────────────────

type Hold = { readonly takes: (count: number) => boolean; readonly spoken: () => void };

function freshHold(link: string, own?: number): Hold {
  let grip: Grip | undefined;
  /** Bytes taken since somebody was last seen to hold the port. */
  let unseen = 0;
  let lookedAt = 0n;
  const held = (): boolean => {
    if (grip?.stillHolds() === true) return true;
    const now = process.hrtime.bigint();
    if (now - lookedAt < LOOK_EVERY_NS) return false;
    lookedAt = now;
    grip = findGrip(link, whoHolds(link, own === undefined ? [] : [own]));
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

// ── The child ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Ptys of this process, ended with it. A process that is killed ends them by closing their input. */
const living = new Map<Pty, string>();
const endAll = (): void => {
  for (const [pty, link] of living) {
    pty.child.kill("SIGKILL");
    removeLink(pty, link);
  }
};

async function makePty(link: string): Promise<Pty> {
  // The kernel ends it when we die: at the end of its input it would end by itself (-t s later), but not while it waits for
  // room in a full pty.
  const socat = ["socat", "-d", "-d", "-t", "0.05", `PTY,rawer,link=${link}`, "STDIO"];
  const child: Socat = spawn("setpriv", ["--pdeathsig", "TERM", ...socat], {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  // A line that breaks while bytes are under way is told by its exit.
  child.stdin.on("error", () => undefined);
  let told = "";
  const slave = await new Promise<string>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`socat made no pty at ${link} in ${START_WITHIN_MS} ms: ${told}`)), START_WITHIN_MS);
    child.once("error", (cause) => reject(new Error("setpriv (util-linux) cannot be started", { cause })));
    child.once("exit", () => reject(new Error(`socat made no pty at ${link}; is it installed? ${told}`)));
    child.stderr.on("data", (bytes: Buffer) => {
      told = `${told}${bytes.toString("latin1")}`.slice(-4096);
      const name = /PTY is (\S+)/.exec(told)?.[1];
      if (name === undefined || !told.includes("starting data transfer loop")) return;
      clearTimeout(late);
      resolve(name);
    });
  });
  const pty = { child, slave };
  if (living.size === 0) process.on("exit", endAll);
  living.set(pty, link);
  return pty;
}

async function endPty(pty: Pty, link: string): Promise<void> {
  const { child } = pty;
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    // Blocked in a write that nobody reads it hears no polite signal.
    const hard = setTimeout(() => child.kill("SIGKILL"), END_WITHIN_MS);
    await gone;
    clearTimeout(hard);
  }
  forget(pty, link);
}

function forget(pty: Pty, link: string): void {
  removeLink(pty, link);
  living.delete(pty);
  if (living.size === 0) process.off("exit", endAll);
}

/** Removes the link that a killed socat left, unless it already is another pty's. */
function removeLink({ slave }: Pty, link: string): void {
  try {
    if (readlinkSync(link) === slave) rmSync(link, { force: true });
  } catch (caught) {
    if (!(caught instanceof Error && "code" in caught && caught.code === "ENOENT")) throw caught;
  }
}
