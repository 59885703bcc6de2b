import { Milliseconds } from "../../../config/units.ts";
import { bbraunBccEmulator } from "../../../drivers/bbraun-bcc/emulator.ts";
import { draegerMedibusEmulator } from "../../../drivers/draeger-medibus/emulator.ts";
import { geDriEmulator } from "../../../drivers/ge-dri/emulator.ts";
import type { AnyEmulator } from "../../../drivers/kit/emulator.ts";
import { masimoAsciiEmulator } from "../../../drivers/masimo-ascii/emulator.ts";
import { FRAMES_A_PACKET, FRAMES_A_SECOND, type NoninState, noninEmulator } from "../../../drivers/nonin/emulator.ts";
import { intellivueEmulator } from "../../../drivers/philips-intellivue/emulator.ts";
import { puritanBennett840Emulator } from "../../../drivers/puritan-bennett-840/emulator.ts";
import { type EmulatedDevice, startEmulatedDevice } from "../../support/emulated-device.ts";
import type { DeviceBook } from "./book.ts";

/** The devices of the demo, one of every kind that there is a driver for, and one more that waits for a change of the admissions. */
export type Part = Pick<DeviceBook, "speaks" | "breathless" | "isUnmarked" | "leavesOut" | "givesUpMs" | "settlesMs"> & {
  readonly location: string;
  readonly model: string;
  readonly beyond: DeviceBook["beyond"];
  readonly rule: Rule;
  /** Who admits it; until then its port stays shut. */
  readonly admittedBy: "first admissions" | "signed change";
  readonly start: (link: string) => Promise<EmulatedDevice>;
};
export type Rule = { readonly device: string; readonly driver: string; readonly socket: string };

export const GATEWAY = "gw-demo";

/** Of the short answer, which is asked for only where the long one does not come, the driver carries fields that no paper explains. */
const isUndocumented = (key: string): boolean => key.startsWith("pb840.a");

type Sketch = Pick<Part, "location" | "model" | "speaks"> &
  Partial<Part> & { readonly device: string; readonly socket: string; readonly emulator: AnyEmulator; readonly seed: number };
const part = ({ device, socket, emulator, seed, ...more }: Sketch): Part => ({
  beyond: () => false,
  admittedBy: "first admissions",
  rule: { device, driver: emulator.id, socket },
  start: (link) => startEmulatedDevice({ emulator, seed, link }),
  ...more,
});

export const CAST: readonly Part[] = [
  part({
    ...{ location: "demo-1", model: "Nonin oximeter", speaks: "unasked" },
    ...{ device: "oximeter-1", socket: "ICU-12/A", emulator: noninEmulator, seed: 13 },
    // Its finger sensor comes off some seconds from now.
    start: (link) => startEmulatedDevice({ emulator: noninEmulator, seed: 13, link, state: onFor({ seed: 13, packets: 42 }) }),
  }),
  part({
    ...{ location: "demo-2", model: "Masimo Radical-7", speaks: "unasked", isUnmarked: true, settlesMs: 1500 },
    ...{ device: "oximeter-2", socket: "ICU-12/B", emulator: masimoAsciiEmulator, seed: 5 },
  }),
  part({
    ...{ location: "demo-3", model: "Puritan Bennett 840", speaks: "asked", beyond: isUndocumented },
    ...{ device: "ventilator-1", socket: "ICU-12/C", emulator: puritanBennett840Emulator, seed: 7 },
  }),
  part({
    ...{ location: "demo-4", model: "Nonin oximeter", speaks: "unasked", admittedBy: "signed change" },
    ...{ device: "oximeter-3", socket: "ICU-12/D", emulator: noninEmulator, seed: 99 },
  }),
  part({
    ...{ location: "demo-5", model: "Philips IntelliVue", speaks: "asked", breathless: true, settlesMs: 12_000 },
    ...{ device: "monitor-1", socket: "ICU-12/E", emulator: intellivueEmulator, seed: 82 },
  }),
  part({
    ...{ location: "demo-6", model: "GE CARESCAPE", speaks: "asked", breathless: true, leavesOut: true, settlesMs: 2000 },
    ...{ device: "monitor-2", socket: "ICU-12/F", emulator: geDriEmulator, seed: 82 },
  }),
  part({
    ...{
      location: "demo-7",
      model: "Dräger Evita 4",
      speaks: "asked",
      breathless: true,
      leavesOut: true,
      givesUpMs: 250,
      settlesMs: 20_000,
    },
    ...{ device: "ventilator-2", socket: "ICU-12/G", emulator: draegerMedibusEmulator, seed: 82 },
  }),
  part({
    ...{ location: "demo-8", model: "B. Braun rack", speaks: "asked", settlesMs: 2000 },
    ...{ device: "pumps-1", socket: "ICU-12/H", emulator: bbraunBccEmulator, seed: 82 },
  }),
];

/** For a slow machine, and where only the way is to be seen. */
export const SMALL_CAST = CAST.filter(({ rule }) => ["nonin", "puritan-bennett-840"].includes(rule.driver));

/** An oximeter that has been on for so many packets. */
function onFor({ seed, packets }: { readonly seed: number; readonly packets: number }): NoninState {
  const lastFrame = ((packets * FRAMES_A_PACKET - 1) * 1000) / FRAMES_A_SECOND;
  const { state } = noninEmulator.step(noninEmulator.start(seed), new Uint8Array(), Milliseconds(lastFrame));
  return { ...state, frames: 0 };
}
