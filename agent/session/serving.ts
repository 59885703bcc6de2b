import { after, type Duration, elapsed, type Mono, Seconds } from "../../config/units.ts";
import type { Disk, DiskFile, Effects } from "../effects/effects.ts";
import { asFault, Fault } from "../fault/fault.ts";
import { FORGIVEN_AFTER, quarantineWait } from "./state.ts";

/** In the runtime directory. One page, so that a kill never tears it. */
const FILE = "serving";
const FILE_BYTES = 4096;
/** When the port was begun: 8 bytes, 0 while none is served. Then its name, then the strikes; each text ends with a zero byte. */
const NAME_AT = 8;
const STRIKES_AT = 1024;
/** More ports than these hang in no room. */
const STRIKES_MAX = 8;
/** Where nobody watches, a run that died so long after it began with a port did not die by chance. */
const PATIENCE = Seconds(10);
/** Deaths soon after a port was begun, within the time that forgives: one and two are chance, three are that port's. */
const CHANCES = 3;

export type Served = { readonly location: string; readonly driver: string };
/** A port at which runs ended. It is opened at `until`. */
export type Strike = Served & { readonly deaths: number; readonly until: Mono };
export type Note = { readonly served: Served | undefined; readonly since: Mono; readonly strikes: readonly Strike[] };

/**
 * An endless loop in a driver cannot be seen from inside one thread: the watchdog ends the process, the same device comes back,
 * for ever. So the port being served stands in a file on tmpfs, and the next run begins with that port quarantined.
 */
export class Serving {
  readonly #bytes = new WeakMap<Served, Uint8Array>();
  readonly #strikes: readonly Strike[];
  #file: DiskFile | undefined;
  #noted = false;
  #fault: Fault | undefined;

  private constructor(file: DiskFile | undefined, strikes: readonly Strike[], fault?: Fault) {
    this.#file = file;
    this.#strikes = strikes;
    this.#fault = fault;
  }

  /** Where the runtime directory refuses, this run goes on without a note, and says so. */
  static async open({ disk, clock, watchdog }: Pick<Effects, "disk" | "clock" | "watchdog">, runtimeDir: string): Promise<Serving> {
    const path = `${runtimeDir}/${FILE}`;
    const patience = watchdog.limit === undefined ? PATIENCE : ((watchdog.limit / 2) as Duration);
    let strikes: readonly Strike[] = [];
    try {
      strikes = judgeEnd(readNote(await disk.read(path)), clock.now(), patience);
      return new Serving(await writeNote(disk, path, strikes), strikes);
    } catch (caught) {
      return new Serving(undefined, strikes, asFault(caught, "disk.failed", "The note of the served port cannot be used"));
    }
  }

  /** Why the port being served cannot be noted any more. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  /** What keeps this port shut for a while. */
  strikeAt({ location, driver }: Served, now: Mono): Strike | undefined {
    return this.#strikes.find((one) => one.location === location && one.driver === driver && one.until > now);
  }

  /** From here on this port is served, until another one or none is. The same value each time for one port. */
  begin(served: Served, now: Mono): void {
    let bytes = this.#bytes.get(served);
    if (bytes === undefined) {
      bytes = nameBytes(served);
      this.#bytes.set(served, bytes);
    }
    new DataView(bytes.buffer).setBigUint64(0, now);
    this.#noted = true;
    this.#write(bytes);
  }

  none(): void {
    if (this.#noted) this.#write(NOTHING);
    this.#noted = false;
  }

  /** A person who stops the agent wants everything tried at the next start. What was counted stays. */
  async stop(now: Mono): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    const strikes = this.#strikes.map((one) => ({ ...one, until: one.until > now ? now : one.until }));
    try {
      await file?.write(0, noteBytes(strikes));
      await file?.close();
    } catch (caught) {
      this.#fault = asFault(caught, "disk.failed", "The note of the served port cannot be written");
    }
  }

  /** The agent goes on without the note: it is there for the next run. */
  #write(bytes: Uint8Array): void {
    try {
      this.#file?.writeNow(0, bytes);
    } catch (caught) {
      this.#file = undefined;
      this.#fault = asFault(caught, "disk.failed", "The note of the served port cannot be written");
    }
  }
}

/**
 * | the run before ended         | its port begins                                                                           |
 * |------------------------------|-------------------------------------------------------------------------------------------|
 * | between two ports            | as always                                                                                 |
 * | long after it began with one | quarantined: the driver did not return                                                    |
 * | soon after it began with one | as always, for a kill may come at any moment; quarantined the third time within ten minutes |
 *
 * "Long" is measured up to this start: nobody knows when a killed process died.
 */
export function judgeEnd({ served, since, strikes }: Note, now: Mono, patience: Duration): readonly Strike[] {
  const standing = strikes.filter((one) => elapsed(one.until, now) < FORGIVEN_AFTER);
  if (served === undefined || since > now) return standing;
  const same = (one: Strike): boolean => one.location === served.location && one.driver === served.driver;
  const deaths = (standing.find(same)?.deaths ?? 0) + 1;
  const hung = deaths >= CHANCES || elapsed(since, now) >= patience;
  const until = hung ? after(now, quarantineWait(deaths - 1)) : now;
  return [{ ...served, deaths, until }, ...standing.filter((one) => !same(one))].slice(0, STRIKES_MAX);
}

/** What hung, as people are told of it. */
export const hungFault = ({ location, driver, deaths, until }: Strike, device: string, now: Mono): Fault =>
  new Fault(
    "session.hung",
    `The agent hung and was restarted while driver ${driver} served ${device} at ${location}${deaths > 1 ? ` (${deaths} times)` : ""}; ` +
      `this port is paused for ${Math.ceil(elapsed(now, until) / 1000)} s`,
    { location, driver, deaths },
  );

// ── The file ──

const NOTHING = new Uint8Array(NAME_AT);

function nameBytes({ location, driver }: Served): Uint8Array {
  const text = new TextEncoder().encode(`${JSON.stringify([location, driver])}\0`);
  const bytes = new Uint8Array(Math.min(STRIKES_AT, NAME_AT + text.length));
  bytes.set(text.subarray(0, STRIKES_AT - NAME_AT), NAME_AT);
  return bytes;
}

function noteBytes(strikes: readonly Strike[]): Uint8Array {
  const rows = strikes.map(({ location, driver, deaths, until }) => [location, driver, deaths, String(until)]);
  const text = new TextEncoder().encode(`${JSON.stringify(rows)}\0`);
  const bytes = new Uint8Array(FILE_BYTES);
  // What does not fit is not believed when it is read: those ports begin as always.
  bytes.set(text.subarray(0, FILE_BYTES - STRIKES_AT), STRIKES_AT);
  return bytes;
}

async function writeNote(disk: Disk, path: string, strikes: readonly Strike[]): Promise<DiskFile> {
  const file = await disk.open(path, "create");
  await file.write(0, noteBytes(strikes));
  return file;
}

/** What lies there is not believed: it may be torn, or none of ours. */
function readNote(bytes: Uint8Array | undefined): Note {
  if (bytes?.length !== FILE_BYTES) return { served: undefined, since: 0n as Mono, strikes: [] };
  const since = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0) as Mono;
  const name = since === 0n ? undefined : textAt(bytes, NAME_AT);
  const rows = textAt(bytes, STRIKES_AT);
  return {
    served: isName(name) ? { location: name[0], driver: name[1] } : undefined,
    since,
    strikes: Array.isArray(rows)
      ? rows.filter(isRow).map(([location, driver, deaths, until]) => strikeOf(location, driver, deaths, until))
      : [],
  };
}

const strikeOf = (location: string, driver: string, deaths: number, until: string): Strike => ({
  location,
  driver,
  deaths,
  until: BigInt(until) as Mono,
});

function textAt(bytes: Uint8Array, at: number): unknown {
  const end = bytes.indexOf(0, at);
  try {
    return JSON.parse(new TextDecoder().decode(bytes.subarray(at, end < 0 ? undefined : end)));
  } catch (caught) {
    if (caught instanceof SyntaxError) return undefined;
    throw caught;
  }
}

const isName = (value: unknown): value is [string, string] =>
  Array.isArray(value) && value.length === 2 && value.every((one) => typeof one === "string");
const isRow = (value: unknown): value is [string, string, number, string] =>
  Array.isArray(value) &&
  value.length === 4 &&
  isName(value.slice(0, 2)) &&
  Number.isSafeInteger(value[2]) &&
  value[2] > 0 &&
  typeof value[3] === "string" &&
  /^\d{1,18}$/.test(value[3]);
