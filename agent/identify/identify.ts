import type { AnyDriver } from "../../drivers/kit/driver.ts";
import { atLine, linkText, UDP } from "../../drivers/kit/line.ts";
import type { Judged, Verdict } from "../admission/rules.ts";
import type { Clock, Serial } from "../effects/effects.ts";
import { asFault, assert, Fault, faultRow } from "../fault/fault.ts";
import type { Log } from "../log/log.ts";
import type { SessionView } from "../session/session.ts";
import { type Heard, hear, isProved, type Seen } from "./hearing.ts";
import { triesFor } from "./tries.ts";

/** A silent line is silent at every speed: so many lines are listened to before nobody listens any more. */
export const QUIET_LINES = 3;

type Room = {
  sessions(): readonly SessionView[];
  lend(location: string): Promise<void>;
  giveBack(location: string): void;
};
type Options = {
  readonly effects: { readonly clock: Clock; readonly serial: Serial };
  readonly room: Room;
  readonly drivers: readonly AnyDriver[];
  readonly log: Log;
};
export type Begun = {
  readonly location: string;
  readonly path: string;
  readonly device: string;
  /** As the rule says it is read. */
  readonly driver: string;
  readonly line: string;
  readonly asks: "asks" | "not_harmless" | "listens";
};
export type Conclusion =
  | {
      readonly is: "found";
      readonly driver: string;
      /** Maker, models and port, as people say it. */
      readonly device: string;
      readonly line: string;
      readonly seen: Seen;
      readonly bytes: number;
      readonly asked: boolean;
      /** It is read already: nothing was opened for this. */
      readonly read: boolean;
      /** Others whose frames hold too. */
      readonly also: readonly string[];
    }
  | { readonly is: "silent" | "no_frame" | "gone" }
  | { readonly is: "failed"; readonly fault: ReturnType<typeof faultRow> };
export type Progress = { readonly tried: readonly Heard[]; readonly concluded?: Conclusion };

/**
 * What is plugged in at a port that a rule allows: listens at every line at which a driver reads, then lets the rule's own driver ask
 * where that is harmless. Nothing of it is published. A device that is read already is not disturbed: the session knows.
 */
export class Identify {
  readonly #options: Options;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #tried: Heard[] = [];
  #concluded: Conclusion | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Throws Fault `port.not_allowed`, `identify.on_network` or `identify.busy`. */
  begin({ port, verdict }: Judged): Begun {
    const { location, path } = port;
    if (verdict.is !== "allow")
      throw new Fault("port.not_allowed", `No rule allows ${location}: ${verdict.reasons.join("; ")}`, { location });
    if (this.#running !== undefined) throw new Fault("identify.busy", "Another port is identified now");
    const { drivers, room, log } = this.#options;
    const own = ownOf(drivers, verdict);
    this.#tried = [];
    this.#concluded = undefined;
    const session = room.sessions().find((one) => one.port.location === location);
    if (session?.phase === "streaming") this.#concluded = this.#read(session, own);
    // It says nothing unasked, there are no speeds to try, and a second client would be one more that it refuses.
    else if (linkText(own) === UDP)
      throw new Fault("identify.on_network", `${location}: nothing that holds comes from ${path}`, { location });
    else {
      log.event("identify.began", { location });
      this.#running = this.#run(location, path, own).finally(() => {
        this.#running = undefined;
      });
    }
    const asks = own.run === undefined ? "listens" : own.firstRequest === "harmless" ? "asks" : "not_harmless";
    return { location, path, device: verdict.device, driver: own.id, line: linkText(own), asks };
  }

  get progress(): Progress {
    const concluded = this.#concluded;
    return { tried: this.#tried, ...(concluded === undefined ? {} : { concluded }) };
  }

  /** The agent stops: the port is shut when this resolves. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(location: string, path: string, own: AnyDriver): Promise<void> {
    const { room, log } = this.#options;
    await room.lend(location);
    try {
      this.#concluded = await this.#try(path, own);
    } catch (caught) {
      this.#concluded = { is: "failed", fault: faultRow(asFault(caught, "port.open_failed", `Cannot open ${path}`)) };
    } finally {
      room.giveBack(location);
    }
    const { is } = this.#concluded;
    log.event("identify.ended", { location, is, driver: is === "found" ? this.#concluded.driver : undefined });
  }

  async #try(path: string, own: AnyDriver): Promise<Conclusion> {
    const { effects, drivers } = this.#options;
    const { signal } = this.#stop;
    const bytes = (): number => this.#tried.reduce((sum, heard) => sum + heard.bytes, 0);
    for (const tried of triesFor(drivers, own)) {
      const listened = this.#tried.filter(({ asked }) => asked === undefined).length;
      if (!tried.asks && listened >= QUIET_LINES && bytes() === 0) continue;
      const heard = await hear(effects, { path, tried, signal });
      this.#tried = [...this.#tried, heard];
      const [best, ...others] = heard.seen.filter(isProved);
      if (best !== undefined) return this.#found(heard, best, others);
      if (heard.gone || signal.aborted) return { is: "gone" };
    }
    return { is: bytes() === 0 ? "silent" : "no_frame" };
  }

  #found({ line, bytes, asked }: Heard, seen: Seen, others: readonly Seen[]): Conclusion {
    const { device } = this.#driver(seen.driver);
    return {
      ...{ is: "found", driver: seen.driver, device, line, seen, bytes },
      ...{ asked: asked !== undefined, read: false, also: others.map(({ driver }) => driver) },
    };
  }

  #read({ facts, counts, line }: SessionView, { id, device, proof }: AnyDriver): Conclusion {
    const seen: Seen = { driver: id, frames: counts.frames, row: proof, proof, facts };
    return { is: "found", driver: id, device, line, seen, bytes: counts.bytes, asked: false, read: true, also: [] };
  }

  #driver(id: string): AnyDriver {
    const driver = this.#options.drivers.find((one) => one.id === id);
    assert(driver !== undefined, "who has heard is one of the drivers");
    return driver;
  }
}

function ownOf(drivers: readonly AnyDriver[], { driver, line }: Extract<Verdict, { is: "allow" }>): AnyDriver {
  const named = drivers.find(({ id }) => id === driver);
  const own = named && atLine(named, line);
  assert(own !== undefined, "an admitted port has a driver, and a line of it");
  return own;
}
