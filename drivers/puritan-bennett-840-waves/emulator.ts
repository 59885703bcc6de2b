import { Milliseconds } from "../../config/units.ts";
import { bytesOf } from "../kit/bytes.ts";
import { CLOCK_GRAIN, type Emulator, type Sent, type Unit } from "../kit/emulator.ts";
import { type Dice, roll } from "../kit/emulator-dice.ts";

/**
 * The waveform port of a Puritan Bennett 840, written from the protocol paper alone: 50 lines a second of flow and pressure, "BS, S:<n>,"
 * where breath n begins and "BE" where it ends. It answers nothing. As real logs do, it begins within a breath, loses a BE now and then,
 * and has a BS with FF in front of it, glued to what was cut off of the sample before.
 */

export const LINES_A_SECOND = 50;
const BREATHS_MODULUS = 65_536;

type Breath = { readonly number: number; readonly lines: number; readonly inspired: number; readonly peak: number; readonly peep: number };
export type WavesState = { readonly random: number; readonly breath: Breath; readonly at: number; readonly sent: number };

export const puritanBennett840WavesEmulator: Emulator<WavesState> = {
  id: "puritan-bennett-840-waves",
  speed: 38_400,
  unchecked: true,
  start: (seed) => {
    const dice = roll(seed);
    const breath = breathe(dice, dice.between(0, BREATHS_MODULUS - 1));
    return { breath, at: dice.between(20, breath.lines - 20), sent: 0, random: dice.state() };
  },
  step: (state, _heard, at) => {
    const sends: Sent[] = [];
    let now = state;
    while (due(now.sent) <= at + CLOCK_GRAIN) {
      // The port is opened within a line.
      if (now.sent === 0) sends.push({ bytes: bytesOf(".40\n") });
      const dice = roll(now.random);
      if (now.at === now.breath.lines) {
        const { sent, breath } = between(dice, now.breath);
        sends.push(...sent);
        now = { ...now, breath, at: 0 };
      }
      sends.push(sampleLine(sampleOf(now.breath, now.at, dice)));
      now = { ...now, at: now.at + 1, sent: now.sent + 1, random: dice.state() };
    }
    return { state: now, sends, next: Milliseconds(due(now.sent) - at) };
  },
};

const due = (line: number): number => (line * 1000) / LINES_A_SECOND;

function breathe(dice: Dice, number: number): Breath {
  const lines = dice.between(90, 240);
  return { number, lines, inspired: Math.round(lines * 0.3), peak: dice.between(12, 38), peep: dice.between(0, 9) };
}

/** What stands between two breaths: BE and BS, each of which may be lost or damaged. */
function between(dice: Dice, before: Breath): { readonly sent: readonly Sent[]; readonly breath: Breath } {
  const breath = breathe(dice, (before.number + 1) % BREATHS_MODULUS);
  const end = dice.happens(0.1) ? [] : [marked("BE\n", { "pb840.breath_mark": "BE" })];
  const begin = `BS, S:${breath.number},\n`;
  const told = { "pb840.breath_mark": "BS", "pb840.breath": String(breath.number) };
  return { breath, sent: [...end, dice.happens(0.15) ? { bytes: bytesOf(`1\xff${begin}`) } : marked(begin, told)] };
}

/** In hundredths of L/min and cmH2O. */
function sampleOf({ lines, inspired, peak, peep }: Breath, at: number, dice: Dice): readonly [flow: number, pressure: number] {
  const noise = dice.between(-40, 40);
  if (at < inspired) {
    const part = at / inspired;
    return [Math.round(4500 * (1 - part * 0.6)) + noise, Math.round(100 * (peep + (peak - peep) * Math.sqrt(part))) + noise];
  }
  const left = Math.exp(-(at - inspired) / ((lines - inspired) * 0.22));
  return [Math.round(-5200 * left) + noise, Math.round(100 * (peep + (peak - peep) * left * left)) + noise];
}

const printed = (hundredths: number): string => (hundredths / 100).toFixed(2);

function sampleLine([flow, pressure]: readonly [flow: number, pressure: number]): Sent {
  const bytes = bytesOf(`${printed(flow)}, ${printed(pressure)}\n`);
  return { bytes, unit: unitOf(bytes, {}, { MDC_FLOW_AWAY: [flow], MDC_PRESS_AWAY: [pressure] }) };
}
function marked(text: string, observations: Unit["observations"]): Sent {
  const bytes = bytesOf(text);
  return { bytes, unit: unitOf(bytes, observations, {}) };
}
const unitOf = (bytes: Uint8Array, observations: Unit["observations"], waves: Unit["waves"]): Unit => ({
  bytes: bytes.length,
  observations,
  waves,
  conditions: {},
});
