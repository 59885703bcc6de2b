import { within } from "../kit/bound.ts";
import type { Template } from "../kit/driver.ts";
import { MAIN_TYPE, requestFrame } from "./frame.ts";
import { WAVES } from "./waves.table.ts";

/** GE-21: every byte that this driver can send. All ask for what is displayed or stop asking; nothing else exists here. */

/** Of a physiological request; bit 0 of the classes leaves the basic class out. */
type Asked = "interval" | "classes";
const CLASSES_MAX = 0xf;
const INTERVAL_MAX = 60;
export const ALL_CLASSES = 0xe;

function physiological(type: 1 | 2 | 3, intervalMin: number): Template<Asked> {
  return {
    holes: ["interval", "classes"],
    encode: ({ interval, classes }) =>
      phdbRequest(type, {
        interval: within("interval", interval, [intervalMin, INTERVAL_MAX]),
        classes: within("classes", classes, [0, CLASSES_MAX]),
      }),
  };
}
const physiologicalStop = (type: 1 | 2 | 3): Template => ({ holes: [], encode: () => phdbRequest(type, { interval: 0, classes: 0 }) });

function phdbRequest(type: 1 | 2 | 3, { interval, classes }: Readonly<Record<Asked, number>>): Uint8Array {
  const body = new DataView(new ArrayBuffer(9));
  body.setUint8(0, type);
  body.setInt16(1, interval, true);
  body.setUint32(3, classes, true);
  return requestFrame(MAIN_TYPE.physiological, new Uint8Array(body.buffer));
}

const WAVES_MAX = 8;
const SAMPLES_A_SECOND_MAX = 600;
const WAVES_END = 0xff;
const RATE_OF = new Map(WAVES.map(([type, , , samples]) => [type, samples]));
const WAVE_HOLES = ["wave1", "wave2", "wave3", "wave4", "wave5", "wave6", "wave7", "wave8"] as const;

/** A list of waveform types; 0 is no more. */
const waves: Template<(typeof WAVE_HOLES)[number]> = {
  holes: WAVE_HOLES,
  encode: (fill) => {
    const asked = WAVE_HOLES.map((hole) => fill[hole]);
    const types = asked.slice(0, asked.indexOf(0) < 0 ? WAVES_MAX : asked.indexOf(0));
    if (asked.slice(types.length).some((type) => type !== 0)) throw new RangeError("No waveform may stand behind the end of the list.");
    const samples = types.reduce((sum, type) => sum + (RATE_OF.get(type) ?? Number.NaN), 0);
    if (types.length === 0 || !(samples <= SAMPLES_A_SECOND_MAX))
      throw new RangeError(`Waveforms ${types.join(", ")} are unknown, or more than ${SAMPLES_A_SECOND_MAX} samples a second.`);
    return waveRequest(0, types);
  },
};

function waveRequest(request: 0 | 1, types: readonly number[]): Uint8Array {
  const body = new Uint8Array(32);
  body[0] = request;
  body.set(types.length < WAVES_MAX ? [...types, WAVES_END] : types, 4);
  return requestFrame(MAIN_TYPE.wave, body);
}

/** 0: the state once; 2: the state and its changes; 3: no more changes. */
const alarms = (command: 0 | 2 | 3): Template => ({
  holes: [],
  encode: () => requestFrame(MAIN_TYPE.alarm, Uint8Array.of(command, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
});

export const REQUESTS = {
  displayed: physiological(1, 5),
  displayedStop: physiologicalStop(1),
  trend10s: physiological(2, 1),
  trend10sStop: physiologicalStop(2),
  trend60s: physiological(3, 1),
  trend60sStop: physiologicalStop(3),
  waves,
  wavesStop: { holes: [], encode: () => waveRequest(1, []) } as Template,
  alarms: alarms(2),
  alarmsOnce: alarms(0),
  alarmsStop: alarms(3),
} as const;
