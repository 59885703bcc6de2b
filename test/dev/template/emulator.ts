import { Milliseconds } from "../../../config/units.ts";
import { type Emulator, nextRandom, type Sent } from "../../../drivers/kit/emulator.ts";

/** Vendor Model, written from its paper alone: a line a second; the sensor is off now and then, and there is no value then. */
export type VendorModelState = { readonly random: number; readonly lines: number; readonly saturation: number; readonly off: number };

const LINE_MS = 1000;
/** A clock of nanoseconds may wake half of one too early. */
const GRAIN = 1e-6;

export const vendorModelEmulator: Emulator<VendorModelState> = {
  id: "vendor-model",
  speed: 9600,
  start: (seed) => ({ random: seed, lines: 0, saturation: 97, off: 0 }),
  step: (state, _heard, at) => {
    const sends: Sent[] = [];
    let now = state;
    for (; now.lines * LINE_MS <= at + GRAIN; now = nextLine(now)) sends.push(line(now));
    return { state: now, sends, next: Milliseconds(now.lines * LINE_MS - at) };
  },
};

function nextLine({ random, lines, saturation, off }: VendorModelState): VendorModelState {
  const [later, chance] = nextRandom(random);
  const moved = Math.min(100, Math.max(80, saturation + Math.floor(chance * 3) - 1));
  return { random: later, lines: lines + 1, saturation: moved, off: off > 0 ? off - 1 : chance > 0.9 ? 3 : 0 };
}

function line({ saturation, off }: VendorModelState): Sent {
  const body = `${off > 0 ? "---" : String(saturation).padStart(3, "0")},${off > 0 ? 1 : 0}`;
  const sum = [...body].reduce((total, letter) => total + letter.charCodeAt(0), 0) & 0xff;
  const bytes = new TextEncoder().encode(`$${body}*${sum.toString(16).toUpperCase().padStart(2, "0")}\r\n`);
  const observations = { MDC_PULS_OXIM_SAT_O2: off > 0 ? null : String(saturation) };
  return { bytes, unit: { bytes: bytes.length, observations, waves: {}, conditions: { "vendor-model.sensor_off": off > 0 } } };
}
