import type { Reading } from "../kit/reading.ts";
import { type Attribute, Cursor } from "./cursor.ts";

const ATTRIBUTE = { system: 0x0984, model: 0x0928 } as const;

/**
 * What a monitor says it is: system id and model. The bed label stands beside them and is not read: people write patients' names
 * into it. An attribute of another shape says nothing.
 */
export function identityReadings(attributes: readonly Attribute[]): readonly Reading[] {
  return attributes.flatMap(({ id, value }): readonly Reading[] => {
    const cursor = new Cursor(value);
    if (id === ATTRIBUTE.system) {
      const system = cursor.take(cursor.u16());
      return cursor.complete && system.length > 0 ? [{ told: "identity", fact: "serial", value: hexOf(system) }] : [];
    }
    if (id !== ATTRIBUTE.model) return [];
    cursor.take(cursor.u16());
    const model = printable(cursor.take(cursor.u16()));
    return cursor.complete && model !== "" ? [{ told: "identity", fact: "model", value: model }] : [];
  });
}

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).toUpperCase().padStart(2, "0")).join("");

/** Text up to its first NUL; nothing where a byte of it is not printable. */
function printable(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  const text = end < 0 ? bytes : bytes.subarray(0, end);
  return text.every((byte) => byte >= 0x20 && byte <= 0x7e) ? String.fromCharCode(...text).trim() : "";
}
