import { type Dice, roll } from "../kit/emulator-dice.ts";
import { counted, movedTo, newPump, type Parameters, type Pump, parametersOf } from "./emulator-pump.ts";

/** Pumps in their slots; in the running rack one is exchanged, one is taken out and put in elsewhere. */

export const PUMPS_MAX = 24;
const SLOT_NAMES = "123456789ABCDEFGHIJKLMNO";
const PILLARS = 3;
/** xy of a slot: x pillar, y slot. */
export const isSlot = (xy: string): boolean => /^[1-3][1-9A-O]$/.test(xy);

export type Rack = {
  readonly random: number;
  readonly pumps: Readonly<Record<string, Pump>>;
  /** Slots that held a pump which was taken out. */
  readonly emptied: readonly string[];
  /** A pump in somebody's hands, and the second at which it comes back. */
  readonly away: { readonly pump: Pump; readonly back: number } | undefined;
  /** Second of the next exchange and of the next removal; infinite: never. */
  readonly exchange: number;
  readonly removal: number;
};

export function filledRack(seed: number, pumps: number, happens: "something" | "nothing"): Rack {
  const dice = roll(seed ^ 0x1357);
  const slots = Array.from({ length: Math.min(pumps, PUMPS_MAX) }, (_, index) => slotAt(index, pumps));
  const filled = Object.fromEntries(slots.map((slot) => [slot, newPump(dice, 0)]));
  const never = Number.POSITIVE_INFINITY;
  const times =
    happens === "nothing" ? { exchange: never, removal: never } : { exchange: dice.between(12, 22), removal: dice.between(24, 32) };
  return { pumps: filled, emptied: [], away: undefined, ...times, random: dice.state() };
}

/** Many pumps stand on three pillars, few on the first. */
function slotAt(index: number, pumps: number): string {
  const eachPillar = pumps > 6 ? Math.ceil(pumps / PILLARS) : pumps;
  return `${1 + Math.floor(index / eachPillar)}${SLOT_NAMES[index % eachPillar]}`;
}

/** The rack at this second. */
export function rackAt(before: Rack, second: number): Rack {
  const dice = roll(before.random);
  const rack = happened(before, second, dice);
  const pumps = Object.fromEntries(Object.entries(rack.pumps).map(([slot, pump]) => [slot, movedTo(pump, second, dice)]));
  return { ...rack, pumps, random: dice.state() };
}

function happened(rack: Rack, second: number, dice: Dice): Rack {
  const slots = Object.keys(rack.pumps);
  const slot = slots[dice.between(0, Math.max(0, slots.length - 1))];
  const { away } = rack;
  if (away !== undefined && second >= away.back) return putIn({ ...rack, away: undefined }, away.pump, dice);
  if (slot === undefined) return rack;
  if (second >= rack.exchange)
    return { ...rack, pumps: { ...rack.pumps, [slot]: newPump(dice, second) }, exchange: second + dice.between(40, 120) };
  // The last pump stays.
  if (second < rack.removal || away !== undefined || slots.length < 2) return rack;
  const { [slot]: taken, ...others } = rack.pumps;
  const emptied = [...rack.emptied.filter((one) => one !== slot), slot];
  const next = { pumps: others, emptied, removal: second + dice.between(40, 120) };
  return taken === undefined ? rack : { ...rack, ...next, away: { pump: taken, back: second + dice.between(6, 15) } };
}

/** In a slot that never held one, on the first pillar. */
function putIn(rack: Rack, pump: Pump, dice: Dice): Rack {
  const free = [...SLOT_NAMES].map((name) => `1${name}`).filter((slot) => rack.pumps[slot] === undefined);
  const slot = free[dice.between(0, Math.min(3, free.length - 1))] ?? "3O";
  return { ...rack, pumps: { ...rack.pumps, [slot]: pump }, emptied: rack.emptied.filter((one) => one !== slot) };
}

/** What a request for these slots gets; the counters of these pumps begin anew. */
export type Answered = { readonly rack: Rack; readonly slots: readonly { readonly slot: string; readonly parameters: Parameters }[] };
export function asked(rack: Rack, wanted: readonly string[], second: number): Answered {
  const dice = roll(rack.random);
  const slots = wanted.flatMap((slot) => {
    const pump = rack.pumps[slot];
    return pump === undefined ? [] : [{ slot, parameters: parametersOf(pump, dice) }];
  });
  const begun = slots.map(({ slot }): [string, Pump] => [slot, counted(rack.pumps[slot]!, second)]);
  return { rack: { ...rack, pumps: { ...rack.pumps, ...Object.fromEntries(begun) }, random: dice.state() }, slots };
}
