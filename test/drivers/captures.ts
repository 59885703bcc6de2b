import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Duration, type Mono, Seconds } from "../../config/units.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";
import { devicesOf } from "../dev/devices.ts";
import { converse, Reader } from "./agreement.ts";

const folderOf = (id: string): string => join(import.meta.dirname, "../../drivers", id, "captures");

/** Names of a driver's captures, NAME.capture.jsonl. */
export function capturesOf(id: string): readonly string[] {
  const folder = folderOf(id);
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".capture.jsonl")) : [];
}

/** The lines of a capture or of what is expected of it. */
export const linesOf = (id: string, file: string) =>
  readFileSync(join(folderOf(id), file), "utf8")
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

/** What the driver, on the agent's own link, hears of a capture. */
export function heard(driver: AnyDriver, name: string): Reader {
  const reader = new Reader(driver);
  // The capture was made before; nothing that the dialogue would send now changes it.
  for (const { dir, hex, t_ms } of linesOf(driver.id, name))
    if (dir === "rx") reader.hear(Uint8Array.from(Buffer.from(hex, "hex")), BigInt(Math.round(t_ms * 1e6)) as Mono);
  reader.expectConserved();
  return reader;
}

/** How long each emulated device talks. */
export const TALK = Seconds(40);

/** Frames of the driver's devices and captures, in their order; each once. */
export function framesSeen(driver: AnyDriver, time: Duration = TALK): readonly Uint8Array[] {
  const talks = devicesOf(driver.id).map(([, { emulator }]) => converse(driver, emulator, { seed: 1, time }).reader.frames);
  const read = capturesOf(driver.id).map((name) => heard(driver, name).frames);
  const all = new Map([...talks, ...read].flat().map((frame) => [Buffer.from(frame).toString("latin1"), frame]));
  return [...all.values()];
}
