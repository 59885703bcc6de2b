import type { Reading } from "../../drivers/kit/reading.ts";
import { frame, number, START, tiny } from "./session-room.ts";

/** 02 kind value slot sum; slot 0 is the rack itself. */
export function ofSlot(slot: number, kind: string, value: number): Uint8Array {
  const bytes = frame(kind, value);
  bytes[3] = slot;
  bytes[4] = (START + bytes[1]! + value + slot) & 0xff;
  return bytes;
}
export const nodeOf = (slot: number): readonly string[] => ["1", String(slot)];

/**
 * A rack whose nodes tell a number (n), a serial number (i), a condition (c), that they left (r), or that they left and another
 * came (x). All slots up to one may speak in one frame (a), each its own slot as a number.
 */
export const rack = {
  ...tiny,
  id: "rack",
  decode: (bytes: Uint8Array, memory: number) => ({
    readings: readingsOf(String.fromCharCode(bytes[1]!), bytes[2]!, bytes[3]!),
    memory: memory + 1,
  }),
};

function readingsOf(kind: string, value: number, slot: number): readonly Reading[] {
  if (kind === "a") return Array.from({ length: slot }, (_, i) => ({ ...number(i + 1), node: nodeOf(i + 1) }));
  if (slot === 0) return tiny.decode(frame(kind, value), 0, 0).readings;
  const node = nodeOf(slot);
  if (kind === "r") return [{ told: "removed", node }];
  if (kind === "x") return [{ told: "removed", node }, ...readingsOf("i", value, slot)];
  return tiny.decode(frame(kind, value), 0, 0).readings.map((reading) => ({ ...reading, node }));
}
