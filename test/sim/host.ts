import type { ClockQuality, Effects, PortFacts } from "../../agent/effects/effects.ts";
import { nodeSeals } from "../../agent/effects/node/seals.ts";
import { nodeSignatures } from "../../agent/effects/node/signatures.ts";
import { type Bytes, type Duration, MiB, Milliseconds, type Mono, type Wall } from "../../config/units.ts";
import type { SimBroker } from "./broker.ts";
import type { SimDisk } from "./disk.ts";
import { type Boot, type Life, never, type Stage } from "./life.ts";
import type { Random } from "./random.ts";
import { MS } from "./schedule.ts";
import { type SimPort, serialOf } from "./serial.ts";

/** Real timers are late, never early. */
const LATE_MAX = 300;
const YEAR_MS = 365 * 86_400_000;
/** Wall time at the beginning of the world. */
const EPOCH_MS = 1_800_000_000_000;

/** The host: boots, and a wall clock that is wrong now and then. */
export class SimHost {
  readonly #stage: Stage;
  readonly #random: Random;
  #offsetMs = 0;
  #quality: ClockQuality = { known: "unsynced", source: "" };
  #boots = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#random = stage.random.stream("host");
  }

  /** A new boot: another id, and monotonic time begins again. */
  boot(): Boot {
    this.#boots += 1;
    const hex = Buffer.from(this.#random.bytes(16)).toString("hex");
    const id = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
    return { id, zero: this.#stage.schedule.now - this.#random.between(2_000_000, 60_000_000) };
  }

  /** The wall clock steps, and something else is believed of it. */
  step(chance: Random): void {
    this.#offsetMs = chance.pick([0, 0, chance.between(-5000, 5000), -20 * YEAR_MS, YEAR_MS]);
    const source = chance.pick(["chrony", "timesyncd"]);
    this.#quality = chance.pick<ClockQuality>([
      { known: "unsynced", source: "" },
      { known: "synced", source, uncertainty: Milliseconds(5) },
      { known: "holdover", source, uncertainty: Milliseconds(900) },
    ]);
  }

  wall(): Wall {
    return (EPOCH_MS + this.#stage.schedule.now / MS + this.#offsetMs) as Wall;
  }

  quality(): ClockQuality {
    return this.#quality;
  }
}

/** Everything outside the process, for one life. */
export function effectsOf(options: {
  life: Life;
  stage: Stage;
  host: SimHost;
  disk: SimDisk;
  broker: SimBroker;
  ports: readonly SimPort[];
  entropy: Random;
}): Effects {
  const { life, stage, host, ports, entropy } = options;
  const random = stage.random.stream(`effects ${life.index}`);
  return {
    clock: {
      now: () => (BigInt(stage.schedule.now - life.boot.zero) * 1000n) as Mono,
      wall: () => host.wall(),
      worked: () => Milliseconds(0),
      sleep: (time, signal) => sleep(life, stage, { time, signal, late: random.between(0, LATE_MAX) }),
    },
    disk: options.disk.of(life),
    serial: serialOf(life, { ...stage, random }, ports),
    ports: { list: () => life.later(random.between(200, 5000), () => portsSeen(ports)) },
    broker: options.broker.of(life),
    entropy: { bytes: (count) => entropy.bytes(count) },
    signatures: nodeSignatures(),
    seals: nodeSeals(),
    vault: { credentials: () => life.later(100, () => ({ ca: new Uint8Array(0), cert: new Uint8Array(0), key: new Uint8Array(0) })) },
    host: {
      bootId: life.boot.id,
      clockQuality: () => life.later(100, () => host.quality()),
      memory: () => life.later(100, () => ({ resident: MiB(60) as Bytes, free: MiB(500) as Bytes })),
      claim: () => life.later(50, () => true),
    },
    watchdog: { limit: undefined, fault: undefined, ready: () => undefined, alive: () => undefined, stopping: () => undefined },
    control: { serve: (_path, _answer, signal) => untilAborted(life, signal) },
    log: (line) => stage.trace.add("log", stage.schedule.now, life.index, line),
  };
}

function sleep(life: Life, stage: Stage, how: { time: Duration; signal: AbortSignal; late: number }): Promise<void> {
  if (!life.alive) return never();
  if (how.signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = () => {
      how.signal.removeEventListener("abort", aborted);
      if (life.alive) resolve();
    };
    const cancel = stage.schedule.after(how.time * MS + how.late, wake);
    const aborted = () => {
      cancel();
      if (life.alive) resolve();
    };
    how.signal.addEventListener("abort", aborted, { once: true });
  });
}

function untilAborted(life: Life, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const aborted = () => {
      if (life.alive) resolve();
    };
    if (signal.aborted) aborted();
    else signal.addEventListener("abort", aborted, { once: true });
  });
}

/** Ports that sysfs shows; the others stand in the settings. */
const portsSeen = (ports: readonly SimPort[]): readonly PortFacts[] =>
  ports
    .filter(({ location, plugged }) => plugged && location.startsWith("usb"))
    .map(({ path, location }) => ({ path, location, hardware: true, facts: { vendor: "0403", product: "6001" } }));
