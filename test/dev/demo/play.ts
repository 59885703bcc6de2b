import { askStatus } from "../../../agent/cli/status.ts";
import type { Status } from "../../../agent/health/snapshot.ts";
import { DEATH_CAUSE } from "../../../proto/messages.ts";
import type { Received } from "../../support/central.ts";
import type { AgentLife } from "./agent-life.ts";
import { SETTLED_NS } from "./book.ts";
import { type ChangeOptions, type Changes, changeFaults, FORGED, pushForged, pushSigned, UNCHANGED } from "./change.ts";
import { type DeviceTally, holes, milliseconds, tally } from "./ledger.ts";
import { isReport } from "./shares.ts";
import type { Placed, Stage } from "./stage.ts";

/** The run of the demo, from the agent's first start to its last answer. */
export type PlayOptions = {
  readonly stage: Stage;
  /** Undefined: until `stop` aborts. */
  readonly seconds: number | undefined;
  readonly kills: number;
  readonly stop: AbortSignal;
  readonly say: (what: string) => void;
  /** Called every quarter of a second with what is known now. */
  readonly show: (now: Scene) => void;
  /** Hides one record from the comparison, to prove that the ledgers can fail. */
  readonly sabotage: boolean;
};
export type Scene = {
  readonly elapsedMs: number;
  readonly tallies: readonly DeviceTally[];
  /** The agent's own word, asked over its control socket; undefined while none runs. */
  readonly status: Status | undefined;
  readonly restarts: number;
  readonly changes: Changes;
  /** The agent was killed and does not hold its ports again yet. */
  readonly down: boolean;
  /** What the demo itself is doing, where it is not just watching. */
  readonly doing: string;
};
export type Outcome = {
  readonly tallies: readonly DeviceTally[];
  readonly unexplained: number;
  readonly restarts: number;
  readonly changes: Changes;
  /** Everything that is not as it should be, beside what the tallies say. */
  readonly problems: readonly string[];
};

const FRAME_MS = 250;
const ONLINE_WITHIN_MS = 30_000;
const OPEN_WITHIN_MS = 30_000;
const HEARD_WITHIN_MS = 20_000;
const UNIT_WITHIN_MS = 5000;
const DRAIN_STUCK_MS = 5000;
const DRAIN_WITHIN_MS = 30_000;
const DEATH_WITHIN_MS = 5000;
const TALLY_EVERY_MS = 1000;
/** When the last part begins: half-way, later where there are kills before it, and at once where the demo is to end. */
const CHANGE_AT = { withoutKills: 0.5, withKills: 0.75, endlessMs: 10_000 } as const;

export async function play(options: PlayOptions): Promise<Outcome> {
  const { stage, kills, say, stop } = options;
  const played = new Played(options);
  say("Starting the agent ...");
  const life = stage.start();
  await played.admitFirst();
  await played.untilHolding(life);
  for (const { emulated } of stage.devices) emulated.resume();
  const length = options.seconds === undefined ? Number.POSITIVE_INFINITY : options.seconds * 1000;
  played.begin();
  for (let kill = 1; kill <= kills; kill += 1) {
    await played.watch("", () => played.elapsed() >= (length * kill) / (kills + 1));
    if (stop.aborted) break;
    await played.killAndRestart();
    await played.watch("", () => played.heardSinceKill(), HEARD_WITHIN_MS);
  }
  const share = kills === 0 ? CHANGE_AT.withoutKills : CHANGE_AT.withKills;
  const signedAt = options.seconds === undefined ? CHANGE_AT.endlessMs : length * share;
  await played.watch("", () => played.elapsed() >= signedAt);
  await played.pushSigned();
  const forgedAt = options.seconds === undefined ? 2 * CHANGE_AT.endlessMs : length * ((1 + share) / 2);
  await played.watch("", () => played.elapsed() >= forgedAt);
  await played.pushForged();
  await played.watch("", () => played.elapsed() >= length);
  return played.finish();
}

class Played {
  readonly #options: PlayOptions;
  readonly #stage: Stage;
  readonly #extra: string[] = [];
  #began: number | undefined;
  #status: Status | undefined;
  #statusAt = 0;
  #tallies: readonly DeviceTally[] = [];
  #talliedAt = 0;
  #tallyCost = 0;
  #changes = UNCHANGED;

  constructor(options: PlayOptions) {
    this.#options = options;
    this.#stage = options.stage;
  }

  begin(): void {
    this.#began = performance.now();
  }

  elapsed(): number {
    return this.#began === undefined ? 0 : performance.now() - this.#began;
  }

  /** Shows what happens until the condition holds; false where it did not within the time. Ends early where the demo is stopped. */
  async watch(doing: string, until: () => boolean, withinMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    const from = performance.now();
    const waits = withinMs !== Number.POSITIVE_INFINITY;
    for (let shown = 0; ; ) {
      this.#checkAlive();
      if (until()) return true;
      if ((this.#options.stop.aborted && !waits) || performance.now() - from > withinMs) return false;
      if (performance.now() - shown >= FRAME_MS) {
        shown = performance.now();
        await this.#frame(doing);
      }
      await pause(10);
    }
  }

  /** As a hospital does with a box that was just plugged in. */
  async admitFirst(): Promise<void> {
    const { central, office } = this.#stage;
    const came = await this.watch("the gateway comes on line", () => central.birth() !== undefined, ONLINE_WITHIN_MS);
    if (!came) throw new RangeError(`The gateway did not come on line within ${ONLINE_WITHIN_MS / 1000} s.`);
    this.#options.say("Pushing the room's first admissions, signed by the hospital's key ...");
    const { code, said } = await office.pushFirst();
    if (code !== 0) throw new RangeError(`The first admissions were not applied: ${said}`);
  }

  async untilHolding(life: AgentLife): Promise<void> {
    const held = await this.watch("the agent starts", () => life.holdsAll(), OPEN_WITHIN_MS);
    if (!held) throw new RangeError(`The agent did not open its ports within ${OPEN_WITHIN_MS / 1000} s.\n${life.output()}`);
    if (this.#stage.lives.length > 1) return;
    // At its first start the devices wait until it reads them; later they go on as devices do.
    const reads = () => this.#status?.devices.every(({ phase }) => phase === "proving" || phase === "streaming") === true;
    const expected = this.#stage.books().length;
    await this.watch("the agent opens its ports", () => reads() && this.#status?.devices.length === expected, OPEN_WITHIN_MS);
  }

  async killAndRestart(): Promise<void> {
    const life = this.#stage.lives.at(-1)!;
    await this.watch("about to kill the agent", () => this.#isTelling(), 3000);
    const waiting = this.#stamped();
    await life.kill();
    const devices = this.#stage.books().length;
    this.#options.say(
      `kill -9: the agent is dead; of ${waiting} of ${devices} devices the last packet was only in its window. Starting it again ...`,
    );
    this.#status = undefined;
    await this.untilHolding(this.#stage.start());
  }

  async pushSigned(): Promise<void> {
    const signed = await pushSigned(this.#changing());
    this.#changes = { ...this.#changes, signed };
  }

  async pushForged(): Promise<void> {
    const { signed } = this.#changes;
    if (signed === undefined) return;
    const forged = await pushForged(this.#changing(), signed);
    this.#changes = { signed, forged };
  }

  #changing(): ChangeOptions {
    return {
      stage: this.#stage,
      elapsed: () => this.elapsed(),
      saw: (changes) => {
        this.#changes = changes;
      },
      watch: (doing, until, withinMs) => this.watch(doing, until, withinMs),
    };
  }

  /** Every device has been heard after the last kill. */
  heardSinceKill(): boolean {
    if (performance.now() - this.#talliedAt > FRAME_MS) this.#tally();
    const kills = this.#stage.lives.length - 1;
    return this.#tallies.every(({ absences }) => absences.filter(({ silent }) => silent !== undefined).length === kills);
  }

  /**
   * A moment at which a kill is worth most: what was stamped is not all delivered. And not while a unit has only just ended: how
   * long bytes take through socat and a busy machine would decide then, not the agent.
   */
  #isTelling(): boolean {
    const now = process.hrtime.bigint();
    const settled = this.#stage
      .books()
      .every(({ sent, breathless }) => breathless === true || now - (sent.at(-1)?.lastByteAt ?? 0n) > SETTLED_NS);
    return settled && this.#stamped() > 0;
  }

  /** Devices of which the last unit has not arrived yet. */
  #stamped(): number {
    const { records } = this.#stage.central;
    return this.#stage.books().filter(({ device, sent }) => {
      const last = sent.findLast(({ unit }) => Object.keys(unit.observations).length > 0);
      return (
        last !== undefined &&
        !records
          .slice(-RECENT)
          .some(
            (record) =>
              record.at >= last.firstByteAt &&
              isReport(record) &&
              record.device.device === device &&
              record.deviceTime === last.unit.deviceTime,
          )
      );
    }).length;
  }

  async finish(): Promise<Outcome> {
    const life = this.#stage.lives.at(-1)!;
    const { central } = this.#stage;
    await this.#quieten();
    await this.#drain();
    const status = await this.#ask();
    this.#options.say("Stopping the agent ...");
    const code = await life.stop();
    if (code !== 0) this.#extra.push(`the agent ended with ${code} at SIGTERM: ${life.output()}`);
    const dead = (): boolean => {
      const state = central.presence()?.state;
      return state?.kind === "death" && state.death.cause === DEATH_CAUSE.stopped;
    };
    await this.#until(dead, DEATH_WITHIN_MS);
    if (!dead()) this.#extra.push("the centre did not hear the gateway's own death");
    return this.#outcome(status);
  }

  #outcome(status: Status | undefined): Outcome {
    const { lives, central } = this.#stage;
    const tallies = this.#tally();
    const restarts = lives.length - 1;
    const changes = this.#changes;
    this.#options.show({ elapsedMs: this.elapsed(), tallies, status, restarts, changes, down: false, doing: "done" });
    const late = tallies.flatMap(({ device, absences }) =>
      absences
        .filter(({ silent, limit }) => silent === undefined || silent > limit)
        .map(({ silent, limit }) => `${device} was silent for ${milliseconds(silent)} after a kill, the limit was ${milliseconds(limit)}`),
    );
    const problems = [
      ...changeFaults(changes),
      ...this.#extra,
      ...late,
      ...central.broken,
      ...holes(this.#records()),
      ...lives.flatMap((life) => life.letGo().map((path) => `the agent let go of ${path}`)),
      ...(status === undefined ? ["the agent did not answer before it was stopped"] : []),
      ...(status?.faults.some(({ key }) => key === FORGED) === true ? [] : ["the agent does not show that it refused the forged change"]),
      // The devices were told to be silent, and the forged change stands at the broker.
      ...(status?.faults ?? [])
        .filter(({ key }) => key !== "session.silent" && key !== FORGED)
        .map(({ number, text, scope }) => `the agent has a fault: ${number} ${text} (${scope})`),
    ];
    return { tallies, unexplained: Math.abs(status?.unexplained ?? 0), restarts, changes, problems };
  }

  /** Every device stops when a unit of it has ended, so that nothing is cut. */
  async #quieten(): Promise<void> {
    const quiet = async ({ emulated }: Placed): Promise<void> => {
      const before = emulated.ledger.length;
      await this.#until(() => emulated.ledger.length > before, UNIT_WITHIN_MS, 1);
      emulated.pause();
    };
    await this.#frame("the devices stop, each at the end of a packet");
    // The one that is asked takes longest; the others would count as silent meanwhile.
    const slowestFirst = this.#stage.admitted().toSorted((a) => (a.part.speaks === "asked" ? -1 : 1));
    const [first, ...others] = slowestFirst;
    if (first !== undefined) await quiet(first);
    await Promise.all(others.map(quiet));
  }

  /** Until the ledgers are equal and the agent says that nothing waits; gives up where nothing moves any more. */
  async #drain(): Promise<void> {
    const { central } = this.#stage;
    const from = performance.now();
    let count = central.records.length;
    let moved = from;
    while (performance.now() - moved < DRAIN_STUCK_MS && performance.now() - from < DRAIN_WITHIN_MS) {
      await this.#frame("waiting until everything is delivered");
      if (this.#status !== undefined && waitingOf(this.#status) === 0 && this.#tally().every(({ lost }) => lost.length === 0)) return;
      await pause(100);
      if (central.records.length !== count) moved = performance.now();
      count = central.records.length;
    }
  }

  #records(): readonly Received[] {
    const { records } = this.#stage.central;
    if (!this.#options.sabotage) return records;
    const hidden = records.find((record) => isReport(record) && record.body.observations.length > 0);
    return records.filter((record) => record !== hidden);
  }

  #tally(): readonly DeviceTally[] {
    const from = performance.now();
    const records = this.#records();
    this.#tallies = this.#stage.books().map((book) => tally(book, records));
    this.#talliedAt = performance.now();
    this.#tallyCost = this.#talliedAt - from;
    return this.#tallies;
  }

  async #frame(doing: string): Promise<void> {
    const now = performance.now();
    // A demo that runs for hours counts more seldom.
    if (now - this.#talliedAt >= Math.max(TALLY_EVERY_MS, 50 * this.#tallyCost)) this.#tally();
    if (this.#status === undefined || now - this.#statusAt >= TALLY_EVERY_MS) this.#status = await this.#ask();
    const restarts = Math.max(0, this.#stage.lives.length - 1);
    const down = restarts > 0 && this.#stage.lives.at(-1)?.holdsAll() === false;
    const [tallies, status, changes] = [this.#tallies, this.#status, this.#changes];
    this.#options.show({ elapsedMs: this.elapsed(), tallies, status, restarts, changes, down, doing });
  }

  async #ask(): Promise<Status | undefined> {
    this.#statusAt = performance.now();
    try {
      return await askStatus(this.#stage.runtimeDir);
    } catch {
      // Fault agent.unreachable: it starts, or was killed just now.
      return undefined;
    }
  }

  #checkAlive(): void {
    const life = this.#stage.lives.at(-1);
    if (life === undefined || life.killedAt() !== undefined || !life.isOver()) return;
    throw new RangeError(`The agent ended by itself. Its last words:\n${life.output()}`);
  }

  async #until(holds: () => boolean, withinMs: number, everyMs = 10): Promise<void> {
    const from = performance.now();
    while (!holds() && performance.now() - from < withinMs) await pause(everyMs);
  }
}

/** More records than come in the time of a unit. */
const RECENT = 500;

const waitingOf = ({ ledger }: Status): number => Object.values(ledger).reduce((sum, { waiting }) => sum + waiting, 0);
const pause = (time: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, time));
