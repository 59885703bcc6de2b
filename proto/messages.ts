/**
 * The messages of proto/bedside/v1 as plain values. What a field means is said in the .proto files, not again here.
 * An optional field that is missing is 0, false, "" or empty. Enumerations are numbers, so that one of a newer version is kept;
 * the tables below name those known now. Counters and times are safe integers; `run` and `mantissa` are bigint, all 64 bits of them.
 */

export const STREAM = { alert: 1, event: 2, report: 3, wave: 4 } as const;
export const CLOCK_QUALITY = { unsynced: 1, holdover: 2, synced: 3 } as const;
export const MODE = { real: 1, test: 2 } as const;
export const IDENTITY = { socket: 1, adapter: 2, protocol: 3, cryptographic: 4 } as const;
export const CONFIDENCE = { A: 0, B: 1, C: 2 } as const;
export const CATEGORY = { measurement: 1, setting: 2, condition: 3, state: 4 } as const;
export const VALIDITY = {
  valid: 0,
  invalid: 1,
  not_available: 2,
  questionable: 3,
  calibration_ongoing: 4,
  overflow: 5,
  underflow: 6,
  validated: 7,
  measurement_ongoing: 8,
} as const;
export const EDGE = { onset: 1, clear: 2, change: 3 } as const;
export const CAUSE = { device: 0, start: 1 } as const;
export const NATURE = { physiological: 1, technical: 2 } as const;
export const PRIORITY = { information: 1, low: 2, medium: 3, high: 4 } as const;
export const RUN_END = { clean: 1, killed: 2, power: 3 } as const;
export const VERDICT = { allow: 1, block: 2, reject: 3 } as const;
export const DEATH_CAUSE = { lost: 1, stopped: 2 } as const;
export const LIVENESS = { streaming: 1, silent: 2, gone: 3, quarantined: 4 } as const;
export const DOCUMENT_STATUS = { none: 1, trial: 2, applied: 3, reverted: 4 } as const;

type Facts = Readonly<Record<string, string>>;

// ── record.proto ──

export type Batch = {
  readonly head?: Head;
  readonly devices: readonly Device[];
  readonly metrics: readonly Metric[];
  readonly records: readonly WireRecord[];
  /** The last of its checks; missing also where that is 0. */
  readonly check?: number;
};
export type Head = {
  readonly gateway: string;
  readonly run: bigint;
  readonly stream: number;
  readonly bootId: Uint8Array;
  readonly clock?: ClockMapping;
};
export type ClockMapping = {
  readonly monoUs: number;
  readonly utcUs: number;
  readonly quality: number;
  readonly uncertaintyUs?: number;
  readonly source?: string;
};
export type DeviceClock = {
  readonly offsetUs: number;
  readonly boundUs: number;
  readonly against?: ClockMapping;
  readonly stepUs?: number;
  readonly stepAfterUs?: number;
};
export type Device = {
  readonly epoch: number;
  readonly device?: string;
  readonly socket?: string;
  readonly node?: readonly string[];
  readonly mode?: number;
  readonly identity?: number;
  readonly contested?: boolean;
};
export type Metric = {
  readonly id: number;
  readonly code?: number;
  readonly refid: string;
  readonly unit?: number;
  readonly ucum?: string;
  readonly name?: string;
  readonly confidence?: number;
  readonly category?: number;
  readonly rateSamples?: number;
  readonly rateSeconds?: number;
  readonly scale?: Scale;
  readonly unitConfidence?: number;
  readonly unitRefid?: string;
};
export type Scale = { readonly low: ScalePoint; readonly high: ScalePoint };
export type ScalePoint = { readonly raw: number; readonly physical: Decimal };
export type Decimal = { readonly mantissa: bigint; readonly exponent: number };

/** `Record` of the .proto; TypeScript has a `Record` of its own. */
export type WireRecord = {
  readonly epoch: number;
  readonly n: number;
  readonly atUs: number;
  readonly deviceTime?: string;
  readonly body: Body;
};
/** "unknown": none that this version can read. Decoded only, never encoded. */
export type Body =
  | { readonly kind: "report"; readonly report: Report }
  | { readonly kind: "wave"; readonly wave: WaveBlock }
  | { readonly kind: "alert"; readonly alert: Alert }
  | { readonly kind: "event"; readonly event: Event }
  | { readonly kind: "unknown" };

export type Report = { readonly observations: readonly Observation[]; readonly unreadable?: readonly Unreadable[] };
export type Observation = {
  readonly metric: number;
  /** Missing: absent, and validity says why. */
  readonly value?: Value;
  readonly wordCode?: number;
  readonly validity?: number;
  readonly reason?: string;
  readonly demo?: boolean;
  readonly stored?: boolean;
  readonly qualifiers?: readonly string[];
};
export type Value =
  | { readonly kind: "decimal"; readonly decimal: Decimal }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "compound"; readonly compound: { readonly parts: readonly Observation[] } };
export type Unreadable = { readonly bytes: number; readonly reason?: string; readonly about?: string };

export type WaveBlock = {
  readonly metric: number;
  readonly first: number;
  /** Raw integers as the device sent them, each strictly within ±2^30; the wire carries their steps. */
  readonly samples: readonly number[];
  readonly gapBefore?: boolean;
  readonly validity?: number;
  readonly reason?: string;
  readonly demo?: boolean;
  readonly annotations?: readonly { readonly sample: number; readonly text: string }[];
  readonly absent?: number;
  readonly qualifiers?: readonly string[];
};
export type Alert = {
  readonly metric: number;
  readonly edge: number;
  readonly cause?: number;
  readonly nature?: number;
  readonly priority?: number;
  readonly word?: string;
  readonly on?: string;
  readonly devicePriority?: string;
  readonly demo?: boolean;
  readonly qualifiers?: readonly string[];
};

/** "unknown": none that this version can read. Decoded only, never encoded. */
export type Event =
  | { readonly kind: "gap"; readonly gap: Gap }
  | { readonly kind: "runEnded"; readonly runEnded: RunEnded }
  | { readonly kind: "clockMapping"; readonly clockMapping: ClockMapping }
  | { readonly kind: "epochBegan"; readonly epochBegan: EpochBegan }
  | { readonly kind: "epochEnded"; readonly epochEnded: EpochEnded }
  | { readonly kind: "admission"; readonly admission: Admission }
  | { readonly kind: "identityLearned"; readonly identityLearned: { readonly facts: Facts } }
  | { readonly kind: "discards"; readonly discards: Discards }
  | { readonly kind: "fault"; readonly fault: FaultRaised }
  | { readonly kind: "deviceClock"; readonly deviceClock: DeviceClock }
  | { readonly kind: "unknown" };
export type Gap = {
  readonly run: bigint;
  readonly epoch: number;
  readonly stream: number;
  readonly nFirst: number;
  readonly nLast: number;
  readonly reason: string;
};
export type RunEnded = { readonly run: bigint; readonly how: number; readonly windowMs?: number; readonly last: readonly LastKnown[] };
export type LastKnown = { readonly epoch: number; readonly stream: number; readonly n: number };
export type EpochBegan = { readonly location: string; readonly driver?: string; readonly facts?: Facts };
export type EpochEnded = { readonly reason: string; readonly last: readonly LastKnown[] };
export type Admission = {
  readonly location: string;
  readonly path?: string;
  readonly verdict: number;
  readonly rule?: string;
  readonly reasons: readonly string[];
  readonly device?: string;
  readonly facts?: Facts;
};
export type Discards = {
  readonly location: string;
  readonly bytes?: number;
  readonly framesBroken?: number;
  readonly reason: string;
  readonly readings?: number;
  readonly about?: string;
};
export type FaultRaised = {
  readonly key: string;
  readonly number?: string;
  readonly text?: string;
  readonly ended?: boolean;
  readonly location?: string;
};

// ── state.proto ──

export type Presence = {
  readonly gateway: string;
  readonly run: bigint;
  readonly startCount: number;
  readonly connection: number;
  readonly state:
    | { readonly kind: "birth"; readonly birth: Birth }
    | { readonly kind: "death"; readonly death: { readonly cause: number } }
    | { readonly kind: "unknown" };
};
export type Birth = {
  readonly nonce: Uint8Array;
  readonly version: string;
  readonly bootId: Uint8Array;
  readonly clock?: ClockMapping;
  readonly devices: readonly DeviceState[];
  readonly ports: readonly Admission[];
  readonly description?: string;
};
export type DeviceState = {
  readonly device?: Device;
  readonly liveness: number;
  readonly sinceUs: number;
  readonly conditions?: readonly ActiveCondition[];
  readonly facts?: Facts;
  readonly location?: string;
  readonly driver?: string;
  readonly deviceClock?: DeviceClock;
};
export type ActiveCondition = {
  readonly refid: string;
  readonly code?: number;
  readonly word?: string;
  readonly nature?: number;
  readonly on?: string;
  readonly name?: string;
  readonly priority?: number;
  readonly devicePriority?: string;
  readonly demo?: boolean;
  readonly qualifiers?: readonly string[];
  readonly confidence?: number;
};
export type Health = {
  readonly gateway: string;
  readonly run: bigint;
  readonly connection: number;
  readonly uptimeMs: number;
  readonly clock?: ClockMapping;
  readonly ledger?: Ledger;
  readonly spool?: SpoolHealth;
  readonly residentBytes?: number;
  readonly hostFreeBytes?: number;
  readonly faults?: readonly string[];
  readonly ports?: readonly PortHealth[];
  readonly startCount?: number;
};
export type Ledger = { readonly streams: readonly StreamLedger[]; readonly unexplained: number };
export type StreamLedger = {
  readonly stream: number;
  readonly made: number;
  readonly adopted: number;
  readonly delivered: number;
  readonly dropped: number;
  readonly waiting: number;
  readonly expired?: number;
};
export type SpoolHealth = {
  readonly ringBytes: number;
  readonly flashBytes: number;
  readonly flashWrittenBytes: number;
  readonly windowMs: number;
  readonly degraded: boolean;
};
export type PortHealth = {
  readonly location: string;
  readonly bytes: number;
  readonly frames: number;
  readonly discarded: number;
  readonly pending: number;
  readonly framed?: number;
};

// ── config.proto ──

export type SignedDocument = { readonly payload: Uint8Array; readonly signatures: readonly Signature[] };
export type Signature = { readonly keyId: string; readonly role: string; readonly ed25519: Uint8Array };
export type Reported = {
  readonly gateway: string;
  readonly kind: string;
  readonly generation: number;
  readonly sha256: Uint8Array;
  readonly status: number;
  readonly refusals: readonly Refusal[];
};
export type Refusal = {
  readonly generation: number;
  readonly sha256: Uint8Array;
  readonly key: string;
  readonly path?: string;
  readonly text?: string;
};
