import { Milliseconds } from "../../config/units.ts";
import { CLOCK_GRAIN, type Emulator, type Sent, type Unit } from "../kit/emulator.ts";
import { roll } from "../kit/emulator-dice.ts";
import { type Alarms, type AlarmsTold, alarmBytes, alarmsTold, type EnumBytes, hasChanged, nextAlarms, quiet } from "./emulator-alarms.ts";
import { type Ear, frameBytes, hear, MAIN, recordBytes, type Subrecord } from "./emulator-frame.ts";
import { admitted, displayed, nextSecond, type Patient } from "./emulator-patient.ts";
import { type Physiological, subrecordBytes, toldOf } from "./emulator-physiological.ts";
import { type Request, requestOf } from "./emulator-request.ts";
import { granted, waveBytes, wavesOf, wavesTold } from "./emulator-waves.ts";

/**
 * The Computer Interface of a CARESCAPE monitor, written from the protocol paper alone. It is silent until it is asked; what was asked
 * for leaves once a second, each record in a frame of its own with a number of its main type.
 *
 * Names in units are those of README.md ("Values"): the term, which the label of the record decides (GE-5), or the place behind `ge.`.
 * Waves and alarms are told whole. A physiological unit is partial: most bits of its headers are not told, nor what has ended since the
 * record before (a module pulled, a label changed). `deviceTime` is r_time in Unix seconds (GE-10).
 */

export type DriState = {
  readonly seed: number;
  readonly random: number;
  /** Received since the last flag. */
  readonly ear: Ear;
  /** Seconds since switch-on that were lived through. */
  readonly second: number;
  /** Unix seconds at switch-on; somebody sets the clock now and then. */
  readonly clock: number;
  readonly patient: Patient;
  readonly alarms: Alarms;
  readonly enumBytes: EnumBytes;
  /** Trends come only while a patient case runs. */
  readonly caseStarts: number;
  readonly asked: Asked;
  /** r_nbr of the next record of each main type. */
  readonly numbers: Readonly<Record<number, number>>;
  /** When the line has carried what left until now, in ms. */
  readonly lineFree: number;
};
type Stream = { readonly interval: number; readonly classes: readonly boolean[]; readonly left: number };
type Asked = {
  readonly displayed?: Stream;
  readonly once?: readonly boolean[];
  /** Second of the last single request. */
  readonly onceAt: number;
  readonly trend10?: Stream;
  readonly trend60?: Stream;
  readonly waves: readonly number[];
  /** The next record of waves carries the gap flag. */
  readonly gap: boolean;
  readonly alarms: "none" | "once" | "changes";
  /** Second of the last alarm record; absent: the full status is due. */
  readonly alarmsAt?: number;
};

const SECOND = 1000;
const SPEED = 19_200;
/** 8E1: eleven bits a byte. */
const BYTE_TIME = (11 * SECOND) / SPEED;
/** CTS that blocks for longer makes the monitor drop its waves. */
const BLOCKED_MAX = 2 * SECOND;
/** Now and then the host's CTS is held: the line carries nothing for so long. */
const CTS_HELD = 3 * SECOND;
/** More than this behind, a second leaves nothing at all. */
const BEHIND_MAX = 4 * SECOND;
/** A device that was not stepped for longer than this goes on from now. */
const CATCH_UP_SECONDS = 20;
const SINGLE_EVERY = 5;
const ALARMS_EVERY = 2;
const REQUESTED_INTERVAL_MAX = 3600;
const NOTHING_ASKED: Asked = { onceAt: Number.NEGATIVE_INFINITY, waves: [], gap: true, alarms: "none" };

export const geDriEmulator: Emulator<DriState> = {
  id: "ge-dri",
  speed: SPEED,
  start: (seed) => {
    const dice = roll(seed);
    const clock = Date.UTC(2026, dice.between(0, 11), dice.between(1, 28), dice.between(0, 23), dice.between(0, 59)) / SECOND;
    const fixed = { seed, clock, enumBytes: dice.one([2, 4] as const), caseStarts: dice.between(2, 9) };
    const begun = { ear: undefined, second: 0, asked: NOTHING_ASKED, numbers: {}, lineFree: 0 };
    return { ...fixed, ...begun, patient: admitted(seed), alarms: quiet(seed), random: dice.state() };
  },
  step: (state, heard, at) => {
    const [ear, records] = hear(state.ear, heard);
    let now: DriState = { ...state, ear };
    for (const record of records) {
      const request = requestOf(record);
      if (request !== undefined) now = { ...now, asked: obey(now.asked, request, now.second) };
    }
    const sends: Sent[] = [];
    const behind = Math.floor(at / SECOND) - now.second;
    if (behind > CATCH_UP_SECONDS) now = { ...now, second: now.second + behind - 1 };
    while ((now.second + 1) * SECOND <= at + CLOCK_GRAIN) now = live(now, sends);
    return { state: now, sends, next: Milliseconds(Math.max(CLOCK_GRAIN, (now.second + 1) * SECOND - at)) };
  },
};

// ── Requests ────────────────────────────────────────────────────────────────────────────────────────────────────────

function obey(asked: Asked, request: Request, second: number): Asked {
  switch (request.ask) {
    case "displayed":
    case "trend 10 s":
    case "trend 60 s":
      return obeyStream(asked, request, second);
    case "waves":
      return { ...asked, waves: granted(request.types), gap: true };
    case "no waves":
      return { ...asked, waves: [], gap: true };
    case "alarms once":
      return asked.alarms === "changes" ? forget(asked, "alarmsAt") : { ...forget(asked, "alarmsAt"), alarms: "once" };
    case "alarm changes":
      return { ...forget(asked, "alarmsAt"), alarms: "changes" };
    case "no alarms":
      return { ...asked, alarms: "none" };
  }
}

/** Trends have a period of their own; a shorter interval is not obeyed. */
const STREAMS = {
  displayed: { key: "displayed", least: 1 },
  "trend 10 s": { key: "trend10", least: 10 },
  "trend 60 s": { key: "trend60", least: 60 },
} as const;
function obeyStream(asked: Asked, { ask, interval, classes }: Extract<Request, { readonly interval: number }>, second: number): Asked {
  const { key, least } = STREAMS[ask];
  if (interval === 0) return key === "displayed" ? forget(asked, "displayed", "once") : forget(asked, key);
  if (interval === -1 && key === "displayed")
    // The second of two single requests within 5 s is ignored.
    return second - asked.onceAt < SINGLE_EVERY ? asked : { ...asked, once: classes, onceAt: second };
  if (interval < 0 || interval > REQUESTED_INTERVAL_MAX) return asked;
  return { ...asked, [key]: { interval: Math.max(least, interval), classes, left: key === "displayed" ? 0 : least } };
}

function forget(asked: Asked, ...keys: readonly (keyof Asked)[]): Asked {
  return Object.fromEntries(Object.entries(asked).filter(([key]) => !keys.includes(key as keyof Asked))) as Asked;
}

// ── A second ────────────────────────────────────────────────────────────────────────────────────────────────────────

function live(state: DriState, sends: Sent[]): DriState {
  const dice = roll(state.random);
  const second = state.second + 1;
  // The clock steps: forwards, or back by an hour.
  const clock = dice.happens(0.02) ? state.clock + dice.one([3600, -3600, 17, -2]) : state.clock;
  const at = second * SECOND;
  const lineFree = dice.happens(0.01) ? at + CTS_HELD : state.lineFree;
  const bed = { patient: nextSecond(state.patient), alarms: nextAlarms(state.alarms) };
  const before: DriState = { ...state, ...bed, second, clock, lineFree, random: dice.state() };
  if (before.lineFree - at > BEHIND_MAX) return before;
  return sendAlarms(sendWaves(sendTrends(sendDisplayed(before, sends), sends), sends), sends);
}

type Content = Pick<Unit, "observations" | "waves" | "conditions" | "partial"> & {
  readonly main: number;
  readonly subrecords: readonly Subrecord[];
};
function send(state: DriState, sends: Sent[], { main, subrecords, ...told }: Content): DriState {
  const number = state.numbers[main] ?? 0;
  const time = state.clock + state.second;
  const bytes = frameBytes(recordBytes({ number, time, main }, subrecords));
  sends.push({ bytes, unit: { bytes: bytes.length, deviceTime: String(time), ...told } });
  const lineFree = Math.max(state.lineFree, state.second * SECOND) + bytes.length * BYTE_TIME;
  return { ...state, lineFree, numbers: { ...state.numbers, [main]: (number + 1) & 0xff } };
}

const TYPE = { displayed: 1, trend10: 2, trend60: 3 } as const;
const SERIES = { displayed: "", trend10: "trend_10s.", trend60: "trend_60s." } as const;

function sendPhysiological(state: DriState, sends: Sent[], kind: keyof typeof TYPE, classes: readonly boolean[]): DriState {
  const groups = displayed(state.patient);
  const time = state.clock + state.second;
  const list = classes.flatMap((wanted, level): readonly Physiological[] => (wanted ? [{ class: level, time, groups }] : []));
  if (list.length === 0) return state;
  const subrecords = list.map((one) => ({ type: TYPE[kind], bytes: subrecordBytes(one) }));
  return send(state, sends, { main: MAIN.physiological, subrecords, waves: {}, partial: true, ...toldOf(list, SERIES[kind]) });
}

function sendDisplayed(state: DriState, sends: Sent[]): DriState {
  const { displayed: stream, once } = state.asked;
  const due = stream !== undefined && stream.left <= 1;
  const waiting =
    stream === undefined ? state.asked : { ...state.asked, displayed: { ...stream, left: due ? stream.interval : stream.left - 1 } };
  const next = { ...state, asked: forget(waiting, "once") };
  const classes = due ? stream.classes : once;
  return classes === undefined ? next : sendPhysiological(next, sends, "displayed", classes);
}

function sendTrends(state: DriState, sends: Sent[]): DriState {
  let now = state;
  if (now.asked.displayed === undefined || now.second < now.caseStarts) return now;
  for (const kind of ["trend10", "trend60"] as const) {
    const stream = now.asked[kind];
    if (stream === undefined) continue;
    const due = stream.left <= 1;
    now = { ...now, asked: { ...now.asked, [kind]: { ...stream, left: due ? stream.interval : stream.left - 1 } } };
    if (due) now = sendPhysiological(now, sends, kind, stream.classes);
  }
  return now;
}

function sendWaves(state: DriState, sends: Sent[]): DriState {
  const { waves: types, gap } = state.asked;
  if (types.length === 0) return state;
  const at = state.second * SECOND;
  if (state.lineFree - at > BLOCKED_MAX) return { ...state, asked: { ...state.asked, waves: [], gap: true } };
  const dice = roll(state.random);
  const lost = dice.happens(0.02);
  if (lost) return { ...state, random: dice.state(), asked: { ...state.asked, gap: true } };
  const [waves, random] = wavesOf(types, { random: dice.state(), second: state.second, gap });
  const subrecords = waves.map((wave) => ({ type: wave.type, bytes: waveBytes(wave) }));
  const next = { ...state, random, asked: { ...state.asked, gap: false } };
  return send(next, sends, { main: MAIN.wave, subrecords, observations: {}, conditions: {}, waves: wavesTold(waves) });
}

function sendAlarms(state: DriState, sends: Sent[]): DriState {
  const { alarms: mode, alarmsAt } = state.asked;
  const changed = alarmsAt !== undefined && state.second - alarmsAt >= ALARMS_EVERY && hasChanged(state.alarms);
  if (mode === "none" || !(alarmsAt === undefined || changed)) return state;
  const subrecords = [{ type: ALARM_STATUS, bytes: alarmBytes(state.alarms, state.enumBytes) }];
  const told: AlarmsTold = alarmsTold(state.alarms);
  const asked: Asked = { ...state.asked, alarms: mode === "once" ? "none" : mode, alarmsAt: state.second };
  const next = { ...state, asked, alarms: { ...state.alarms, told: state.alarms.entries } };
  return send(next, sends, { main: MAIN.alarm, subrecords, waves: {}, ...told });
}
/** The paper names no type for the answer to an alarm request. */
const ALARM_STATUS = 1;
