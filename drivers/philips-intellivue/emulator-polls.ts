import type { Alert } from "./emulator-attributes.ts";
import * as attributes from "./emulator-attributes.ts";
import { hex, type Piece } from "./emulator-bytes.ts";
import { CANARY, patientAttributes } from "./emulator-identity.ts";
import {
  ACTION,
  type Attribute,
  attributeList,
  CLASS,
  type Context,
  type PollHead,
  type PollRequest,
  pollMessage,
} from "./emulator-message.ts";
import { NUMERICS, type NumericRow, type PartRow, WAVES, type WaveRow } from "./emulator-objects.table.ts";
import { alertsOf, isGone, type Patient, valuesOf } from "./emulator-patient.ts";
import { alertsTold, NOTHING_TOLD, nameOf, type Told, valueTold } from "./emulator-told.ts";

/** Answers to polls: which objects, which attributes of them, and how they are spread over messages. */

export const TICKS_A_MS = 8;
export const CYCLE_TICKS = { slow: 8192, wave: 2048 } as const;
/** A message holds at most so many objects, whatever the MTU. */
const OBJECTS_MAX = 10;
/** Header of a frame and of a result in front of the objects, at most. */
const OVERHEAD_BYTES = 80;
const GROUP = { all: 0, alerts: 0x0801, observed: 0x0803, demographics: 0x0807, dynamic: 0x0810, fixed: 0x0811 } as const;
const ALERT_HANDLE = 0x8401;
const DEMOGRAPHICS_HANDLE = 0x5001;
/** This wave is named only in the fifth block, as some of the recorded ones are. */
export const NAMED_LATE = { handle: 0x02b8, cycle: 4 } as const;

/** What the client has been told in this association. */
export type Known = {
  /** Handles whose static attributes were sent. */
  readonly named: readonly number[];
  /** Handles that had an observed value in the cycle before. */
  readonly valued: readonly number[];
  /** Rows of the alarm table that stood in the last lists. */
  readonly raised: readonly number[];
};
export type Cycle = {
  readonly request: PollRequest;
  readonly patient: Patient;
  readonly language: 0 | 1;
  /** Labels on the wave priority list. */
  readonly priority: readonly number[];
  /** Number of the cycle, and its time, in ticks since the monitor's start and on its clock. */
  readonly cycle: number;
  readonly since: number;
  readonly time: number;
  readonly mtu: number;
  readonly memory: "needed" | "spared";
  readonly patientTold: "asked" | "unasked";
  readonly known: Known;
  /** Attributes of the monitor itself. */
  readonly system: readonly Attribute[];
};
type Answered = {
  readonly context: number;
  readonly handle: number;
  readonly attributes: readonly Attribute[];
  readonly told: Told;
};
export type Message = { readonly bytes: Piece; readonly told: Told };

export function cycleMessages(cycle: Cycle): readonly [messages: readonly Message[], known: Known] {
  const [objects, known] = objectsOf(cycle);
  const messages = spread(cycle, objects);
  if (cycle.patientTold === "asked" || cycle.request.class !== CLASS.alerts) return [messages, known];
  const head = headOf({ ...cycle, request: { ...cycle.request, class: CLASS.demographics, group: GROUP.demographics } });
  return [[...messages, { bytes: pollMessage(head, contextsOf([demographics()])), told: NOTHING_TOLD }], known];
}

function objectsOf(cycle: Cycle): readonly [objects: readonly Answered[], known: Known] {
  switch (cycle.request.class) {
    case CLASS.numeric:
      return numerics(cycle);
    case CLASS.wave:
      return waves(cycle);
    case CLASS.alerts:
      return alertMonitor(cycle);
    case CLASS.demographics:
      return [[demographics()], cycle.known];
    case CLASS.mds:
      return [[{ context: 0, handle: 0, attributes: cycle.system, told: NOTHING_TOLD }], cycle.known];
  }
  return [[], cycle.known];
}

const wantsStatic = ({ request: { group } }: Cycle): boolean => group === GROUP.all || group === GROUP.fixed;
const wantsValues = ({ request: { group } }: Cycle): boolean => group !== GROUP.fixed;
/** Static attributes come once: in the first cycle of a poll, or when the object is new. */
function isIntroduced(cycle: Cycle, handle: number): boolean {
  if (!wantsStatic(cycle)) return false;
  if (cycle.memory === "spared") return true;
  const named = cycle.known.named.includes(handle);
  if (handle === NAMED_LATE.handle && !named) return cycle.cycle >= NAMED_LATE.cycle || cycle.request.action === ACTION.single;
  return cycle.cycle === 0 || !named;
}
const withHandle = (handles: readonly number[], handle: number, has: "in" | "out"): readonly number[] =>
  has === "out" ? handles.filter((one) => one !== handle) : handles.includes(handle) ? handles : [...handles, handle];

// ── Numerics ────────────────────────────────────────────────────────────────────────────────────────────────────────

function numerics(cycle: Cycle): readonly [readonly Answered[], Known] {
  let known = cycle.known;
  const objects = NUMERICS.flatMap((row): readonly Answered[] => {
    const { handle, context } = row;
    if (isGone(cycle.patient, handle)) {
      known = { ...known, named: withHandle(known.named, handle, "out"), valued: withHandle(known.valued, handle, "out") };
      return [];
    }
    const introduced = isIntroduced(cycle, handle);
    const fixed = introduced ? fixedOf(row, cycle.language) : [];
    const values = wantsValues(cycle) ? valuesOf(cycle.patient, row) : [];
    const observations = values.length > 0 ? values.map((value) => [nameOf(value.physio), valueTold(value)]) : missing(row, cycle);
    known = {
      ...known,
      named: introduced ? withHandle(known.named, handle, "in") : known.named,
      valued: wantsValues(cycle) ? withHandle(known.valued, handle, values.length > 0 ? "in" : "out") : known.valued,
    };
    const [first] = values;
    const observed = first === undefined ? [] : [values.length === 1 ? attributes.numeric(first) : attributes.compoundNumeric(values)];
    return [
      { context, handle, attributes: [...fixed, ...observed], told: { ...NOTHING_TOLD, observations: Object.fromEntries(observations) } },
    ];
  });
  return [objects, known];
}

/** IV-4: a value that was there in the cycle before and is not: told once. */
const missing = ({ handle, parts }: NumericRow, cycle: Cycle): readonly (readonly [string, null])[] =>
  cycle.memory === "needed" && wantsValues(cycle) && cycle.known.valued.includes(handle) ? nothingOf(parts) : [];
const nothingOf = (parts: readonly PartRow[]) => parts.map(([physio]) => [nameOf(physio), null] as const);

/** IV-4: what had a value and is no object any more: told when the whole answer is over. */
function lackingTold(cycle: Cycle, objects: readonly Answered[]): Told {
  const sent = objects.map(({ handle }) => handle);
  const isLacking = ({ handle }: NumericRow): boolean => cycle.known.valued.includes(handle) && !sent.includes(handle);
  if (cycle.request.class !== CLASS.numeric || cycle.memory === "spared" || !wantsValues(cycle)) return NOTHING_TOLD;
  return { ...NOTHING_TOLD, observations: Object.fromEntries(NUMERICS.filter(isLacking).flatMap(({ parts }) => nothingOf(parts))) };
}

const fixedOf = ({ handle, label, names }: NumericRow, language: 0 | 1): readonly Attribute[] => [
  attributes.handle(handle),
  attributes.type(CLASS.numeric),
  attributes.metricSpec(CYCLE_TICKS.slow, attributes.NUMERIC_SPEC),
  attributes.label(label),
  attributes.labelString(names[language]),
];

// ── Waves ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function waves(cycle: Cycle): readonly [readonly Answered[], Known] {
  let { named } = cycle.known;
  const objects = WAVES.filter(({ label }) => cycle.priority.includes(label)).map((row): Answered => {
    const introduced = isIntroduced(cycle, row.handle);
    if (introduced) named = withHandle(named, row.handle, "in");
    const parts = row.parts.map((part) => ({ physio: part[0], state: cycle.patient.mode, samples: samplesOf(row, part, cycle.since) }));
    const observed = parts.length === 1 ? attributes.samples(parts[0]!) : attributes.compoundSamples(parts);
    // IV-7: samples whose layout has not been sent cannot be read.
    const readable = wantsValues(cycle) && named.includes(row.handle);
    return {
      context: row.context,
      handle: row.handle,
      attributes: [...(introduced ? layoutOf(row, cycle.language) : []), ...(wantsValues(cycle) ? [observed] : [])],
      told: readable
        ? { ...NOTHING_TOLD, waves: Object.fromEntries(parts.map(({ physio, samples }) => [nameOf(physio), samples])) }
        : NOTHING_TOLD,
    };
  });
  return [objects, { ...cycle.known, named }];
}

const WAVE_SPEC = hex("0001 4280 0000 0000");
const WAVE_FLAGS = 0x3000;
function layoutOf({ handle, label, names, unit, count, significant, ticks, scale }: WaveRow, language: 0 | 1): readonly Attribute[] {
  const [low, high, rawLow, rawHigh] = scale;
  const point = ([mantissa, exponent]: readonly [number, number]) => ({ mantissa, exponent });
  return [
    attributes.handle(handle),
    attributes.type(CLASS.wave),
    attributes.metricSpec(CYCLE_TICKS.wave, WAVE_SPEC),
    attributes.sampleSpec({ count, significant, flags: WAVE_FLAGS }),
    attributes.samplePeriod(ticks),
    attributes.label(label),
    attributes.labelString(names[language]),
    attributes.unit(unit),
    attributes.scaleRange({ low: point(low), high: point(high), rawLow, rawHigh }),
  ];
}

/** The block of 256 ms that ends at this time. */
function samplesOf({ count, ticks }: WaveRow, [physio, , low, high]: WaveRow["parts"][number], since: number): readonly number[] {
  const beats = (index: number): number => ((since + index * ticks) * 1.2) / (TICKS_A_MS * 1000);
  const swing = (high - low) / 2;
  return Array.from({ length: count }, (_, index) => Math.floor(low + swing * (1 + Math.sin(2 * Math.PI * beats(index) + physio))));
}

// ── Alarms and the patient ──────────────────────────────────────────────────────────────────────────────────────────

const ALERT_STATE = 0x1100;
/** Where a list that is empty could not be told from one that was lost, this alarm stands for ever. */
const STANDING: Patient["raised"][number] = [3, 0];
function alertMonitor(cycle: Cycle): readonly [readonly Answered[], Known] {
  const { patient, language, memory, known } = cycle;
  const raised = memory === "needed" ? patient.raised : [...patient.raised.filter(([row]) => row !== STANDING[0]), STANDING];
  const now = { ...patient, raised };
  // Texts that people write may hold anything.
  const named = (alert: Alert): Alert => (cycle.patientTold === "asked" ? alert : { ...alert, text: `${CANARY} ${alert.text}` });
  const ofPatient = alertsOf(now, "patient", language).map(named);
  const technical = alertsOf(now, "technical", language).map(named);
  const rows = raised.map(([row]) => row);
  const conditions = alertsTold(rows, memory === "needed" ? known.raised : []);
  const answered: Answered = {
    context: 0,
    handle: ALERT_HANDLE,
    attributes: [
      attributes.alertCondition(ALERT_STATE, patient.changes),
      attributes.alerts(attributes.ID.patientAlerts, ofPatient),
      attributes.alerts(attributes.ID.technicalAlerts, technical),
    ],
    told: { ...NOTHING_TOLD, conditions },
  };
  return [[answered], { ...known, raised: rows }];
}

/** IV-10: nothing of it may be told. */
const demographics = (): Answered => ({
  context: 0,
  handle: DEMOGRAPHICS_HANDLE,
  attributes: [attributes.handle(DEMOGRAPHICS_HANDLE), ...patientAttributes()],
  told: NOTHING_TOLD,
});

// ── Messages ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** One message where everything fits; otherwise linked ones, and an empty last result. */
function spread(cycle: Cycle, objects: readonly Answered[]): readonly Message[] {
  const lacking = lackingTold(cycle, objects);
  const parts = partsOf(objects, cycle.mtu - OVERHEAD_BYTES);
  const head = headOf(cycle);
  if (parts.length <= 1)
    return [{ bytes: pollMessage(head, contextsOf(objects)), told: togetherTold([...objects.map(({ told }) => told), lacking]) }];
  const linked = parts.map((part, index): Message => {
    const state = index === 0 ? 1 : index === parts.length - 1 ? 3 : 2;
    return { bytes: pollMessage(head, contextsOf(part), { state, count: index + 1 }), told: togetherTold(part.map(({ told }) => told)) };
  });
  return [...linked, { bytes: pollMessage(head, []), told: lacking }];
}

function headOf({ request: { invoke, action, number, class: of, group }, cycle, time }: Cycle): PollHead {
  const sequence = action === ACTION.extended ? { sequence: cycle & 0xffff } : {};
  return { invoke, action, number, ...sequence, time, absolute: Array<number>(8).fill(0xff), class: of, group };
}

function partsOf(objects: readonly Answered[], bytesMax: number): readonly (readonly Answered[])[] {
  const parts: Answered[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const object of objects) {
    const size = attributeList(object.attributes).length + 8;
    if (bytes + size > bytesMax || parts.at(-1)!.length >= OBJECTS_MAX) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)!.push(object);
    bytes += size;
  }
  return parts;
}

/** Objects of a context stand together. */
function contextsOf(objects: readonly Answered[]): readonly Context[] {
  const numbers = [...new Set(objects.map(({ context }) => context))];
  return numbers.map((context) => ({ context, objects: objects.filter((one) => one.context === context) }));
}

const togetherTold = (all: readonly Told[]): Told => ({
  observations: Object.assign({}, ...all.map(({ observations }) => observations)),
  waves: Object.assign({}, ...all.map(({ waves }) => waves)),
  conditions: Object.assign({}, ...all.map(({ conditions }) => conditions)),
});
