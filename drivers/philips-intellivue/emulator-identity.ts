import * as attributes from "./emulator-attributes.ts";
import { hex } from "./emulator-bytes.ts";
import type { Attribute } from "./emulator-message.ts";

/** What stands in the monitor for the patient: planted, so that it is found wherever it should not be. */
export const CANARY = "CANARY^PATIENT";
export const CANARY_ID = "CANARY-4711";

export const patientAttributes = (): readonly Attribute[] => [
  attributes.raw(attributes.ID.patientState, [0, 1]),
  attributes.text(attributes.ID.given, "CANARY"),
  attributes.text(attributes.ID.family, CANARY),
  attributes.text(attributes.ID.patientId, CANARY_ID),
  attributes.raw(attributes.ID.sex, [0, 2]),
  attributes.raw(attributes.ID.birthDate, hex("1950 0102 0000 0000")),
];
