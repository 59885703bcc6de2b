import { bbraunBccEmulator, bbraunBccFullEmulator, bbraunBccStuffedEmulator } from "../../drivers/bbraun-bcc/emulator.ts";
import { atlanEmulator, draegerMedibusEmulator, savinaEmulator } from "../../drivers/draeger-medibus/emulator.ts";
import { geDriEmulator } from "../../drivers/ge-dri/emulator.ts";
import { driverById } from "../../drivers/index.ts";
import type { Framing } from "../../drivers/kit/driver.ts";
import type { AnyEmulator } from "../../drivers/kit/emulator.ts";
import { type Fault, type Faults, faultsOf } from "../../drivers/kit/emulator-fault-words.ts";
import { withFaults } from "../../drivers/kit/emulator-faults.ts";
import { masimoAsciiEmulator, masimoEmulator } from "../../drivers/masimo-ascii/emulator.ts";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { syncLateEmulator } from "../../drivers/nonin/emulator-sync-late.ts";
import { nonin7Emulator } from "../../drivers/nonin-7/emulator.ts";
import { nonin8Emulator } from "../../drivers/nonin-8/emulator.ts";
import { nonin13Emulator } from "../../drivers/nonin-13/emulator.ts";
import { intellivueAlone, intellivueEmulator, intellivueUnlisted } from "../../drivers/philips-intellivue/emulator.ts";
import { CANARY, CANARY_ID } from "../../drivers/philips-intellivue/emulator-identity.ts";
import { pb840Emulator, puritanBennett840Emulator } from "../../drivers/puritan-bennett-840/emulator.ts";
import { puritanBennett840WavesEmulator } from "../../drivers/puritan-bennett-840-waves/emulator.ts";

/** Every device that can be emulated, by its name: what `dev emulate` plays and what every driver is tested against. */
export type EmulatedKind = {
  readonly emulator: AnyEmulator;
  readonly says: string;
  /** It lies by itself: with a fault on top it would send what no reader could tell from the truth. */
  readonly lies?: true;
  /** What a message says rests on those before it: where one is damaged, a faithful reader concludes something else from others too. */
  readonly bound?: true;
  /** Names of a patient that it sends: no trace of them may be left anywhere. */
  readonly plants?: readonly string[];
};
export const DEVICES: Readonly<Record<string, EmulatedKind>> = {
  "ge-dri": { emulator: geDriEmulator, says: "GE CARESCAPE monitor, computer interface" },
  "bbraun-bcc": { emulator: bbraunBccEmulator, says: "B. Braun rack with three pumps, BCC" },
  "bbraun-bcc-stuffed": { emulator: bbraunBccStuffedEmulator, says: "one with a single pump, where everything is stuffed" },
  "bbraun-bcc-full": { emulator: bbraunBccFullEmulator, says: "one with 24 pumps on three pillars" },
  "draeger-medibus": { emulator: draegerMedibusEmulator, says: "Dräger Evita 4, Medibus, with curves" },
  "draeger-medibus-savina": { emulator: savinaEmulator, says: "Dräger Savina, Medibus" },
  "draeger-medibus-atlan": { emulator: atlanEmulator, says: "Dräger Atlan, an anaesthesia machine, Medibus" },
  nonin: { emulator: noninEmulator, says: "Nonin oximeter, data format 2" },
  "nonin-sync-late": { emulator: syncLateEmulator, says: "one whose SYNC comes late in every fourth packet", lies: true },
  "nonin-7": { emulator: nonin7Emulator, says: "Nonin oximeter, data format 7" },
  "nonin-8": { emulator: nonin8Emulator, says: "Nonin oximeter, data format 8" },
  "nonin-13": { emulator: nonin13Emulator, says: "Nonin oximeter, data format 13: spot checks" },
  "philips-intellivue": { emulator: intellivueEmulator, says: "Philips IntelliVue monitor, MIB/RS232", bound: true },
  "philips-intellivue-unlisted": { emulator: intellivueUnlisted, says: "one that sends no wave before it is told which", bound: true },
  "philips-intellivue-alone": {
    emulator: intellivueAlone,
    says: "one whose messages can be read alone, and that names its patient unasked",
    plants: [CANARY, CANARY_ID],
  },
  "puritan-bennett-840": { emulator: puritanBennett840Emulator, says: "Puritan Bennett 840, settings port" },
  "puritan-bennett-980": { emulator: pb840Emulator({ model: "980", speed: 9600 }), says: "Puritan Bennett 980, settings port" },
  "puritan-bennett-840-waves": { emulator: puritanBennett840WavesEmulator, says: "Puritan Bennett 840, waveform port" },
  "masimo-ascii": { emulator: masimoAsciiEmulator, says: "Masimo Radical-7, ASCII 1" },
  "masimo-ascii-rad-8": { emulator: masimoEmulator("rad-8"), says: "Masimo Rad-8, ASCII 1" },
  "masimo-ascii-rad-5": { emulator: masimoEmulator("rad-5"), says: "Masimo Rad-5, ASCII 1" },
};

export const deviceNamed = (name: string): EmulatedKind | undefined => (Object.hasOwn(DEVICES, name) ? DEVICES[name] : undefined);
/** The devices that a driver reads, with their names. */
export const devicesOf = (driver: string): readonly (readonly [name: string, kind: EmulatedKind])[] =>
  Object.entries(DEVICES).filter(([, { emulator }]) => emulator.id === driver);

/** For the runner: when the port is gone, and when it is back (never: infinite). */
export type Unplug = Pick<Fault, "from" | "until">;
export type FaultyDevice = { readonly emulator: AnyEmulator; readonly unplugs: readonly Unplug[] };

/** The emulator with faults on top, in words or as data. Throws RangeError at words that make no sense. */
export function faulty(emulator: AnyEmulator, faults: string | readonly Fault[]): FaultyDevice {
  const stack = typeof faults === "string" ? meant(faultsOf(faults)) : faults;
  if (emulator.unchecked === true && stack.some(({ kind }) => kind === "checksum"))
    throw new RangeError(`${emulator.id} has no checksum, so that none can be wrong; use  flip  or  cut  instead.`);
  const context = { framing: framingOf(emulator), other: (name: string) => deviceNamed(name)?.emulator };
  return { emulator: withFaults(emulator, stack, context), unplugs: stack.filter(({ kind }) => kind === "unplug") };
}

export function framingOf({ id }: AnyEmulator): Framing {
  const driver = driverById(id);
  if (driver === undefined) throw new RangeError(`No driver reads the emulated device ${id}: it stands in drivers/index.ts under this id.`);
  return driver.frame;
}

function meant(faults: Faults): readonly Fault[] {
  if ("mistake" in faults) throw new RangeError(faults.mistake);
  return faults.faults;
}
