import { type BodyValues, readBody } from "../../config/bodies.ts";
import { KINDS, type Kind, type TrustedKey } from "../../config/envelope/envelope.ts";
import { orderOf } from "../../config/envelope/generation.ts";
import type { KnownDrivers, Settings } from "../../config/schema.ts";
import { isDue, type Mono, Seconds } from "../../config/units.ts";
import { decodeSignedDocument } from "../../proto/codec.ts";
import type { Reported } from "../../proto/messages.ts";
import type { Effects } from "../effects/effects.ts";
import { asFault, Fault } from "../fault/fault.ts";
import { type Document, type Finding, judgeDocument, type Known } from "./document.ts";
import { type DocumentFile, filesOfKind, type GivenFile } from "./document-file.ts";
import { type Keep, marksOf, NOTHING_KEPT, type ReadKeep, readKept, writeKept } from "./keeping.ts";
import { Slot } from "./slot.ts";

export type DeskOptions = {
  readonly effects: Pick<Effects, "disk" | "signatures">;
  readonly stateDir: string;
  /** What the file says: it holds wherever no document says otherwise. */
  readonly file: Settings;
  readonly drivers: KnownDrivers;
  readonly trust: readonly TrustedKey[];
  /** Documents that lie on this box: each is taken as if it had been pushed. */
  readonly documents: readonly DocumentFile[];
};

export type DeskHooks = {
  /** Milliseconds since 1970; undefined while the clock is not believed. */
  readonly believedNow: () => number | undefined;
  /** When this program was made, in milliseconds since 1970. */
  readonly madeAt: number;
  readonly apply: (settings: Settings) => void;
  /** Tries the broker of these settings beside the one that is used: see `Uplink.probe`. Throws Fault where it does not pass. */
  readonly probe: (settings: Settings, isDocument: (bytes: Uint8Array) => boolean) => Promise<void>;
  readonly raise: (scope: string, fault: Fault) => void;
  readonly clear: (scope: string) => void;
  readonly changed: (kind: Kind) => void;
  readonly told: (kind: Kind, what: string, document: string) => void;
};

/** What the disk refused at the start is tried again so often. */
const READ_AGAIN = Seconds(5);

type Kept = ReadKeep & {
  readonly fault: Fault | undefined;
  /** The disk refused: it may still say. Until then nothing is written over what it has. */
  readonly unread: boolean;
};

/** Where desired documents come in, and what runs because of them. */
export class Desk {
  readonly #options: DeskOptions;
  readonly #kept: Record<Kind, Kept>;
  /** Writings of each kind so far, those of earlier runs among them. */
  readonly #written: Record<Kind, number>;
  #hooks: DeskHooks | undefined;
  #againAt: Mono | undefined;
  #slots: Readonly<Record<Kind, Slot>> | undefined;
  #values: Partial<Record<Kind, BodyValues>> = {};

  private constructor(options: DeskOptions, kept: Record<Kind, Kept>) {
    this.#options = options;
    this.#kept = kept;
    this.#written = { settings: kept.settings.written, admissions: kept.admissions.written };
    for (const kind of KINDS) this.#take(kind, kept[kind].record.active);
  }

  /** Reads what the runs before kept. A disk that refuses stops nothing: the file's settings hold meanwhile. */
  static async open(options: DeskOptions): Promise<Desk> {
    const [settings, admissions] = await Promise.all(KINDS.map((kind) => readOne(options, kind)));
    return new Desk(options, { settings: settings!, admissions: admissions! });
  }

  /** What holds now: the file, and over it the documents. */
  get settings(): Settings {
    return this.#with(this.#values);
  }

  #with({ settings, admissions }: Partial<Record<Kind, BodyValues>>): Settings {
    const { file } = this.#options;
    const broker = settings === this.#kept.settings.record.active?.values && this.#isOverruled() ? undefined : settings?.broker;
    return { ...file, ...settings, ...admissions, broker: { ...file.broker, ...broker } };
  }

  /** Somebody has edited the file's broker since the settings came that are kept: a person at the box brings it back so. */
  #isOverruled(): boolean {
    const { file } = this.#options;
    const { record, over } = this.#kept.settings;
    const named = record.active?.values.broker;
    const isSame = named === undefined || brokerOf({ ...file.broker, ...named }) === brokerOf(file.broker);
    return !isSame && over !== undefined && over !== brokerOf(file.broker);
  }

  /** From here on documents are taken. */
  begin(hooks: DeskHooks): void {
    this.#hooks = hooks;
    for (const kind of KINDS) {
      const { fault, single, record } = this.#kept[kind];
      if (fault !== undefined) hooks.raise(`kept ${kind}`, fault);
      if (single) hooks.told(kind, "second copy written anew", record.active?.id ?? "");
    }
    for (const one of this.#options.documents) if ("fault" in one) hooks.raise(scopeOfFile(one.path), one.fault);
    if (this.#isOverruled())
      hooks.raise("kept settings", new Fault(OVERRULED.key, `The signed settings' broker is not used: ${OVERRULED.text}`));
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

  #readAgain(now: Mono): void {
    if (!isDue(this.#againAt, READ_AGAIN, now)) return;
    this.#againAt = now;
    for (const kind of KINDS) if (this.#kept[kind].unread) void readOne(this.#options, kind).then((kept) => this.#takeOver(kind, kept));
  }

  /** What the disk shows at last holds, unless something later has come from the centre: a generation never goes back. */
  #takeOver(kind: Kind, kept: Kept): void {
    const [hooks, slots] = [this.#hooks, this.#slots];
    if (hooks === undefined || slots === undefined || kept.unread || !this.#kept[kind].unread) return;
    this.#kept[kind] = kept;
    this.#written[kind] = kept.written;
    hooks.clear(`kept ${kind}`);
    if (kept.fault !== undefined) hooks.raise(`kept ${kind}`, kept.fault);
    const { newest } = slots[kind];
    const { record, floor } = kept;
    const isLater = newest !== undefined && orderOf(newest, record.active, marksOf(record.refused), floor) === "newer";
    if (!isLater) {
      const slot = this.#slot(kind, hooks);
      this.#slots = { ...slots, [kind]: slot };
      // What came from a file is among the slot's own.
      if (newest !== undefined && !this.#files(kind).some(({ bytes }) => bytes === newest.bytes)) slot.heard(newest.bytes);
    }
    hooks.changed(kind);
  }

  #files(kind: Kind): readonly GivenFile[] {
    return filesOfKind(kind, this.#options.documents);
  }

  #slot(kind: Kind, hooks: DeskHooks): Slot {
    const { file } = this.#options;
    return new Slot({
      kind,
      gateway: file.gateway,
      record: this.#kept[kind].record,
      floor: this.#kept[kind].floor,
      files: this.#files(kind),
      remark: kind === "settings" && this.#isOverruled() ? OVERRULED : undefined,
      known: () => knownTo(this.#options, kind, hooks.believedNow() ?? this.#leastNow(hooks.madeAt)),
      needsTrial: ({ values }) => kind === "settings" && this.#movesBroker(values),
      probe: (document) => this.#probe(document, hooks),
      store: (record, floor) => this.#store(kind, { record, floor, over: this.#over(kind, record) }),
      apply: (document) => {
        this.#take(kind, document);
        hooks.apply(this.settings);
      },
      raise: (fault) => hooks.raise("file" in fault.context ? scopeOfFile(String(fault.context.file)) : `document ${kind}`, fault),
      clear: () => hooks.clear(`document ${kind}`),
      changed: () => hooks.changed(kind),
      told: (what, document) => {
        if (what === "kept") hooks.clear(`kept ${kind}`);
        hooks.told(kind, what, document);
      },
    });
  }

  /** What the file says now is written beside what came now; what runs since before keeps what the file said then. */
  #over(kind: Kind, { active }: Keep["record"]): string | undefined {
    const { record, over } = this.#kept[kind];
    if (active !== undefined && active.id === record.active?.id) return over;
    return kind === "settings" ? brokerOf(this.#options.file.broker) : undefined;
  }

  async #store(kind: Kind, keep: Keep): Promise<void> {
    if (this.#kept[kind].unread) throw new Fault("disk.failed", `What was kept of the ${kind} cannot be read yet, and is not written over`);
    this.#written[kind] += 1;
    await writeKept(this.#options.effects.disk, this.#options.stateDir, kind, { ...keep, written: this.#written[kind] });
  }

  #probe({ values, sha256 }: Document, { probe }: DeskHooks): Promise<void> {
    const { signatures } = this.#options.effects;
    return probe(this.#with({ ...this.#values, settings: values }), (bytes) => {
      const signed = decodeSignedDocument(bytes);
      return signed !== undefined && signatures.sha256(signed.payload) === sha256;
    });
  }

  /** No earlier time is right: this program was made before, and what runs was signed before. */
  #leastNow(madeAt: number): number {
    const signed = KINDS.map((kind) => this.#slots?.[kind].running).map((one) => (one === undefined ? 0 : Date.parse(one.envelope.issued)));
    return Math.max(madeAt, ...signed);
  }

  #take(kind: Kind, document: Document | undefined): void {
    this.#values = { ...this.#values, [kind]: document?.values };
  }

  #movesBroker({ broker }: BodyValues): boolean {
    return brokerOf({ ...this.#options.file.broker, ...broker }) !== brokerOf(this.settings.broker);
  }
}

const healLater = (caught: unknown): void => void asFault(caught, "disk.failed", "The second copy cannot be written anew");

const scopeOfFile = (path: string): string => `document file ${path}`;

const brokerOf = ({ host, port }: Pick<Settings["broker"], "host" | "port">): string => `${host}:${port}`;

const OVERRULED: Finding = {
  key: "document.over_by_file",
  path: "broker",
  text: "the file on the box names another broker than when this came, and the file holds",
};

function knownTo(
  { file, trust, drivers, effects }: DeskOptions,
  kind: Kind,
  now: number | undefined,
): Omit<Known, "running" | "refused" | "floor"> {
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
  const known: Known = { ...knownTo(options, kind, undefined), running: undefined, floor: undefined, refused: [] };
  try {
    const kept = await readKept(effects.disk, stateDir, kind, (bytes) => judgeDocument(bytes, known));
    const fault = kept.lost ? new Fault("document.lost", `What was kept of the ${kind} does not hold any more`, { kind }) : undefined;
    // A copy that cannot be written anew now is written with the next document.
    if (kept.single && !kept.lost) await writeKept(effects.disk, stateDir, kind, { ...kept, written: kept.written + 1 }).catch(healLater);
    return { ...kept, written: kept.written + 1, fault, unread: false };
  } catch (caught) {
    const why = asFault(caught, "disk.failed", `What was kept of the ${kind} cannot be read`);
    const fault = new Fault("document.lost", `What was kept of the ${kind} cannot be read: ${why.message}`, { kind }, { cause: caught });
    return { ...NOTHING_KEPT, written: 0, lost: false, single: false, fault, unread: true };
  }
}
