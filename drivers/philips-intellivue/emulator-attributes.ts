import { type Float, float, hex, joined, list, type Piece, sized, u8, u16, u32 } from "./emulator-bytes.ts";
import { type Attribute, attribute } from "./emulator-message.ts";

/** The attributes that the emulated monitor sends, each from its own terms. */

export const ID = {
  ...{ handle: 0x0921, type: 0x092f, metricSpec: 0x093f, label: 0x0924, labelString: 0x0927, unit: 0x0996, metricState: 0x0940 },
  ...{ numeric: 0x0950, compoundNumeric: 0x094b, samples: 0x096e, compoundSamples: 0x0967 },
  ...{ sampleSpec: 0x096d, samplePeriod: 0x098d, scaleRange: 0x096f, fixedSamples: 0x0a16 },
  ...{ alertCondition: 0x0916, patientAlerts: 0x0902, technicalAlerts: 0x0904 },
  ...{ systemId: 0x0984, model: 0x0928, locale: 0x0937, operatingMode: 0x0946, bedLabel: 0x091e, absolute: 0x0987, relative: 0x098f },
  ...{ patientState: 0x0957, patientId: 0x095a, family: 0x095c, given: 0x095d, sex: 0x0961, birthDate: 0x0958 },
  ...{ wavePriority: 0xf23a, numericPriority: 0xf239 },
} as const;

/** UTF-16 with its length and a NUL. */
const utf16 = (text: string): Piece => sized([...`${text}\0`].flatMap((letter) => u16(letter.charCodeAt(0))));
const latin = (text: string): Piece => sized([...`${text}\0`].map((letter) => letter.charCodeAt(0)));
const LABEL_LETTERS = 6;

export const handle = (value: number): Attribute => attribute(ID.handle, u16(value));
export const type = (value: number): Attribute => attribute(ID.type, [...u16(1), ...u16(value)]);
/** Update period in ticks; category and relevance as a recorded numeric has them. */
export const metricSpec = (period: number, rest: Piece): Attribute => attribute(ID.metricSpec, [...u32(period), ...rest]);
export const NUMERIC_SPEC = hex("0001 4228 0000 0000");
export const label = (text: number): Attribute => attribute(ID.label, u32(text));
export const labelString = (text: string): Attribute => attribute(ID.labelString, utf16(text.padEnd(LABEL_LETTERS)));
export const unit = (value: number): Attribute => attribute(ID.unit, u16(value));
export const text = (id: number, value: string): Attribute => attribute(id, utf16(value));

/** A value as it is sent: physio id, state word, unit, number. */
export type Value = { readonly physio: number; readonly state: number; readonly unit: number; readonly number: Float };
const value = ({ physio, state, unit: unitWord, number }: Value): Piece => [
  ...u16(physio),
  ...u16(state),
  ...u16(unitWord),
  ...float(number),
];
export const numeric = (one: Value): Attribute => attribute(ID.numeric, value(one));
export const compoundNumeric = (parts: readonly Value[]): Attribute => attribute(ID.compoundNumeric, list(parts.map(value)));

export type Samples = { readonly physio: number; readonly state: number; readonly samples: readonly number[] };
/** Samples of 16 bits, as all recorded ones. */
const array = ({ physio, state, samples: all }: Samples): Piece =>
  joined([u16(physio), u16(state), u16(2 * all.length), all.flatMap((sample) => [sample >> 8, sample & 0xff])]);
export const samples = (one: Samples): Attribute => attribute(ID.samples, array(one));
export const compoundSamples = (parts: readonly Samples[]): Attribute => attribute(ID.compoundSamples, list(parts.map(array)));

export type SampleSpec = { readonly count: number; readonly significant: number; readonly flags: number };
export const sampleSpec = ({ count, significant, flags }: SampleSpec): Attribute =>
  attribute(ID.sampleSpec, [...u16(count), ...u8(16), ...u8(significant), ...u16(flags)]);
export const samplePeriod = (ticks: number): Attribute => attribute(ID.samplePeriod, u32(ticks));
export type Scale = { readonly low: Float; readonly high: Float; readonly rawLow: number; readonly rawHigh: number };
export const scaleRange = ({ low, high, rawLow, rawHigh }: Scale): Attribute =>
  attribute(ID.scaleRange, [...float(low), ...float(high), ...u16(rawLow), ...u16(rawHigh)]);

export type Alert = {
  readonly source: number;
  readonly code: number;
  readonly type: number;
  readonly state: number;
  readonly text: string;
};
const STRING_INFO = 0x0204;
/** source, code, type, state, object, then an instance with the text as a string. */
function alertEntry({ source, code, type: kind, state, text: words }: Alert, index: number): Piece {
  const about = [...u16(index + 1), ...u32(0x00020000 | code), ...u16(0), ...u16(0), ...utf16(words)];
  return [...[source, code, kind, state, 0x0021, 0, 0, STRING_INFO].flatMap(u16), ...sized(about)];
}
export const alerts = (id: number, entries: readonly Alert[]): Attribute => attribute(id, list(entries.map(alertEntry)));
/** State, count of changes, highest patient, technical and audible alarm. */
export const alertCondition = (state: number, changes: number): Attribute =>
  attribute(ID.alertCondition, [...u16(state), ...u16(changes), ...u16(0), ...u16(0), ...u16(0)]);

export const systemId = (id: Piece): Attribute => attribute(ID.systemId, sized(id));
export const model = (manufacturer: string, name: string): Attribute => attribute(ID.model, [...latin(manufacturer), ...latin(name)]);
/** Text catalogue revision, language, string format. */
export const locale = (revision: number, language: number): Attribute =>
  attribute(ID.locale, [...u32(revision), ...u16(language), ...u16(0x000b)]);
export const operatingMode = (mode: number): Attribute => attribute(ID.operatingMode, u16(mode));
export const absoluteTime = (bcd: Piece): Attribute => attribute(ID.absolute, bcd);
export const relativeTime = (ticks: number): Attribute => attribute(ID.relative, u32(ticks));
export const textIds = (id: number, labels: readonly number[]): Attribute => attribute(id, list(labels.map(u32)));
export const raw = (id: number, value_: Piece): Attribute => attribute(id, value_);
