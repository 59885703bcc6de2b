import type { Mono } from "../../config/units.ts";
import type { Metric, Reading } from "../../drivers/kit/reading.ts";
import { encodeRecordField } from "../../proto/codec.ts";
import type { Body } from "../../proto/messages.ts";
import { type Conditions, nextConditions } from "../alerts/edges.ts";
import type { Lane } from "../model/model.ts";
import { alertBody, type IdOf, reportBody, waveBody } from "../wire/records.ts";
import type { WaveBlock, WaveBlocks } from "./wave-blocks.ts";

/** A record on its way into the spool, which numbers it and calls `encode` once. */
export type Stamped = {
  readonly epoch: number;
  readonly at: Mono;
  readonly encode: (name: { readonly n: number; readonly atUs: number }, idOf: (metric: Metric) => number) => Uint8Array;
};
export type Keep = (lane: Lane, stamped: Stamped) => void;

/**
 * All readings of one frame become records of one epoch and one instant: one report, an alert for each edge of a condition. Samples
 * become a record when their block is ready. The values are not touched. The device's own time goes with the report; a wave has its
 * sample count. Returns the conditions that are known now.
 */
export function stampReadings(
  readings: readonly Reading[],
  about: { readonly epoch: number; readonly at: Mono; readonly conditions: Conditions; readonly waves: WaveBlocks },
  keep: Keep,
): Conditions {
  const deviceTime = readings.find((reading) => reading.told === "deviceTime")?.value;
  const stamp = (lane: Lane, body: (idOf: IdOf) => Body, time?: string) => keep(lane, stamped(about.epoch, about.at, time, body));
  const { known, edges } = nextConditions(about.conditions, readings);
  for (const edge of edges) stamp("alert", (idOf) => alertBody(edge, idOf));
  if (readings.some((reading) => isReported(reading))) stamp("report", (idOf) => reportBody(readings, idOf)!, deviceTime);
  for (const reading of readings) if (reading.told === "wave") stampWaves(about.waves.add(reading, about.at), about.epoch, keep);
  return known;
}

/** Blocks that are ready, each at the instant at which its last sample was read. */
export function stampWaves(blocks: readonly WaveBlock[], epoch: number, keep: Keep): void {
  for (const { wave, at } of blocks)
    keep(
      "wave",
      stamped(epoch, at, undefined, (idOf) => waveBody(wave, idOf)),
    );
}

export function stamped(epoch: number, at: Mono, deviceTime: string | undefined, body: (idOf: IdOf) => Body): Stamped {
  return {
    epoch,
    at,
    encode: ({ n, atUs }, idOf) =>
      encodeRecordField({ epoch, n, atUs, body: body(idOf), ...(deviceTime === undefined ? {} : { deviceTime }) }),
  };
}

function isReported(reading: Reading): boolean {
  return reading.told === "number" || reading.told === "text" || reading.told === "absent" || reading.told === "unreadable";
}
