import { roll } from "../kit/emulator-dice.ts";
import { WAVES } from "./emulator-groups.table.ts";

/** The waves of a monitor: a second of each, as the samples of one subrecord. */

const HEADER_BYTES = 6;
const GAP = 1;
/** Other bits of the status vary in the recorded records and say nothing. */
const STATUS_USUAL = 0x0652;
/** On a monitor that is no CARESCAPE of software 3. */
export const SAMPLES_A_SECOND_MAX = 600;
export const WAVES_MAX = 8;

export type Wave = { readonly type: number; readonly status: number; readonly label: number; readonly samples: readonly number[] };

const rowOf = (type: number) => WAVES.find(([known]) => known === type);

/** Of the waves asked for, those that fit, in list order; the others are dropped without a word. */
export function granted(types: readonly number[]): readonly number[] {
  const list: number[] = [];
  let sum = 0;
  for (const type of types) {
    const rate = rowOf(type)?.[1];
    if (rate === undefined || list.includes(type) || list.length >= WAVES_MAX || sum + rate > SAMPLES_A_SECOND_MAX) continue;
    list.push(type);
    sum += rate;
  }
  return list;
}

export function waveBytes({ status, label, samples }: Wave): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + 2 * samples.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, samples.length, true);
  view.setUint16(2, status, true);
  view.setUint16(4, label, true);
  samples.forEach((sample, index) => {
    view.setInt16(HEADER_BYTES + 2 * index, sample, true);
  });
  return bytes;
}

export type Second = { readonly random: number; readonly second: number; readonly gap: boolean };
/** A second of these waves; a record holds one sample more or less than its rate now and then. */
export function wavesOf(types: readonly number[], { random, second, gap }: Second): readonly [waves: readonly Wave[], random: number] {
  const dice = roll(random);
  const waves = types.map((type): Wave => {
    const [, rate, low, high] = rowOf(type)!;
    const count = rate + (dice.happens(0.3) ? dice.between(-1, 1) : 0);
    const middle = (low + high) / 2;
    const shape = (index: number): number => Math.sin(2 * Math.PI * 1.2 * (second + index / rate) + type);
    const swing = 0.45 * (high - low);
    const samples = Array.from({ length: count }, (_, index) => Math.floor(middle + swing * shape(index) + dice.between(-2, 2)));
    return { type, status: STATUS_USUAL | (dice.between(0, 7) << 4) | (gap ? GAP : 0), label: 0, samples };
  });
  return [waves, dice.state()];
}

/** refid → samples as sent. */
export const wavesTold = (waves: readonly Wave[]): Readonly<Record<string, readonly number[]>> =>
  Object.fromEntries(waves.map(({ type, samples }) => [rowOf(type)![4], samples]));
