import { type BodyValues, readBody } from "../../config/bodies.ts";
import { KINDS, type Kind, type TrustedKey } from "../../config/envelope/envelope.ts";
import type { Settings } from "../../config/schema.ts";
import { after, elapsed, type Mono, Seconds } from "../../config/units.ts";
import type { Reported } from "../../proto/messages.ts";
import type { Effects } from "../effects/effects.ts";
import { asFault, Fault } from "../fault/fault.ts";
import type { TrialRecord } from "../trial/trial.ts";
import { type Document, judgeDocument, type Known } from "./document.ts";
import { readKept, writeKept } from "./keeping.ts";
import { Slot } from "./slot.ts";

export type DeskOptions = {
  readonly effects: Pick<Effects, "disk" | "signatures">;
  readonly stateDir: string;
  /** What the file says: it holds wherever no document says otherwise. */
  readonly file: Settings;
  readonly drivers: readonly string[];
  readonly trust: readonly TrustedKey[];
};

export type DeskHooks = {
  /** Milliseconds since 1970; undefined while the clock is not believed. */
  readonly believedNow: () => number | undefined;
  readonly apply: (settings: Settings) => void;
  readonly raise: (scope: string, fault: Fault) => void;
  readonly clear: (scope: string) => void;
  readonly changed: (kind: Kind) => void;
  readonly told: (kind: Kind, what: string, document: string) => void;
};

/** What the disk refused at the start is tried again so often. */
const READ_AGAIN = Seconds(5);

type Kept = {
  readonly record: TrialRecord<Document>;
  readonly fault: Fault | undefined;
  /** The disk refused: it may still say. */
  readonly unread: boolean;
};

/** Where desired documents come in, and what runs because of them. */
export class Desk {
  readonly #options: DeskOptions;
  readonly #kept: Record<Kind, Kept>;
  #hooks: DeskHooks | undefined;
  #againAt: Mono | undefined;
  #slots: Readonly<Record<Kind, Slot>> | undefined;
  #values: Partial<Record<Kind, BodyValues>> = {};

  private constructor(options: DeskOptions, kept: Record<Kind, Kept>) {
    this.#options = options;
    this.#kept = kept;
    for (const kind of KINDS) this.#take(kind, kept[kind].record.active);
  }

  /** Reads what the runs before kept. A disk that refuses stops nothing: the file's settings hold meanwhile. */
  static async open(options: DeskOptions): Promise<Desk> {
    const [settings, admissions] = await Promise.all(KINDS.map((kind) => readOne(options, kind)));
    return new Desk(options, { settings: settings!, admissions: admissions! });
  }

  /** What holds now: the file, and over it the documents. */
  get settings(): Settings {
    const { file } = this.#options;
    const { settings, admissions } = this.#values;
    return { ...file, ...settings, ...admissions, broker: { ...file.broker, ...settings?.broker } };
  }

  /** From here on documents are taken. */
  begin(hooks: DeskHooks): void {
    this.#hooks = hooks;
    for (const kind of KINDS) {
      const { fault } = this.#kept[kind];
      if (fault !== undefined) hooks.raise(`kept ${kind}`, fault);
    }
    this.#slots = { settings: this.#slot("settings", hooks), admissions: this.#slot("admissions", hooks) };
  }

  heard(kind: Kind, bytes: Uint8Array): void {
    // What was retained is cleared by an empty message: what runs goes on.
    if (bytes.length === 0) return;
    this.#slots?.[kind].heard(bytes);
  }

  tick(now: Mono): void {
    if (KINDS.some((kind) => this.#kept[kind].unread)) this.#readAgain(now);
    for (const kind of KINDS) this.#slots?.[kind].tick(now);
  }

  /** A round trip over the settings that are on trial. */
  proved(): void {
    this.#slots?.settings.proved();
  }

  reported(kind: Kind): Reported | undefined {
    return this.#slots?.[kind].reported();
  }

  /** What the disk refused at the start is taken over when it can be read, unless something came from the centre meanwhile. */
  #readAgain(now: Mono): void {
    if (this.#againAt !== undefined && elapsed(this.#againAt, now) < 0) return;
    this.#againAt = after(now, READ_AGAIN);
    for (const kind of KINDS) if (this.#kept[kind].unread) void readOne(this.#options, kind).then((kept) => this.#takeOver(kind, kept));
  }

  #takeOver(kind: Kind, kept: Kept): void {
    const [hooks, slots] = [this.#hooks, this.#slots];
    if (hooks === undefined || slots === undefined || kept.unread || !this.#kept[kind].unread) return;
    this.#kept[kind] = kept;
    hooks.clear(`kept ${kind}`);
    if (kept.fault !== undefined) hooks.raise(`kept ${kind}`, kept.fault);
    if (slots[kind].idle) this.#slots = { ...slots, [kind]: this.#slot(kind, hooks) };
    hooks.changed(kind);
  }

  #slot(kind: Kind, hooks: DeskHooks): Slot {
    const { effects, stateDir, file } = this.#options;
    return new Slot({
      kind,
      gateway: file.gateway,
      record: this.#kept[kind].record,
      known: () => knownTo(this.#options, kind, hooks.believedNow()),
      needsTrial: ({ values }) => kind === "settings" && this.#movesBroker(values),
      store: (record) => writeKept(effects.disk, stateDir, kind, record),
      apply: (document) => {
        this.#take(kind, document);
        hooks.apply(this.settings);
      },
      raise: (fault) => hooks.raise(`document ${kind}`, fault),
      clear: () => hooks.clear(`document ${kind}`),
      changed: () => hooks.changed(kind),
      told: (what, document) => {
        if (what === "kept") hooks.clear(`kept ${kind}`);
        hooks.told(kind, what, document);
      },
    });
  }

  #take(kind: Kind, document: Document | undefined): void {
    this.#values = { ...this.#values, [kind]: document?.values };
  }

  #movesBroker({ broker }: BodyValues): boolean {
    const wanted = { ...this.#options.file.broker, ...broker };
    const { host, port } = this.settings.broker;
    return wanted.host !== host || wanted.port !== port;
  }
}

function knownTo({ file, trust, drivers, effects }: DeskOptions, kind: Kind, now: number | undefined): Omit<Known, "running" | "refused"> {
  return {
    kind,
    gateway: file.gateway,
    keys: trust,
    verify: effects.signatures.verify,
    sha256: effects.signatures.sha256,
    now,
    readBody: (body) => readBody(kind, body, { drivers }),
  };
}

async function readOne(options: DeskOptions, kind: Kind): Promise<Kept> {
  const { effects, stateDir } = options;
  // What ran goes on when it has expired: expiry ends the taking, not the running.
  const known: Known = { ...knownTo(options, kind, undefined), running: undefined, refused: [] };
  try {
    const { record, lost } = await readKept(effects.disk, stateDir, kind, (bytes) => judgeDocument(bytes, known));
    const fault = lost ? new Fault("document.lost", `What was kept of the ${kind} does not hold any more`, { kind }) : undefined;
    return { record, fault, unread: false };
  } catch (caught) {
    const why = asFault(caught, "disk.failed", `What was kept of the ${kind} cannot be read`);
    const fault = new Fault("document.lost", `What was kept of the ${kind} cannot be read: ${why.message}`, { kind }, { cause: caught });
    return { record: { active: undefined, candidate: undefined, refused: [] }, fault, unread: true };
  }
}
