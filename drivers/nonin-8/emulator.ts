import { Milliseconds, Seconds } from "../../config/units.ts";
import { CLOCK_GRAIN, type Emulator, type Unit } from "../kit/emulator.ts";
import { HEART_RATE_MISSING, type NoninState, noninEmulator, type Packet, SATURATION_MISSING, STAT2, STATUS } from "../nonin/emulator.ts";

/**
 * The same oximeter, set to data format 8: once a second four bytes, the first of them with bit 7 and the others without.
 *
 *   1 · R · OOT · LPRF · MPRF · ARTF · HR8 · HR7      0 · HR6 .. HR0      0 · SpO2      0 · R · SPA · R · SNSA · R · R · LOW BAT
 *
 * No sum. Written from the protocol paper alone.
 */

export const STATUS8 = { always: 0x80, outOfTrack: 0x20, lowPerfusion: 0x10, marginalPerfusion: 0x08, artefact: 0x04 } as const;
export const STATUS8_2 = { smartPoint: 0x20, sensorAlarm: 0x08, batteryLow: 0x01 } as const;
const EVERY = Seconds(1);
const NOTHING = new Uint8Array();

/** `told`: frames sent since switch-on. */
export type Nonin8State = { readonly device: NoninState; readonly told: number };

export const nonin8Emulator: Emulator<Nonin8State> = {
  id: "nonin-8",
  speed: 9600,
  unchecked: true,
  start: (seed) => ({ device: noninEmulator.start(seed), told: 0 }),
  step: (state, _heard, at) => {
    const due = state.told * EVERY;
    if (at + CLOCK_GRAIN < due) return { state, sends: [], next: Milliseconds(due - at) };
    const device = noninEmulator.step(state.device, NOTHING, at).state;
    const next = { device, told: state.told + 1 };
    return { state: next, sends: [{ bytes: frameOf(device.packet), unit: unitOf(device.packet) }], next: EVERY };
  },
};

type Flags = {
  readonly sensorAlarm: boolean;
  readonly outOfTrack: boolean;
  readonly artefact: boolean;
  readonly perfusion: "normal" | "red" | "yellow";
};
function flagsOf({ statuses }: Packet): Flags {
  const bits = statuses.reduce((all, status) => all | status, 0);
  const colour = bits & (STATUS.red | STATUS.green);
  return {
    sensorAlarm: (bits & STATUS.sensorAlarm) !== 0,
    outOfTrack: (bits & STATUS.outOfTrack) !== 0,
    artefact: (bits & STATUS.artefact) !== 0,
    perfusion: (colour & STATUS.red) === 0 ? "normal" : colour === STATUS.red ? "red" : "yellow",
  };
}

export function frameOf(packet: Packet): Uint8Array {
  const { sensorAlarm, outOfTrack, artefact, perfusion } = flagsOf(packet);
  const { heartRateD, saturationD, stat2 } = packet;
  const bit = (set: boolean, mask: number): number => (set ? mask : 0);
  return Uint8Array.of(
    STATUS8.always |
      bit(outOfTrack, STATUS8.outOfTrack) |
      bit(perfusion === "red", STATUS8.lowPerfusion) |
      bit(perfusion === "yellow", STATUS8.marginalPerfusion) |
      bit(artefact, STATUS8.artefact) |
      ((heartRateD >> 7) & 0x03),
    heartRateD & 0x7f,
    saturationD,
    bit((stat2 & STAT2.smartPoint) !== 0, STATUS8_2.smartPoint) |
      bit(sensorAlarm, STATUS8_2.sensorAlarm) |
      bit((stat2 & STAT2.batteryLow) !== 0, STATUS8_2.batteryLow),
  );
}

function unitOf(packet: Packet): Unit {
  const { sensorAlarm, outOfTrack, artefact, perfusion } = flagsOf(packet);
  // OX1-6: with a sensor alarm or out of track the device shows old numbers; they are held, not measured.
  const shown = (value: number, missing: number): string | null =>
    !sensorAlarm && !outOfTrack && value !== missing ? String(value) : null;
  return {
    bytes: 4,
    observations: {
      MDC_PULS_OXIM_SAT_O2: shown(packet.saturationD, SATURATION_MISSING),
      MDC_PULS_OXIM_PULS_RATE: shown(packet.heartRateD, HEART_RATE_MISSING),
      "nonin.artefact": artefact ? "on" : "off",
      "nonin.perfusion": perfusion,
    },
    waves: {},
    conditions: {
      MDC_EVT_SENSOR_DISCONN: sensorAlarm,
      MDC_EVT_SIG_LO: outOfTrack,
      MDC_EVT_BATT_LO: (packet.stat2 & STAT2.batteryLow) !== 0,
    },
  };
}
