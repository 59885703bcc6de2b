import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { type Duration, Milliseconds, Seconds } from "../../../config/units.ts";
import { Fault } from "../../fault/fault.ts";
import type { Watchdog } from "../effects.ts";

/** Node has no datagram socket of this kind, so this program of systemd's own tells it. Never looked up by PATH. */
const PROGRAMS: readonly string[] = ["/usr/bin/systemd-notify", "/bin/systemd-notify"];
/** Told so many times within the limit, so that one message that went astray kills nobody. */
const BEATS_A_LIMIT = 3;
/** Before the start is done, and where the unit has no WatchdogSec=. */
const BEAT_WITHOUT_LIMIT = Seconds(5);
/** systemd-notify itself waits up to five seconds until systemd has read what it was told. */
const TELLING_MAX = Seconds(8);
/** What a start asks for at each beat: a hung one is ended within this time. */
const START_GRACE = Seconds(15);
/** systemd takes longer texts, but people see one line. */
const STATUS_MAX = 200;

export type WatchdogOptions = {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly programs?: readonly string[];
};

/** systemd, where it started this process and listens (NOTIFY_SOCKET); nobody otherwise. */
export function nodeWatchdog({ environment = process.env, programs = PROGRAMS }: WatchdogOptions = {}): Watchdog {
  const { NOTIFY_SOCKET: socket = "" } = environment;
  return socket === "" ? UNWATCHED : new Systemd(socket, limitOf(environment), programs.find(existsSync));
}

const UNWATCHED: Watchdog = {
  limit: undefined,
  fault: undefined,
  ready: () => undefined,
  alive: () => undefined,
  stopping: () => undefined,
};

/** Undefined where the unit has no WatchdogSec=, or means another process. */
function limitOf({ WATCHDOG_USEC: time, WATCHDOG_PID: pid }: Readonly<Record<string, string | undefined>>): Duration | undefined {
  if (time === undefined || !/^[1-9]\d{0,14}$/.test(time)) return undefined;
  return pid === undefined || pid === String(process.pid) ? Milliseconds(Number(time) / 1000) : undefined;
}

/**
 * | phase    | told at each beat                   | what beats                                                        |
 * |----------|-------------------------------------|-------------------------------------------------------------------|
 * | starting | EXTEND_TIMEOUT_USEC                 | a timer: recovery is long, and not in turns                        |
 * | turning  | READY=1, WATCHDOG=1, STATUS         | the turns themselves: when none comes any more, nothing is told    |
 * | stopping | STOPPING=1, once                    |                                                                    |
 *
 * READY=1 is told again and again: it costs nothing, and one that went astray would keep the service starting for ever.
 */
class Systemd implements Watchdog {
  readonly limit: Duration | undefined;
  readonly #socket: string;
  readonly #program: string | undefined;
  readonly #beat: Duration;
  readonly #starting: NodeJS.Timeout;
  #phase: "starting" | "turning" | "stopping" = "starting";
  #beatAt = 0;
  #telling = false;
  #stopTold = false;
  #fault: Fault | undefined;

  constructor(socket: string, limit: Duration | undefined, program: string | undefined) {
    this.limit = limit;
    this.#socket = socket;
    this.#program = program;
    this.#beat = limit === undefined ? BEAT_WITHOUT_LIMIT : Milliseconds(limit / BEATS_A_LIMIT);
    this.#starting = setInterval(() => this.#tell([`EXTEND_TIMEOUT_USEC=${START_GRACE * 1000}`]), this.#beat).unref();
  }

  get fault(): Fault | undefined {
    return this.#fault;
  }

  ready(): void {
    clearInterval(this.#starting);
    this.#phase = "turning";
  }

  alive(status: () => string): void {
    const now = performance.now();
    if (this.#phase !== "turning" || now < this.#beatAt) return;
    // One at a time: a telling that hangs is ended first, and what was due meanwhile is told then.
    if (!this.#tell(["READY=1", "WATCHDOG=1", `STATUS=${status().slice(0, STATUS_MAX)}`])) return;
    this.#beatAt = now + this.#beat;
  }

  stopping(): void {
    clearInterval(this.#starting);
    this.#phase = "stopping";
    this.#stopTold = this.#tell(["STOPPING=1"]);
  }

  /** False where an earlier telling has not ended yet. */
  #tell(messages: readonly string[]): boolean {
    if (this.#telling) return false;
    if (this.#program === undefined) {
      this.#fault = unheard("systemd-notify is not there");
      return true;
    }
    this.#telling = true;
    const ended = (why: string | undefined): void => {
      this.#telling = false;
      this.#fault = why === undefined ? undefined : unheard(why);
      if (this.#phase === "stopping" && !this.#stopTold) this.stopping();
    };
    try {
      const within = Math.min(TELLING_MAX, this.limit === undefined ? TELLING_MAX : this.limit / 2);
      const child = spawn(this.#program, messages, {
        env: { NOTIFY_SOCKET: this.#socket },
        cwd: "/",
        stdio: "ignore",
        timeout: within,
        killSignal: "SIGKILL",
      });
      // The agent does not wait for it at its end.
      child.unref();
      child.once("error", (caught: NodeJS.ErrnoException) => ended(`systemd-notify cannot be started (${caught.code ?? caught.message})`));
      child.once("exit", (code, signal) => ended(code === 0 ? undefined : `systemd-notify ended with ${signal ?? code}`));
    } catch (caught) {
      ended(`systemd-notify cannot be started (${(caught as NodeJS.ErrnoException).code ?? String(caught)})`);
    }
    return true;
  }
}

const unheard = (why: string): Fault => new Fault("watchdog.unheard", `systemd was not told that the agent is alive: ${why}`);
