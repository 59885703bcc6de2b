import type { ConditionMetric, Reading, ValueMetric } from "../kit/reading.ts";
import type { Subrecord } from "./frame.ts";

/** GE-20: an enumeration is 16 or 32 bits wide, which only the length of the subrecord tells. */
const LAYOUTS = [
  { bytes: 510, enumeration: 2 },
  { bytes: 522, enumeration: 4 },
] as const;
const STATUS = 1;
const SOUND_AT = 2;
const SILENCE_AT = 8;
const ENTRIES = 5;
const TEXT_BYTES = 80;
const RESERVED_BYTES = 12;
/** White, yellow, red; 0 is no alarm. */
const PRIORITIES = ["", "low", "medium", "high"] as const;

const state = (name: string): ValueMetric => ({ kind: "enumeration", refid: `ge.${name}`, name });
/** The monitor does not say whether an alarm is about the patient or about itself; the graver of the two is assumed. */
const condition = (name: string): ConditionMetric => ({
  kind: "condition",
  refid: `ge.${name}`,
  name,
  nature: "physiological",
  on: "device",
});

const SOUND = state("alarm.sound");
const SILENCE = state("alarm.silence");
const HIGHEST = condition("alarm");
const SLOTS = Array.from({ length: ENTRIES }, (_, n) => ({
  present: condition(`alarm.${n + 1}`),
  text: { kind: "text", refid: `ge.alarm.${n + 1}.text`, name: `alarm.${n + 1}.text` } as ValueMetric,
  textChanged: state(`alarm.${n + 1}.text_changed`),
  colour: state(`alarm.${n + 1}.colour`),
  colourChanged: state(`alarm.${n + 1}.colour_changed`),
}));
type Slot = (typeof SLOTS)[number];

export const ALARM_METRICS = [
  SOUND,
  SILENCE,
  HIGHEST,
  ...SLOTS.flatMap(({ present, text, textChanged, colour, colourChanged }) => [present, text, textChanged, colour, colourChanged]),
];

/** The alarms of one record, their texts verbatim (GE-9). */
export function alarmReadings(subrecords: readonly Subrecord[]): readonly Reading[] {
  const status = subrecords.findIndex(({ type }) => type === STATUS);
  return subrecords.flatMap(({ type, view }, n) => {
    const layout = LAYOUTS.find(({ bytes }) => bytes === view.byteLength);
    if (n === status && layout !== undefined) return statusReadings(view, layout.enumeration);
    const reason = type !== STATUS ? "subrecord_unknown" : n === status ? "subrecord_length" : "subrecord_repeated";
    return [{ told: "unreadable", bytes: view.byteLength, reason } as const];
  });
}

function statusReadings(view: DataView, width: 2 | 4): readonly Reading[] {
  const entryBytes = TEXT_BYTES + 2 + width + 2 + RESERVED_BYTES;
  const colours = SLOTS.map((_, n) => enumeration(view, SILENCE_AT + width + n * entryBytes + TEXT_BYTES + 2, width));
  const known = colours.filter((colour) => colour < PRIORITIES.length);
  const highest = Math.max(0, ...known);
  return [
    digits(SOUND, view.getUint16(SOUND_AT, true)),
    digits(SILENCE, enumeration(view, SILENCE_AT, width)),
    ...SLOTS.flatMap((slot, n) =>
      entryReadings(slot, new DataView(view.buffer, view.byteOffset + SILENCE_AT + width + n * entryBytes, entryBytes), width),
    ),
    ...(known.length < colours.length
      ? []
      : [{ told: "condition", metric: HIGHEST, present: highest > 0, ...(highest > 0 ? { word: PRIORITIES[highest] } : {}) } as Reading]),
  ];
}

const digits = (metric: ValueMetric, value: number): Reading => ({ told: "text", metric, value: String(value) });
const enumeration = (view: DataView, at: number, width: 2 | 4): number =>
  width === 2 ? view.getUint16(at, true) : view.getUint32(at, true);

function entryReadings(slot: Slot, view: DataView, width: 2 | 4): readonly Reading[] {
  const colour = enumeration(view, TEXT_BYTES + 2, width);
  const text = textOf(view);
  return [
    textReading(slot.text, text),
    digits(slot.textChanged, view.getUint16(TEXT_BYTES, true)),
    digits(slot.colour, colour),
    digits(slot.colourChanged, view.getUint16(TEXT_BYTES + 2 + width, true)),
    ...(text === undefined ? [{ told: "unreadable", bytes: TEXT_BYTES, reason: "not_text", about: slot.text.name ?? "" } as const] : []),
    ...(colour < PRIORITIES.length
      ? [
          {
            told: "condition",
            metric: slot.present,
            present: colour > 0,
            ...(colour > 0 && text !== undefined && text !== "" ? { word: text } : {}),
          } as Reading,
        ]
      : [{ told: "unreadable", bytes: width, reason: "colour_unknown", about: slot.colour.name ?? "" } as const]),
  ];
}

function textReading(metric: ValueMetric, text: string | undefined): Reading {
  if (text === undefined) return { told: "absent", metric, validity: "invalid", reason: "not_text" };
  return text === "" ? { told: "absent", metric, validity: "not_available", reason: "blank" } : { told: "text", metric, value: text };
}

/** Up to the first zero byte, one character a byte: the monitor does not name its code page. Undefined where control bytes stand in it. */
function textOf(view: DataView): string | undefined {
  let text = "";
  for (let at = 0; at < TEXT_BYTES; at++) {
    const byte = view.getUint8(at);
    if (byte === 0) break;
    if (byte < 0x20 || byte === 0x7f) return undefined;
    text += String.fromCharCode(byte);
  }
  return text.trim() === "" ? "" : text;
}
