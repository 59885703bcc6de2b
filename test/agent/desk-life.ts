import { Desk, type DeskHooks } from "../../agent/configure/desk.ts";
import type { DocumentFile } from "../../agent/configure/document-file.ts";
import { JUDGE_EVERY } from "../../agent/configure/slot.ts";
import { nodeSignatures } from "../../agent/effects/node/signatures.ts";
import type { Envelope, TrustedKey } from "../../config/envelope/envelope.ts";
import { readSettings, type Settings } from "../../config/schema.ts";
import { encodeSignedDocument } from "../../proto/codec.ts";
import { envelopeOf, makeSigner, signEnvelope } from "../support/signing.ts";
import { type MemoryDisk, StillClock, settle } from "./fakes.ts";

export const STATE = "/state";
export const operations = makeSigner("ops-1", "operations");
export const biomedical = makeSigner("bio-1", "biomedical");
export const NOW = Date.parse("2026-12-01T00:00:00Z");

const read = readSettings({
  gateway: "gw-1",
  broker: { host: "broker", port: 8883, ca: "ca", cert: "cert", key: "key" },
});
if ("mistakes" in read) throw new TypeError(JSON.stringify(read.mistakes));
export const FILE: Settings = read.settings;

export const TRUST = [operations.trusted, biomedical.trusted];
type Begun = {
  readonly clock?: StillClock;
  readonly trust?: readonly TrustedKey[];
  readonly file?: Settings;
  readonly documents?: readonly DocumentFile[];
  readonly believed?: number;
  /** Admissions that the broker sends before the first turn. */
  readonly heard?: Uint8Array;
};
export const signed = (whole: Envelope): Uint8Array =>
  encodeSignedDocument(signEnvelope(whole, whole.kind === "settings" ? operations : biomedical));

/** One life of a gateway's desk, on a disk that outlives it. */
export class Life {
  readonly clock: StillClock;
  readonly applied: Settings[] = [];
  readonly faults = new Map<string, string>();
  readonly texts = new Map<string, string>();
  readonly told: string[] = [];
  /** What came of trying another broker. */
  probe: () => Promise<void> = () => Promise.resolve();
  probes = 0;
  raised = 0;
  believed: number | undefined = NOW;
  desk!: Desk;

  constructor(clock: StillClock) {
    this.clock = clock;
  }

  static async begin(disk: MemoryDisk, begun: Begun = {}): Promise<Life> {
    const { clock = new StillClock(), trust = TRUST, file = FILE, documents = [], believed = NOW } = begun;
    const life = new Life(clock);
    life.believed = believed;
    const effects = { disk, signatures: nodeSignatures() };
    life.desk = await Desk.open({ effects, stateDir: STATE, file, drivers: new Map([["nonin", ["9600 8N1"]]]), trust, documents });
    const hooks: DeskHooks = {
      believedNow: () => life.believed,
      madeAt: Date.parse("2026-01-01T00:00:00Z"),
      apply: (settings) => void life.applied.push(settings),
      probe: () => {
        life.probes += 1;
        return life.probe();
      },
      raise: (scope, fault) => {
        life.raised += 1;
        life.faults.set(scope, fault.key);
        life.texts.set(scope, fault.message);
      },
      clear: (scope) => void life.faults.delete(scope),
      changed: () => undefined,
      told: (kind, what) => void life.told.push(`${kind} ${what}`),
    };
    life.desk.begin(hooks);
    if (begun.heard !== undefined) life.desk.heard("admissions", begun.heard);
    await life.ticks();
    return life;
  }

  async ticks(count = 8): Promise<void> {
    for (let tick = 0; tick < count; tick++) {
      this.desk.tick(this.clock.now());
      await settle();
    }
  }

  async push(envelope: Partial<Envelope>): Promise<void> {
    const whole = envelopeOf(envelope);
    this.desk.heard(whole.kind, signed(whole));
    this.clock.pass(JUDGE_EVERY);
    await this.ticks();
  }

  status(kind: Envelope["kind"]): readonly [generation: number, status: number, refused: string | undefined] {
    const reported = this.desk.reported(kind)!;
    return [reported.generation, reported.status, reported.refusals[0]?.key];
  }
}

export const RULE = { when: { location: "usb-1" }, allow: true, device: "dv-1", driver: "nonin", socket: "ICU-1/A" };
export const ADMIT = { kind: "admissions", body: { rules: [RULE] } } as const;
export const MOVE = { body: { broker: { host: "other", port: 8884 } } } as const;
