import { toHex } from "../../config/bytes-text.ts";
import { type Duration, Minutes, Seconds } from "../../config/units.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";
import { atLine, linkText } from "../../drivers/kit/line.ts";
import type { Judged } from "../admission/rules.ts";
import type { Clock, Effects, Entropy } from "../effects/effects.ts";
import { asFault, assert, Fault } from "../fault/fault.ts";
import type { Log } from "../log/log.ts";
import type { SessionView, Tap } from "../session/session.ts";
import { findKey } from "../spool/keyring.ts";
import { type CaptureHead, FORMAT } from "./capture-file.ts";
import { KEPT_MAX, KeptCaptures } from "./kept-captures.ts";
import { type Ended, type Kept, Recording } from "./recording.ts";

/** A capture lasts no longer, and no shorter. */
export const LASTS_MAX = Minutes(10);
export const LASTS_MIN = Seconds(1);

type Room = {
  readonly ports: readonly Judged[];
  sessions(): readonly SessionView[];
  tap(location: string, tap: Tap | undefined): void;
  lend(location: string): Promise<void>;
  giveBack(location: string): void;
};
type Options = {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly kept: KeptCaptures;
  readonly room: Room;
  readonly drivers: readonly AnyDriver[];
  readonly log: Log;
  readonly version: string;
};

/** Joined to the rest of the agent: captures that wait are sealed under the key of its spool. */
export function capturesOf(
  parts: Omit<Options, "clock" | "entropy" | "kept"> & { readonly effects: Effects; readonly stateDir: string },
): Captures {
  const { effects, stateDir, room, drivers, log, version } = parts;
  const { clock, disk, entropy, seals } = effects;
  const seal = async () => {
    const { key } = await findKey(disk, stateDir);
    // The spool makes it; two that make one would lose what the other sealed.
    if (key === undefined) throw new Fault("disk.failed", "This box has no key to seal with", { stateDir });
    return seals(key);
  };
  const kept = new KeptCaptures({ disk, entropy, folder: `${stateDir}/captures`, seal });
  return new Captures({ clock, entropy, kept, room, drivers, log, version });
}

export type Wish = { readonly judged: Judged; readonly lasts: Duration; readonly whole: boolean; readonly anew: boolean };
export type Begun = {
  readonly name: string;
  readonly device: string;
  readonly driver: string;
  readonly line: string;
  readonly location: string;
  readonly kept: Kept;
  /** Why it is kept whole, and so stays on this box. */
  readonly because: "no_map" | "unproved" | "wished" | undefined;
};
export type Part = { readonly lines: string; readonly received: number; readonly ended?: Ended };

/** `sealing`: its end, which began when it ended. */
type Running = { readonly begun: Begun; readonly recording: Recording; sealing: Promise<void> | undefined };

/** A port that is taken anew is proved under the eyes of who records. */
function whyWhole(driver: AnyDriver, { whole, isProved }: { readonly whole: boolean; readonly isProved: boolean }): Begun["because"] {
  if (whole) return "wished";
  if (driver.scrub === undefined) return "no_map";
  return isProved ? undefined : "unproved";
}
const isStreamingAt =
  (location: string) =>
  ({ port, phase }: SessionView): boolean =>
    port.location === location && phase === "streaming";

/**
 * Records a port that a session serves, by hearing along: it opens nothing. What the driver's field map lets through is handed to who
 * records, and never touches this box's disk. What nobody has judged (a driver without a map, a device that is not proved, or a wish to
 * have every byte) is sealed on the box when it ends, until a named person releases it.
 */
export class Captures {
  readonly #options: Options;
  #running: Running | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Throws Fault `port.not_allowed`, `capture.busy`, `capture.box_full` or `disk.*`. */
  async begin({ judged: { port, verdict }, lasts, whole, anew }: Wish): Promise<Begun> {
    const { room, clock, entropy, log } = this.#options;
    const { location } = port;
    if (verdict.is !== "allow")
      throw new Fault("port.not_allowed", `No rule allows ${location}: ${verdict.reasons.join("; ")}`, { location });
    const named = this.#options.drivers.find(({ id }) => id === verdict.driver);
    const driver = named && atLine(named, verdict.line);
    assert(driver !== undefined, "an admitted port has a driver, and a line of it");
    await this.#settle();
    const waiting = await this.#options.kept.names();
    if (this.#running !== undefined) throw new Fault("capture.busy", `${this.#running.begun.location} is recorded now`);
    const because = whyWhole(driver, { whole, isProved: anew || room.sessions().some(isStreamingAt(location)) });
    const kept: Kept = because === undefined ? "scrubbed" : "whole";
    if (kept === "whole" && waiting.length >= KEPT_MAX)
      throw new Fault("capture.box_full", `${KEPT_MAX} captures wait on this box already`);
    const { device, line } = verdict;
    const name = `${device}-${toHex(entropy.bytes(4))}`;
    const begun: Begun = { name, device, driver: driver.id, line, location, kept, because };
    const head = this.#headOf(begun, { port, verdict }, driver);
    const recording = new Recording({ head, driver, kept, since: clock.now(), lasts });
    this.#running = { begun, recording, sealing: undefined };
    if (anew) await room.lend(location);
    room.tap(location, (dir, bytes, now) => recording.hear(dir, bytes, now));
    if (anew) room.giveBack(location);
    log.event("capture.began", { name, location, device, kept, for_ms: lasts });
    return begun;
  }

  /** Once in every turn, behind the sessions. */
  tick(): void {
    const running = this.#running;
    if (running === undefined) return;
    const now = this.#options.clock.now();
    const { begun, recording } = running;
    const session = this.#options.room.sessions().find((one) => one.port.location === begun.location);
    recording.tick(now, session?.phase);
    this.#finish(running);
  }

  /** What has come since the last call; the last one says how it ended. Throws Fault `capture.unknown`, and `disk.*` at its end. */
  async take(name: string): Promise<Part> {
    const { recording, sealing, begun } = this.#named(name);
    await sealing;
    const { ended, received } = recording;
    const lines = begun.kept === "whole" ? this.#still(recording) : recording.take(this.#options.clock.now());
    if (ended !== undefined) this.#running = undefined;
    return { lines, received, ...(ended === undefined ? {} : { ended }) };
  }

  /** Throws Fault `capture.unknown`. */
  end(name: string): void {
    const running = this.#named(name);
    running.recording.end("asked", this.#options.clock.now());
    this.#finish(running);
  }

  /** The agent stops: what was recorded is sealed where it has to be. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    running.recording.end("stopped", this.#options.clock.now());
    this.#finish(running);
    await this.#settle();
  }

  /** Those that wait on this box for a person to decide. */
  waiting(): Promise<readonly string[]> {
    return this.#options.kept.names();
  }

  async release(name: string, by: string): Promise<string> {
    const text = await this.#options.kept.open(name);
    this.#options.log.event("capture.released", { name, by });
    return text;
  }

  async discard(name: string, by: string): Promise<void> {
    await this.#options.kept.discard(name);
    this.#options.log.event("capture.discarded", { name, by });
  }

  #named(name: string) {
    const running = this.#running;
    if (running?.begun.name !== name) throw new Fault("capture.unknown", `There is no capture ${JSON.stringify(name)} under way`, { name });
    return running;
  }

  /** One that ended, and whose end nobody has asked for, is over too. */
  async #settle(): Promise<void> {
    const running = this.#running;
    if (running?.recording.ended === undefined) return;
    await running.sealing?.catch((caught: unknown) => void asFault(caught, "disk.failed", "A capture cannot be kept"));
    if (this.#running === running) this.#running = undefined;
  }

  /** Heard of, but its lines are for the box alone. */
  #still(recording: Recording): "" {
    recording.asked(this.#options.clock.now());
    return "";
  }

  /** Once, as soon as it has ended: by time, by a wish, or in the midst of what it heard. */
  #finish(running: Running): void {
    const { begun, recording } = running;
    if (recording.ended === undefined || running.sealing !== undefined) return;
    this.#options.room.tap(begun.location, undefined);
    const { name, kept, location } = begun;
    this.#options.log.event("capture.ended", { name, location, how: recording.ended, bytes: recording.received });
    const isSealed = kept === "whole" && recording.received > 0;
    running.sealing = isSealed ? this.#options.kept.keep(name, recording.take(this.#options.clock.now())) : Promise.resolve();
    // Told to who asks; where nobody asks any more, the log has that it ended.
    running.sealing.catch((caught: unknown) => void asFault(caught, "disk.failed", `The capture ${name} cannot be kept`));
  }

  #headOf({ name, device, kept, because }: Begun, { port }: Judged, driver: AnyDriver): CaptureHead {
    const { clock, version } = this.#options;
    const { line } = driver;
    return {
      format: FORMAT,
      driver: driver.id,
      origin: port.hardware ? "device" : "emulator",
      speed: line.speed,
      name,
      at: new Date(clock.wall()).toISOString(),
      device,
      line: { at: linkText(driver), modemLines: line.modemLines },
      port: { location: port.location, hardware: port.hardware, facts: port.facts },
      by: `bedside ${version}`,
      scrubbed:
        kept === "scrubbed"
          ? driver.scrub === "nobody"
            ? "bytes in no frame"
            : "by the driver's field map, and bytes in no frame"
          : `no: ${because}`,
    };
  }
}
