import { bbraunBcc } from "./bbraun-bcc/driver.ts";
import { draegerMedibus } from "./draeger-medibus/driver.ts";
import { geDri } from "./ge-dri/driver.ts";
import type { AnyDriver } from "./kit/driver.ts";
import { masimoAscii } from "./masimo-ascii/driver.ts";
import { nonin } from "./nonin/driver.ts";
import { nonin7 } from "./nonin-7/driver.ts";
import { nonin8 } from "./nonin-8/driver.ts";
import { nonin13 } from "./nonin-13/driver.ts";
import { philipsIntellivue } from "./philips-intellivue/driver.ts";
import { puritanBennett840 } from "./puritan-bennett-840/driver.ts";
import { puritanBennett840Waves } from "./puritan-bennett-840-waves/driver.ts";

/** Every driver of this build. */
export const DRIVERS: readonly AnyDriver[] = [
  bbraunBcc,
  draegerMedibus,
  geDri,
  masimoAscii,
  nonin,
  nonin7,
  nonin8,
  nonin13,
  philipsIntellivue,
  puritanBennett840,
  puritanBennett840Waves,
];

/** The driver that a rule names; undefined where this build has none of that id. */
export const driverById = (id: string): AnyDriver | undefined => DRIVERS.find((known) => known.id === id);
