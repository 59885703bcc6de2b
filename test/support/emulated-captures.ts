import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Milliseconds } from "../../config/units.ts";
import { bbraunBccStuffedEmulator } from "../../drivers/bbraun-bcc/emulator.ts";
import { encodeRequest } from "../../drivers/bbraun-bcc/message.ts";
import { geDriEmulator } from "../../drivers/ge-dri/emulator.ts";
import { ALL_CLASSES, REQUESTS } from "../../drivers/ge-dri/requests.ts";
import type { AnyEmulator, Emulator, Unit } from "../../drivers/kit/emulator.ts";
import { masimoEmulator } from "../../drivers/masimo-ascii/emulator.ts";
import { type NoninState, noninEmulator, STATUS } from "../../drivers/nonin/emulator.ts";
import { syncLateEmulator } from "../../drivers/nonin/emulator-sync-late.ts";
import { nonin7Emulator } from "../../drivers/nonin-7/emulator.ts";
import { nonin8Emulator } from "../../drivers/nonin-8/emulator.ts";
import { nonin13Emulator } from "../../drivers/nonin-13/emulator.ts";
import { intellivueEmulator } from "../../drivers/philips-intellivue/emulator.ts";
import { SERIAL } from "../../drivers/philips-intellivue/request.ts";
import { type Pb840State, pb840Emulator, puritanBennett840Emulator } from "../../drivers/puritan-bennett-840/emulator.ts";
import { puritanBennett840WavesEmulator } from "../../drivers/puritan-bennett-840-waves/emulator.ts";
import { faulty } from "../dev/devices.ts";

/**
 * The captures that the emulators made: NAME.capture.jsonl (a header line, then a line per chunk; "rx" is what the gateway
 * receives) and NAME.expected.jsonl (a line per unit that a faithful reader publishes). Made in the device's own time, so that
 * they are equal at every making. `node test/support/emulated-captures.ts` writes them.
 */

export type MadeCapture = { readonly driver: string; readonly name: string; readonly capture: string; readonly expected: string };
/** Bytes per file; a repository is no tape. */
export const CAPTURE_BYTES_MAX = 40 * 1024;
/** A chunk is what arrives in this time: long enough to keep the files small. */
const CHUNK_MS = 100;

export type Recipe<S> = {
  readonly name: string;
  readonly note: string;
  readonly emulator: Emulator<S>;
  readonly state: S;
  readonly lastMs: number;
  /** What the gateway sends, and when. */
  readonly said?: readonly { readonly atMs: number; readonly bytes: Uint8Array }[];
  /** The gateway opens the port when these bytes are gone already; units that began in them are not expected. */
  readonly missedBytes?: number;
};

export const madeCaptures = (): readonly MadeCapture[] => [
  ...bccCaptures(),
  ...geDriCaptures(),
  ...intellivueCaptures(),
  ...masimoCaptures(),
  ...noninCaptures(),
  ...pb840Captures(),
];

export function make<S>({ name, note, emulator, state, lastMs, said = [], missedBytes = 0 }: Recipe<S>): MadeCapture {
  const chunks: { t_ms: number; dir: "rx" | "tx"; hex: string }[] = [];
  const units: Unit[] = [];
  const waiting = [...said];
  let now = state;
  let missed = missedBytes;
  let freeAt = 0;
  /** Bytes that end on the line in the same CHUNK_MS arrive together. */
  let arriving: { tick: number; bytes: number[] } = { tick: 0, bytes: [] };
  const arrive = (): void => {
    if (arriving.bytes.length > 0)
      chunks.push({ t_ms: (arriving.tick + 1) * CHUNK_MS, dir: "rx", hex: Buffer.from(arriving.bytes).toString("hex") });
    arriving = { tick: arriving.tick, bytes: [] };
  };
  for (let at = 0; at <= lastMs; ) {
    const parts = waiting.filter(({ atMs }) => atMs <= at).map(({ bytes }) => bytes);
    waiting.splice(0, parts.length);
    const heard = Buffer.concat(parts);
    if (heard.length > 0) chunks.push({ t_ms: at, dir: "tx", hex: heard.toString("hex") });
    const turn = emulator.step(now, heard, Milliseconds(at));
    now = turn.state;
    for (const { bytes, unit } of turn.sends) {
      freeAt = Math.max(freeAt, at);
      for (const byte of bytes) {
        freeAt += 10_000 / emulator.speed;
        if (missed-- > 0) continue;
        const tick = Math.floor(freeAt / CHUNK_MS);
        if (tick !== arriving.tick) arrive();
        arriving = { tick, bytes: [...arriving.bytes, byte] };
      }
      // A unit of which the gateway misses the beginning it cannot tell.
      if (unit !== undefined && -missed >= unit.bytes) units.push(unit);
    }
    at = Math.min(at + turn.next, waiting[0]?.atMs ?? Number.POSITIVE_INFINITY);
  }
  arrive();
  const header = { format: "bedside-capture-1", driver: emulator.id, origin: "emulator", speed: emulator.speed, note };
  chunks.sort((a, b) => a.t_ms - b.t_ms);
  return {
    driver: emulator.id,
    name: `emulated-${name}`,
    capture: lines([header, ...chunks]),
    expected: lines(units.map(({ bytes: _bytes, ...told }) => told)),
  };
}
const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

/** A device that is in this state at its start, with a fault on top. */
function faultyFrom<S>(device: Emulator<S>, state: S, fault: string) {
  const { emulator } = faulty({ ...device, start: () => state }, fault);
  return { emulator: emulator as AnyEmulator, state: emulator.start(6) };
}

// ── GE ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

function geDriCaptures(): readonly MadeCapture[] {
  const none = { wave3: 0, wave4: 0, wave5: 0, wave6: 0, wave7: 0, wave8: 0 };
  const asked = [
    REQUESTS.displayed.encode({ interval: 5, classes: ALL_CLASSES }),
    REQUESTS.waves.encode({ wave1: 8, wave2: 9, ...none }),
    REQUESTS.alarms.encode({}),
  ];
  const said = [{ atMs: 0, bytes: Buffer.concat(asked) }];
  return [
    make({
      ...{ name: "ordinary", emulator: geDriEmulator, state: geDriEmulator.start(GE_SEED), lastMs: 20_500, said },
      note: "displayed values of four classes each 5 s, pleth and CO2 each second, alarms as they change; some values are none",
    }),
    make({
      ...faultyFrom(geDriEmulator, geDriEmulator.start(GE_SEED), "cut:every=3"),
      ...{ name: "lost-bytes", lastMs: 12_500, said },
      note: "every third record is cut off; nothing of it is expected",
    }),
  ];
}
/** Found by trying: what the note promises is in it (the test looks). */
const GE_SEED = 1;

// ── IntelliVue ──────────────────────────────────────────────────────────────────────────────────────────────────────

function intellivueCaptures(): readonly MadeCapture[] {
  const state = { ...intellivueEmulator.start(IVUE_SEED), deaf: 0 };
  const polls = [
    SERIAL.POLL_NUMERICS.encode({ invoke: 1, leaseTicks: 120_000 }),
    SERIAL.POLL_ALERTS.encode({ invoke: 2, leaseTicks: 120_000 }),
    SERIAL.POLL_WAVES.encode({ invoke: 3, leaseTicks: 8000 }),
  ];
  const said = [
    { atMs: 0, bytes: SERIAL.ASSOCIATE.encode({ pollTicks: 320_000 }) },
    { atMs: 600, bytes: Buffer.concat([SERIAL.CREATED.encode({ invoke: 1 }), ...polls]) },
  ];
  return [
    make({
      ...{ name: "ordinary", emulator: intellivueEmulator, state, lastMs: 10_500, said },
      note: "numerics and alarms each second, ECG and pleth for one second; some values are none",
    }),
  ];
}
/** Found by trying: what the note promises is in it (the test looks). */
const IVUE_SEED = 1;

// ── Masimo ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function masimoCaptures(): readonly MadeCapture[] {
  return (["rad-5", "rad-8", "radical-7"] as const).map((model) => {
    const emulator = masimoEmulator(model);
    const note = `a ${model}: opened within a line; sensor off with numbers and with dashes, alarms, doubts`;
    return make({ name: model, emulator, state: emulator.start(0), lastMs: 36_500, note });
  });
}
// ── Nonin ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function noninCaptures(): readonly MadeCapture[] {
  const start = noninEmulator.start(2);
  const spell = (after: number, left: number) => ({ left: after === 0 ? left : 0, wait: after });
  const calm = { left: 0, wait: 1_000_000 };
  const calmSpells = Object.fromEntries(Object.keys(start.spells).map((name) => [name, calm])) as NoninState["spells"];
  const ordinary: NoninState = { ...start, spells: calmSpells, heartRate: 124, restingRate: 131 };
  const disturbed: NoninState = {
    ...start,
    perfusion: STATUS.red,
    spells: {
      ...{ sensorOff: spell(6, 0), sensorOffLong: calm, outOfTrack: spell(34, 0), artefact: spell(3, 0) },
      ...{ poorPerfusion: spell(0, 5), missing: spell(42, 0), batteryLow: spell(20, 0), fast: spell(2, 0) },
    },
  };
  return [
    make({
      ...{ name: "disturbed", emulator: nonin7Emulator, state: disturbed, lastMs: 20_000, missedBytes: 37 },
      note: "format 7, opened in the middle of a packet: finger off with held numbers, poor perfusion, out of track, missing values",
    }),
    make({
      ...{ name: "disturbed", emulator: nonin8Emulator, state: { device: disturbed, told: 0 }, lastMs: 40_000 },
      note: "format 8: finger off with held numbers, poor perfusion, artefact, low battery, out of track, missing values",
    }),
    make({
      ...{ name: "spot-checks", emulator: nonin13Emulator, state: nonin13Emulator.start(3), lastMs: 60_000 },
      note: "format 13: measurements from memory first; some without SmartPoint, one without a value",
    }),
    make({
      ...{ name: "ordinary", emulator: noninEmulator, state: ordinary, lastMs: 8000, missedBytes: 37 },
      note: "opened in the middle of a packet; heart rate rises from below 128 to above it",
    }),
    make({
      ...{ name: "disturbed", emulator: noninEmulator, state: disturbed, lastMs: 20_000 },
      note: "poor perfusion, artefact, finger off with held numbers, low battery, out of track, missing values",
    }),
    make({
      ...{ name: "sync-late", emulator: syncLateEmulator, state: { device: ordinary, frames: 0 }, lastMs: 4000 },
      note: "every fourth packet is damaged: sync late; nothing of it is expected",
    }),
    ...(
      [
        ["sum", "checksum:every=4"],
        ["lost-bytes", "cut:every=4"],
      ] as const
    ).map(([name, fault]) =>
      make({
        ...faultyFrom(noninEmulator, ordinary, fault),
        name,
        lastMs: 4000,
        note: `every fourth packet is damaged: ${fault}; nothing of it is expected`,
      }),
    ),
  ];
}

// ── Puritan Bennett 840 ─────────────────────────────────────────────────────────────────────────────────────────────

function pb840Captures(): readonly MadeCapture[] {
  const polls = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ atMs: index * 2000, bytes: Buffer.from(index === 0 ? "RSET\rSNDF\r" : "SNDF\r") }));
  const start = puritanBennett840Emulator.start(ALARMS_SEED);
  const alarms: Pb840State = { ...start, ventilation: { ...start.ventilation, wayLeft: 3, alarms: { 110: "LOW", 118: "RESET" } } };
  const waves = puritanBennett840WavesEmulator;
  const new980 = pb840Emulator({ model: "980", speed: 9600 });
  return [
    make({
      ...{ name: "alarms", emulator: puritanBennett840Emulator, state: alarms, lastMs: 16_500, said: polls(8) },
      note: "alarms that come, escalate and go, a manoeuvre before and after, a change of the way of ventilation",
    }),
    make({
      ...{ name: "breaths", emulator: waves, state: waves.start(WAVES_SEED), lastMs: 8000 },
      note: "waveform port, opened within a line and a breath: a BE is lost, and a BS has FF in front of it",
    }),
    make({
      ...{ name: "980", emulator: new980, state: new980.start(4), lastMs: 6500, said: polls(3) },
      note: "a 980: field 156 is nine wide, 160 an alarm, 161 EtCO2",
    }),
    ...[
      { name: "cut", fault: "cut:every=2", note: "every second answer is cut off; nothing of it is expected" },
      {
        name: "flipped",
        fault: "flip:every=2",
        note: "every second answer has a flipped bit that a reader can see; nothing of it is expected",
      },
    ].map(({ name, fault, note }) =>
      make({
        ...faultyFrom(puritanBennett840Emulator, puritanBennett840Emulator.start(6), fault),
        name,
        note,
        lastMs: 8500,
        said: polls(4),
      }),
    ),
  ];
}
/** Found by trying: what the note promises is in it (the test looks). */
const WAVES_SEED = 33;
/** Found by trying: its first eight answers hold everything that the note promises (the test looks). */
const ALARMS_SEED = 4;

// ── B. Braun ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Two blocks an answer; what is said comes late enough for the block before it. */
function bccCaptures(): readonly MadeCapture[] {
  const state = bbraunBccStuffedEmulator.start(2);
  const ask = (command: string, bed = state.bed) => encodeRequest(command, { bed, stuffed: true });
  const ack = Uint8Array.of(0x06);
  const answer = [ask("MEM:GET"), ack, ack];
  const bytes = [ask("ADMIN:ALIVE", "1"), ack, ask("ADMIN:VERSION"), ack, ...answer, ...answer, ...answer];
  const said = bytes.map((one, index) => ({ atMs: index * 2000, bytes: one }));
  return [
    make({
      ...{ name: "stuffed", emulator: bbraunBccStuffedEmulator, state, lastMs: 2000 * said.length, said },
      note: "one pump, everything stuffed: ALIVE, VERSION and three answers of two blocks each",
    }),
  ];
}

const folderOf = (driver: string): string => join(import.meta.dirname, "../../drivers", driver, "captures");
export const captureFiles = ({ driver, name }: MadeCapture): { readonly capture: string; readonly expected: string } => ({
  capture: join(folderOf(driver), `${name}.capture.jsonl`),
  expected: join(folderOf(driver), `${name}.expected.jsonl`),
});

if (import.meta.main) {
  for (const made of madeCaptures()) {
    mkdirSync(folderOf(made.driver), { recursive: true });
    writeFileSync(captureFiles(made).capture, made.capture);
    writeFileSync(captureFiles(made).expected, made.expected);
  }
}
