import { Milliseconds } from "../../config/units.ts";
import { CLOCK_GRAIN, type Emulator, type Unit } from "../kit/emulator.ts";
import { type Dice, roll } from "../kit/emulator-dice.ts";

/**
 * A Nonin oximeter that is set to data format 13: one message for each spot check, those in memory first, oldest first. 22 bytes:
 *
 *   00 02 00 0D · length high, low · 20 YY MM DD hh mm ss 00 (BCD) · status high, low · rate high, low · reserved · SpO2 ·
 *   sum of the 14 before · 03
 *
 * Written from the protocol paper alone. Measurements follow each other faster than a person could, so that a short talk has some.
 */

export const STATUS13 = { smartPoint: 0x0200, noMeasurement: 0x0100, fromMemory: 0x0010, batteryLow: 0x0001 } as const;
export const NONE13 = { rate: 511, saturation: 127 } as const;
export const MESSAGE_BYTES = 22;
const HEAD = [0x00, 0x02, 0x00, 0x0d, 0x00, 0x0e] as const;
const ETX = 0x03;

export type SpotCheck = { readonly rate: number; readonly saturation: number; readonly status: number; readonly time: SpotTime };
type SpotTime = readonly [year: number, month: number, day: number, hour: number, minute: number, second: number];

export type Nonin13State = { readonly random: number; readonly due: number; readonly inMemory: number; readonly told: number };

export const nonin13Emulator: Emulator<Nonin13State> = {
  id: "nonin-13",
  speed: 9600,
  start: (seed) => {
    const dice = roll(seed);
    return { inMemory: dice.between(1, 4), told: 0, due: dice.between(200, 900), random: dice.state() };
  },
  step: (state, _heard, at) => {
    if (at + CLOCK_GRAIN < state.due) return { state, sends: [], next: Milliseconds(state.due - at) };
    const dice = roll(state.random);
    const fromMemory = state.told < state.inMemory;
    const check = checked(dice, fromMemory, state.told);
    const wait = fromMemory ? dice.between(150, 400) : dice.between(2500, 4500);
    const next = { ...state, told: state.told + 1, due: state.due + wait, random: dice.state() };
    return { state: next, sends: [{ bytes: messageOf(check), unit: unitOf(check) }], next: Milliseconds(wait) };
  },
};

function checked(dice: Dice, fromMemory: boolean, told: number): SpotCheck {
  const measured = !dice.happens(0.12);
  const rate = measured ? dice.between(48, 190) : NONE13.rate;
  const saturation = measured ? dice.between(78, 100) : NONE13.saturation;
  const status =
    (measured && dice.happens(0.75) ? STATUS13.smartPoint : 0) |
    (measured ? 0 : STATUS13.noMeasurement) |
    (fromMemory ? STATUS13.fromMemory : 0) |
    (dice.happens(0.2) ? STATUS13.batteryLow : 0);
  // Those in memory are of the day before.
  return { rate, saturation, status, time: [12, 4, fromMemory ? 17 : 18, dice.between(0, 23), told % 60, dice.between(0, 59)] };
}

const bcd = (number: number): number => (Math.floor(number / 10) << 4) | (number % 10);

export function messageOf({ rate, saturation, status, time }: SpotCheck): Uint8Array {
  const data = [0x20, ...time.map(bcd), 0x00, status >> 8, status & 0xff, rate >> 8, rate & 0xff, 0x00, saturation];
  return Uint8Array.of(...HEAD, ...data, data.reduce((sum, byte) => sum + byte, 0) & 0xff, ETX);
}

const two = (number: number): string => String(number).padStart(2, "0");
function unitOf({ rate, saturation, status, time }: SpotCheck): Unit {
  const shown = (value: number, none: number): string | null =>
    (status & STATUS13.noMeasurement) !== 0 || value === none ? null : String(value);
  const [year, month, day, hour, minute, second] = time;
  return {
    bytes: MESSAGE_BYTES,
    deviceTime: `20${two(year)}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}.00`,
    observations: {
      MDC_PULS_OXIM_SAT_O2: shown(saturation, NONE13.saturation),
      MDC_PULS_OXIM_PULS_RATE: shown(rate, NONE13.rate),
      "nonin.smartpoint": (status & STATUS13.smartPoint) !== 0 ? "on" : "off",
      "nonin.memory": (status & STATUS13.fromMemory) !== 0 ? "on" : "off",
    },
    waves: {},
    conditions: { MDC_EVT_BATT_LO: (status & STATUS13.batteryLow) !== 0 },
  };
}
