import { type Duration, Milliseconds } from "../../config/units.ts";
import { CLOCK_GRAIN, type Emulator, nextRandom, type Sent, type Unit } from "../kit/emulator.ts";

/**
 * A Nonin oximeter that sends data format 2: 75 frames a second of five bytes, 25 frames a packet, three packets a second.
 * Written from the protocol paper alone. It answers nothing (the format command is not emulated).
 *
 * Frame: 01, status, pleth, float, sum of the first four mod 256.
 * Float byte by frame 1..25, all of them 7-bit:
 *
 *   1 HR high    2 HR low      3 SpO2        4 revision    5 -
 *   6 timer hi   7 timer lo    8 STAT2       9 SpO2-D     10 SpO2 fast
 *  11 SpO2 beat 12 -          13 -          14 E-HR high  15 E-HR low
 *  16 E-SpO2    17 E-SpO2-D   18 -          19 -          20 HR-D high
 *  21 HR-D low  22 E-HR-D hi  23 E-HR-D lo  24 -          25 -
 */

export const FRAMES_A_SECOND = 75;
export const FRAMES_A_PACKET = 25;
export const FRAME_BYTES = 5;
export const PACKET_BYTES = FRAMES_A_PACKET * FRAME_BYTES;
export const HEART_RATE_MISSING = 511;
export const SATURATION_MISSING = 127;
/** The D values go on showing the last ones this long after the finger left (30 packets are 10 s). */
const HELD_PACKETS = 30;
const START = 0x01;
const TIMER_MODULUS = 1 << 14;

export const STATUS = { always: 0x80, sync: 0x01, green: 0x02, red: 0x04, sensorAlarm: 0x08, outOfTrack: 0x10, artefact: 0x20 } as const;
export const STAT2 = { batteryLow: 0x01, smartPoint: 0x20 } as const;

/** A packet in the device's own terms. `statuses` (without bit 7 and SYNC) and `pleth` have one entry a frame. */
export type Packet = {
  readonly heartRate: number;
  readonly saturation: number;
  readonly revision: number;
  readonly timer: number;
  readonly stat2: number;
  readonly saturationD: number;
  readonly saturationFast: number;
  readonly saturationBeat: number;
  readonly heartRateE: number;
  readonly saturationE: number;
  readonly saturationED: number;
  readonly heartRateD: number;
  readonly heartRateED: number;
  readonly statuses: readonly number[];
  readonly pleth: readonly number[];
};

/** The 125 bytes of a packet; SYNC in its first frame only. */
export function packetBytes(packet: Packet): Uint8Array {
  const bytes = new Uint8Array(PACKET_BYTES);
  for (let frame = 0; frame < FRAMES_A_PACKET; frame++) bytes.set(frameBytes(packet, frame), frame * FRAME_BYTES);
  return bytes;
}

/** `frame` counts from 0. */
function frameBytes(packet: Packet, frame: number): Uint8Array {
  const status = STATUS.always | (packet.statuses[frame] ?? 0) | (frame === 0 ? STATUS.sync : 0);
  const pleth = packet.pleth[frame] ?? 0;
  const float = packetFloats(packet)[frame] ?? 0;
  return Uint8Array.of(START, status, pleth, float, (START + status + pleth + float) & 0xff);
}

function packetFloats(packet: Packet): readonly number[] {
  return [
    ...[...rateBytes(packet.heartRate), packet.saturation, packet.revision, 0],
    ...[...timerBytes(packet.timer), packet.stat2, packet.saturationD, packet.saturationFast],
    ...[packet.saturationBeat, 0, 0, ...rateBytes(packet.heartRateE)],
    ...[packet.saturationE, packet.saturationED, 0, 0, ...rateBytes(packet.heartRateD)],
    ...[...rateBytes(packet.heartRateED), 0, 0],
  ];
}
/** 150 is 01 16: two bits above seven. */
const rateBytes = (rate: number): readonly [number, number] => [(rate >> 7) & 0x03, rate & 0x7f];
const timerBytes = (timer: number): readonly [number, number] => [(timer >> 7) & 0x7f, timer & 0x7f];

/** What a faithful reader concludes from a packet. */
export function packetUnit(packet: Packet): Unit {
  const any = packet.statuses.reduce((bits, status) => bits | status, 0);
  // OX1-6: with a sensor alarm or out of track the device shows old numbers; they are held, not measured.
  const measured = (any & (STATUS.sensorAlarm | STATUS.outOfTrack)) === 0;
  // OX1-4, OX1-5: 127 and 511 mean no value.
  const shown = (value: number, missing: number): string | null => (measured && value !== missing ? String(value) : null);
  return {
    bytes: PACKET_BYTES,
    deviceTime: String(packet.timer),
    observations: {
      MDC_PULS_OXIM_SAT_O2: shown(packet.saturationD, SATURATION_MISSING),
      MDC_PULS_OXIM_PULS_RATE: shown(packet.heartRateD, HEART_RATE_MISSING),
      // OX1-9: the flags are readings of their own.
      "nonin.artefact": (any & STATUS.artefact) === 0 ? "off" : "on",
      "nonin.perfusion": perfusion(any),
    },
    waves: { MDC_PULS_OXIM_PLETH: packet.pleth },
    conditions: {
      MDC_EVT_SENSOR_DISCONN: (any & STATUS.sensorAlarm) !== 0,
      MDC_EVT_SIG_LO: (any & STATUS.outOfTrack) !== 0,
      MDC_EVT_BATT_LO: (packet.stat2 & STAT2.batteryLow) !== 0,
    },
  };
}
function perfusion(bits: number): string {
  const both = bits & (STATUS.green | STATUS.red);
  if (both === 0) return "normal";
  if (both === STATUS.green) return "green";
  return both === STATUS.red ? "red" : "yellow";
}

// ── The patient and the sensor ──────────────────────────────────────────────────────────────────────────────────────

/** How many packets a disturbance still lasts (left), and in how many the next one begins (wait). */
type Spell = { readonly left: number; readonly wait: number };
/** Packets between two spells and of one spell, each from..to. */
type SpellHabit = { readonly wait: readonly [number, number]; readonly last: readonly [number, number] };
/** In packets: three are a second. */
const HABITS = {
  sensorOff: { wait: [60, 120], last: [6, 20] },
  /** Longer than the hold, so that the display goes blank too. */
  sensorOffLong: { wait: [240, 540], last: [36, 50] },
  outOfTrack: { wait: [80, 240], last: [1, 6] },
  artefact: { wait: [15, 75], last: [1, 5] },
  poorPerfusion: { wait: [30, 120], last: [4, 24] },
  missing: { wait: [70, 200], last: [1, 4] },
  batteryLow: { wait: [90, 270], last: [30, 75] },
  fast: { wait: [30, 120], last: [20, 75] },
} satisfies Record<string, SpellHabit>;
type SpellName = keyof typeof HABITS;
const SPELL_NAMES = Object.keys(HABITS) as readonly SpellName[];

export type NoninState = {
  readonly random: number;
  /** Frames sent since switch-on: frame k leaves at k / 75 s, so that no error adds up. */
  readonly frames: number;
  readonly packet: Packet;
  readonly spells: Readonly<Record<SpellName, Spell>>;
  /** Packets since the finger left; 0 while it is there. */
  readonly off: number;
  readonly restingRate: number;
  readonly heartRate: number;
  readonly saturation: number;
  /** Colour of the present spell of poor perfusion, as status bits. */
  readonly perfusion: number;
  /** Where in the heart beat the pleth is, 0..1. */
  readonly beat: number;
};

export const noninEmulator: Emulator<NoninState> = {
  id: "nonin",
  speed: 9600,
  start: (seed) => {
    const dice = roll(seed);
    const restingRate = dice.between(52, 104);
    const saturation = dice.between(93, 99);
    const revision = dice.between(0x30, 0x39);
    const spells = Object.fromEntries(SPELL_NAMES.map((name) => [name, waiting(dice, name)])) as Record<SpellName, Spell>;
    const packet: Packet = { ...NOTHING_MEASURED, revision };
    const body = { off: 0, restingRate, heartRate: restingRate, saturation, perfusion: 0, beat: 0 };
    return nextPacket({ random: dice.state(), frames: 0, packet, spells, ...body }, "first");
  },
  step: (state, _heard, at) => {
    const sends: Sent[] = [];
    let now = state;
    while (frameDue(now.frames) <= at + CLOCK_GRAIN) {
      const index = now.frames % FRAMES_A_PACKET;
      const bytes = frameBytes(now.packet, index);
      const last = index === FRAMES_A_PACKET - 1;
      sends.push(last ? { bytes, unit: packetUnit(now.packet) } : { bytes });
      now = { ...now, frames: now.frames + 1 };
      if (last) now = nextPacket(now, "later");
    }
    return { state: now, sends, next: Milliseconds(frameDue(now.frames) - at) };
  },
};

const frameDue = (frame: number): Duration => Milliseconds((frame * 1000) / FRAMES_A_SECOND);

const NOTHING_MEASURED: Packet = {
  heartRate: HEART_RATE_MISSING,
  saturation: SATURATION_MISSING,
  revision: 0,
  timer: 0,
  stat2: 0,
  saturationD: SATURATION_MISSING,
  saturationFast: SATURATION_MISSING,
  saturationBeat: SATURATION_MISSING,
  heartRateE: HEART_RATE_MISSING,
  saturationE: SATURATION_MISSING,
  saturationED: SATURATION_MISSING,
  heartRateD: HEART_RATE_MISSING,
  heartRateED: HEART_RATE_MISSING,
  statuses: [],
  pleth: [],
};

/** Plans the packet that begins now: everything in it is known before its first frame leaves. */
function nextPacket(state: NoninState, which: "first" | "later"): NoninState {
  const dice = roll(state.random);
  const spells = which === "first" ? state.spells : movedOn(state.spells, dice);
  const now = { ...wander(state, spells, dice), spells };
  const fingerOff = lasts(spells.sensorOff) || lasts(spells.sensorOffLong);
  const off = fingerOff ? state.off + 1 : 0;
  const timer = which === "first" ? 0 : (state.packet.timer + 1) % TIMER_MODULUS;
  const pleth = plethSamples(now, fingerOff, dice);
  const packet: Packet = {
    ...numbers({ ...now, off }, state.packet),
    revision: state.packet.revision,
    timer,
    stat2: (lasts(spells.batteryLow) ? STAT2.batteryLow : 0) | (fingerOff || lasts(spells.artefact) ? 0 : STAT2.smartPoint),
    statuses: statuses(now, off, dice),
    pleth: pleth.samples,
  };
  return { ...now, off, packet, beat: pleth.beat, random: dice.state() };
}

function wander(state: NoninState, spells: NoninState["spells"], dice: Dice): NoninState {
  const target = lasts(spells.fast) ? state.restingRate + 70 : state.restingRate;
  const heartRate = state.heartRate + (target - state.heartRate) * 0.12 + (dice.unit() - 0.5) * 3;
  const saturation = state.saturation + (96.5 - state.saturation) * 0.02 + (dice.unit() - 0.5) * 0.9;
  const began = lasts(spells.poorPerfusion) && !lasts(state.spells.poorPerfusion);
  const perfusion = began ? ([STATUS.green, STATUS.red, STATUS.green | STATUS.red][dice.between(0, 2)] ?? 0) : state.perfusion;
  return { ...state, heartRate, saturation, perfusion };
}

/** The numbers of a packet. The variants always differ from the D values, so that a reader of the wrong byte is caught. */
function numbers(state: NoninState, before: Packet): Packet {
  // OX1-6: the display holds its numbers for 10 s after the finger left, then shows none; the faster ones go at once.
  if (state.off > HELD_PACKETS) return NOTHING_MEASURED;
  if (state.off > 0) return { ...NOTHING_MEASURED, saturationD: before.saturationD, heartRateD: before.heartRateD };
  if (lasts(state.spells.missing)) return NOTHING_MEASURED;
  const rate = Math.round(state.heartRate);
  const percent = Math.min(100, Math.max(70, Math.round(state.saturation)));
  return {
    ...NOTHING_MEASURED,
    heartRate: rate + 1,
    saturation: percent - 1,
    saturationD: percent,
    saturationFast: percent - 2,
    saturationBeat: percent - 3,
    heartRateE: rate - 1,
    saturationE: percent - 4,
    saturationED: percent - 5,
    heartRateD: rate,
    heartRateED: rate + 2,
  };
}

function statuses(state: NoninState, off: number, dice: Dice): readonly number[] {
  const { spells } = state;
  // A finger leaves somewhere inside a packet: one frame of 25 with the bit must be enough for a reader.
  const from = off === 1 ? dice.between(0, FRAMES_A_PACKET - 1) : 0;
  const slack = dice.between(0, 12);
  return Array.from({ length: FRAMES_A_PACKET }, (_, frame) => {
    const alarm = off > 0 && frame >= from ? STATUS.sensorAlarm : 0;
    const lost = lasts(spells.outOfTrack) && frame >= slack ? STATUS.outOfTrack : 0;
    const artefact = lasts(spells.artefact) && frame >= slack && frame < slack + 9 ? STATUS.artefact : 0;
    const poor = off === 0 && lasts(spells.poorPerfusion) ? state.perfusion : 0;
    return alarm | lost | artefact | poor;
  });
}

function plethSamples(state: NoninState, fingerOff: boolean, dice: Dice): { readonly samples: readonly number[]; readonly beat: number } {
  const height = lasts(state.spells.poorPerfusion) ? 55 : 150;
  const artefact = lasts(state.spells.artefact) ? 30 : 0;
  const stride = state.heartRate / 60 / FRAMES_A_SECOND;
  let beat = state.beat;
  const samples = Array.from({ length: FRAMES_A_PACKET }, () => {
    beat = (beat + stride) % 1;
    const noise = dice.unit() * (4 + artefact);
    return Math.min(255, Math.floor(fingerOff ? 2 + noise : 50 + height * pulse(beat) + noise));
  });
  return { samples, beat };
}

/** A pulse: systolic peak, dicrotic notch, second wave; 0..1 over a beat of 0..1. */
function pulse(beat: number): number {
  const hump = (at: number, width: number): number => Math.exp(-(((beat - at) / width) ** 2));
  return Math.min(1, hump(0.2, 0.1) + 0.42 * hump(0.5, 0.14));
}

// ── Chance ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Chance for the length of one call; what is kept is its state. */
type Dice = { readonly unit: () => number; readonly between: (low: number, high: number) => number; readonly state: () => number };
function roll(from: number): Dice {
  let state = from;
  const unit = (): number => {
    const [next, value] = nextRandom(state);
    state = next;
    return value;
  };
  return { unit, between: (low, high) => low + Math.floor(unit() * (high - low + 1)), state: () => state };
}

const lasts = (spell: Spell): boolean => spell.left > 0;
const waiting = (dice: Dice, name: SpellName): Spell => ({ left: 0, wait: pick(dice, HABITS[name].wait) });
const pick = (dice: Dice, [low, high]: readonly [number, number]): number => dice.between(low, high);

function movedOn(spells: NoninState["spells"], dice: Dice): NoninState["spells"] {
  const moved = SPELL_NAMES.map((name): [SpellName, Spell] => {
    const { left, wait } = spells[name];
    if (left > 1) return [name, { left: left - 1, wait }];
    if (left === 1) return [name, waiting(dice, name)];
    return [name, wait > 1 ? { left, wait: wait - 1 } : { left: pick(dice, HABITS[name].last), wait: 0 }];
  });
  return Object.fromEntries(moved) as Record<SpellName, Spell>;
}
