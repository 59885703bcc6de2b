import { Milliseconds } from "../../../config/units.ts";
import { FRAMES_A_PACKET, FRAMES_A_SECOND, type NoninState, noninEmulator } from "../../../drivers/nonin/emulator.ts";
import { puritanBennett840Emulator } from "../../../drivers/puritan-bennett-840/emulator.ts";
import type { Metric } from "../../../proto/messages.ts";
import { type EmulatedDevice, startEmulatedDevice } from "../../support/emulated-device.ts";
import type { DeviceBook } from "./ledger.ts";

/** The devices of the demo: three that the hospital's first admissions admit, and one that waits for a change of them. */
export type Part = {
  readonly location: string;
  readonly model: string;
  readonly speaks: DeviceBook["speaks"];
  readonly keyOf: DeviceBook["keyOf"];
  readonly beyond: DeviceBook["beyond"];
  readonly rule: Rule;
  /** Who admits it; until then its port stays shut. */
  readonly admittedBy: "first admissions" | "signed change";
  readonly start: (link: string) => Promise<EmulatedDevice>;
};
export type Rule = { readonly device: string; readonly driver: string; readonly socket: string };

export const GATEWAY = "gw-demo";

const refid = (metric: Metric): string => metric.refid;
/** The ventilator's ledger has the numbers of its own paper, which the wire carries as the device's name beside the MDC term. */
const fieldNumber = (metric: Metric): string => `pb840.${metric.name}`;
/** Of the short answer, which is asked for only where the long one does not come, the driver carries fields that no paper explains. */
const isUndocumented = (key: string): boolean => key.startsWith("pb840.a");
const oximeter = {
  model: "Nonin oximeter",
  speaks: "unasked",
  keyOf: refid,
  beyond: () => false,
  admittedBy: "first admissions",
} as const;

export const CAST: readonly Part[] = [
  {
    ...oximeter,
    location: "demo-1",
    rule: { device: "oximeter-1", driver: "nonin", socket: "ICU-12/A" },
    start: (link) => startEmulatedDevice({ emulator: noninEmulator, seed: 5, link }),
  },
  {
    ...oximeter,
    location: "demo-2",
    rule: { device: "oximeter-2", driver: "nonin", socket: "ICU-12/B" },
    // Its finger sensor comes off some seconds from now.
    start: (link) => startEmulatedDevice({ emulator: noninEmulator, seed: 13, link, state: onFor({ seed: 13, packets: 42 }) }),
  },
  {
    location: "demo-3",
    model: "Puritan Bennett 840",
    speaks: "asked",
    keyOf: fieldNumber,
    beyond: isUndocumented,
    admittedBy: "first admissions",
    rule: { device: "ventilator-1", driver: "puritan-bennett-840", socket: "ICU-12/C" },
    start: (link) => startEmulatedDevice({ emulator: puritanBennett840Emulator, seed: 7, link }),
  },
  {
    ...oximeter,
    location: "demo-4",
    admittedBy: "signed change",
    rule: { device: "oximeter-3", driver: "nonin", socket: "ICU-12/D" },
    start: (link) => startEmulatedDevice({ emulator: noninEmulator, seed: 99, link }),
  },
];

/** An oximeter that has been on for so many packets. */
function onFor({ seed, packets }: { readonly seed: number; readonly packets: number }): NoninState {
  const lastFrame = ((packets * FRAMES_A_PACKET - 1) * 1000) / FRAMES_A_SECOND;
  const { state } = noninEmulator.step(noninEmulator.start(seed), new Uint8Array(), Milliseconds(lastFrame));
  return { ...state, frames: 0 };
}
