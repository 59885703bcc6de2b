import assert from "node:assert/strict";
import { type AnyDriver, MEMORY_MAX } from "../../drivers/kit/driver.ts";
import type { Metric, Reading } from "../../drivers/kit/reading.ts";

/** A series is term and unit: one quantity in two units is two of them. */
export const seriesOf = ({ refid, unit, ucum }: Metric): string => `${refid} ${unit ?? ucum ?? ""}`;
export const twice = (all: readonly string[]): readonly string[] => all.filter((one, at) => all.indexOf(one) !== at);

/**
 * `at`: what a failure names. "quick" looks at what is told; "all" also that nothing given was written to and that the memory can be
 * written down and is small; "twice" also that the same again gives the same.
 */
export type Given = {
  readonly at: string;
  readonly frame: Uint8Array;
  readonly memory: unknown;
  readonly gap: number;
  readonly look: "quick" | "all" | "twice";
};

/** What holds for every decode, whatever frame comes. Returns the memory; throws what breaks it. */
export function decodesOne(driver: AnyDriver, keys: ReadonlySet<unknown>, { at, frame, memory, gap, look }: Given): unknown {
  const where = (): string => `${at}, frame ${Buffer.from(frame).toString("hex")}`;
  const given = look === "quick" ? frame : frame.slice();
  const before = look === "quick" ? "" : JSON.stringify(memory);
  let decoded: ReturnType<AnyDriver["decode"]>;
  try {
    decoded = driver.decode(frame, memory, gap);
  } catch (cause) {
    throw new Error(`${where()}: decode throws: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  expectTold(decoded.readings, keys, where);
  if (look === "quick") return decoded.memory;
  if (look === "twice") assert.deepEqual(driver.decode(frame, memory, gap), decoded, `${where()}: decode is not pure`);
  assert.equal(JSON.stringify(memory), before, `${where()}: memory was written to`);
  assert.ok(Buffer.from(frame).equals(given), `${where()}: the frame was written to`);
  const written = JSON.stringify(decoded.memory);
  assert.ok(written.length < (driver.memoryMax ?? MEMORY_MAX), `${where()}: memory has grown to ${written.length} characters`);
  assert.deepEqual(JSON.parse(written), decoded.memory, `${where()}: memory cannot be written down`);
  return decoded.memory;
}

function expectTold(readings: readonly Reading[], keys: ReadonlySet<unknown>, where: () => string): void {
  const named = new Set<string>();
  for (const reading of readings) {
    if (!isWhole(reading)) assert.fail(`${where()}: the value of ${reading.told} cannot be carried`);
    if (!("metric" in reading)) continue;
    const { metric, node } = reading;
    if (!keys.has(metric)) assert.fail(`${where()}: ${metric.refid} is not declared`);
    const name = node === undefined ? seriesOf(metric) : `${node.join("/")} ${seriesOf(metric)}`;
    if (named.has(name)) assert.fail(`${where()}: ${name} is told twice in one frame`);
    named.add(name);
  }
}

/** Values that the wire can carry as they are: whole numbers, text that is text. */
function isWhole(reading: Reading): boolean {
  switch (reading.told) {
    case "number":
      return BigInt.asIntN(64, reading.value.mantissa) === reading.value.mantissa && Number.isSafeInteger(reading.value.exponent);
    case "wave":
      return reading.samples.every(Number.isSafeInteger) && Number.isSafeInteger(reading.first) && reading.first >= 0;
    case "text":
    case "identity":
    case "deviceTime":
      return reading.value.isWellFormed();
    case "unreadable":
      return Number.isSafeInteger(reading.bytes) && reading.bytes >= 0;
    case "condition":
      return typeof reading.present === "boolean" && (reading.word?.isWellFormed() ?? true);
    case "absent":
    case "removed":
      return true;
  }
}
