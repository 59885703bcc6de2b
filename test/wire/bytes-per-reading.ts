import { encodeCheckField, encodeDeviceField, encodeHeadField, encodeMetricField, encodeRecordField } from "../../proto/codec.ts";
import { CATEGORY, CLOCK_QUALITY, type Device, IDENTITY, type Metric, MODE, type Observation, STREAM } from "../../proto/messages.ts";

/**
 * Bytes on the wire per reading, of a made-up ward: `node test/wire/bytes-per-reading.ts`. Twenty Nonin oximeters, three packets a
 * second each; a packet is one wave block of 25 samples and one report: SpO2, pulse, perfusion, artefact and the device's counter.
 * It counts as 3 readings (two numbers and a wave), or as 5 observations with the block as one. The last row leaves perfusion,
 * artefact and counter out, for comparison with programs that do not tell them. Prints the table of proto/README.md: what was
 * chosen, and what each alternative would have cost in its place.
 */

const DEVICES = 20;
const PACKETS_PER_SECOND = 3;
const READINGS_PER_PACKET = 3;
const OBSERVATIONS_PER_PACKET = 5;
const SAMPLES = 25;
const SAMPLES_PER_SECOND = 75;
/** An hour into the run: counters have the lengths that they have most of the time. */
const STARTED = 3600;
/** Every tick that brought something ends in a check. */
const TICK_US = 20_000;
const MEASURED_MS = 10_000;

const HEAD = {
  gateway: "gw-icu2-07",
  run: 0x8c1f_0a77_31e5_d290n,
  bootId: new Uint8Array(16).fill(0xa5),
  clock: {
    monoUs: 86_400_000_000,
    utcUs: 1_795_600_000_000_000,
    quality: CLOCK_QUALITY.synced,
    uncertaintyUs: 1500,
  },
};
const device = (i: number): Device => ({
  epoch: i + 1,
  device: `ox-${String(i + 1).padStart(4, "0")}`,
  socket: `icu2/bed-${String(i + 1).padStart(2, "0")}`,
  mode: MODE.real,
  identity: IDENTITY.adapter,
});
const percent = { unit: 262688, category: CATEGORY.measurement };
const METRICS: readonly Metric[] = [
  { id: 1, code: 150456, refid: "MDC_PULS_OXIM_SAT_O2", ...percent },
  { id: 2, code: 149530, refid: "MDC_PULS_OXIM_PULS_RATE", unit: 264864, category: CATEGORY.measurement },
  { id: 3, refid: "nonin.perfusion", category: CATEGORY.state },
  { id: 4, refid: "nonin.artefact", category: CATEGORY.state },
];
const zero = { raw: 0, physical: { mantissa: 0n, exponent: 0 } };
const full = { raw: 255, physical: { mantissa: 255n, exponent: 0 } };
const PLETH: Metric = {
  id: 1,
  code: 150452,
  refid: "MDC_PULS_OXIM_PLETH",
  unit: 262656,
  category: CATEGORY.measurement,
  rateSamples: SAMPLES_PER_SECOND,
  rateSeconds: 1,
  scale: { low: zero, high: full },
};

/** A pulse of 72 a minute over eight bits: a steep rise of 0.15 s, a fall with a notch. */
function pleth(sample: number): number {
  const phase = ((sample / SAMPLES_PER_SECOND) * 1.2) % 1;
  const rise = phase < 0.18 ? Math.sin(((phase / 0.18) * Math.PI) / 2) : Math.exp(-(phase - 0.18) * 3.2);
  const notch = phase > 0.4 && phase < 0.55 ? 0.12 * Math.sin(((phase - 0.4) / 0.15) * Math.PI) : 0;
  return Math.round(20 + 200 * Math.min(1, rise + notch));
}

/** What a lane cost in all, and the parts of it that an alternative would change. */
type Size = { bytes: number; absolute: number; names: number; table: number; words: number; devices: number; records: number };
type Packet = { readonly device: number; readonly n: number; readonly atUs: number };
type Told = "all" | "numbers";

function measure(paceMs: number, told: Told): { readonly size: Size; readonly packets: number } {
  const size: Size = { bytes: 0, absolute: 0, names: 0, table: 0, words: 0, devices: 0, records: 0 };
  let packets = 0;
  for (let from = 0; from < MEASURED_MS; from += paceMs) {
    const due = packetsBetween(from, from + paceMs);
    packets += due.length;
    const metrics = told === "all" ? METRICS : METRICS.slice(0, 2);
    batch(size, due, { lane: "report", metrics, record: (packet) => report(size, packet, told) });
    batch(size, due, { lane: "wave", metrics: [PLETH], record: (packet) => wave(size, packet, told) });
    for (const { refid, code } of metrics) if (code !== undefined) size.names += refid.length + 2;
    size.table += metrics.reduce((sum, metric) => sum + encodeMetricField(metric).length, 0);
    size.names += PLETH.refid.length + 2;
  }
  return { size, packets };
}

function packetsBetween(from: number, to: number): readonly Packet[] {
  const due: Packet[] = [];
  const period = 1000 / PACKETS_PER_SECOND;
  for (let i = 0; i < DEVICES; i += 1) {
    const offset = (i * period) / DEVICES;
    for (let k = Math.ceil((from - offset) / period); k * period + offset < to; k += 1) {
      due.push({ device: i, n: STARTED * PACKETS_PER_SECOND + k, atUs: Math.round((k * period + offset - from) * 1000) });
    }
  }
  return due.sort((left, right) => left.atUs - right.atUs);
}

type LaneOf = { readonly lane: "report" | "wave"; readonly metrics: readonly Metric[]; readonly record: (packet: Packet) => number };

function batch(size: Size, packets: readonly Packet[], { lane, metrics, record }: LaneOf): void {
  size.bytes += encodeHeadField({ ...HEAD, stream: STREAM[lane] }).length;
  size.bytes += encodeCheckField(0).length * new Set(packets.map(({ atUs }) => Math.floor(atUs / TICK_US))).size;
  for (const metric of metrics) size.bytes += encodeMetricField(metric).length;
  for (const i of new Set(packets.map((packet) => packet.device))) {
    const length = encodeDeviceField(device(i)).length;
    size.devices += length;
    size.bytes += length;
  }
  for (const packet of packets) size.bytes += record(packet);
}

const counter = (n: number, told: Told) => (told === "all" ? { deviceTime: String(n % 16384) } : {});

function report(size: Size, { device: i, n, atUs }: Packet, told: Told): number {
  const number = (metric: number, mantissa: number): Observation => ({
    metric,
    value: { kind: "decimal", decimal: { mantissa: BigInt(mantissa), exponent: 0 } },
  });
  const word = (metric: number, text: string): Observation => ({ metric, value: { kind: "text", text } });
  const numbers = [number(1, 90 + (n % 10)), number(2, 60 + (n % 50))];
  const observations = told === "all" ? [...numbers, word(3, "green"), word(4, "off")] : numbers;
  if (told === "all") size.words += "green".length + "off".length;
  return encodeRecordField({ epoch: i + 1, n, atUs, ...counter(n, told), body: { kind: "report", report: { observations } } }).length;
}

function wave(size: Size, { device: i, n, atUs }: Packet, told: Told): number {
  const first = n * SAMPLES;
  const samples = Array.from({ length: SAMPLES }, (_, k) => pleth(first + k + i * 7));
  // Zigzag doubles: 64 and more take two bytes. Steps of this wave take one.
  size.absolute += samples.filter((sample) => sample >= 64).length;
  return encodeRecordField({ epoch: i + 1, n, atUs, ...counter(n, told), body: { kind: "wave", wave: { metric: 1, first, samples } } })
    .length;
}

/** By how many bytes in all it would change if one thing were done otherwise. */
function alternatives(size: Size, packets: number): readonly (readonly [string, number])[] {
  const inObservation = (name: boolean) =>
    METRICS.reduce((sum, { refid, code, unit }) => sum + (code ? 4 : 0) + (name || !code ? refid.length + 2 : 0) + (unit ? 4 : 0) - 2, 0);
  return [
    ["**as it is**", 0],
    ["samples absolute, packed sint32", size.absolute],
    ["samples as bytes (would serve 8-bit waves only)", 0],
    ["code, unit and name in every observation, no table", packets * inObservation(true) - size.table],
    ["code and unit in every observation, no table", packets * inObservation(false) - size.table],
    ["table without names where there is a code", -size.names],
    ["mantissa and exponent directly in the observation", -2 * 2 * packets],
    ["words as numbers of a table that consumers must have", -size.words],
    ["no device id, room and bed: epoch only", -size.devices],
  ];
}

const PACES = [100, 250, 1000];
const cell = (bytes: number, packets: number, observations = OBSERVATIONS_PER_PACKET) =>
  `${(bytes / packets / READINGS_PER_PACKET).toFixed(1)} (${(bytes / packets / observations).toFixed(1)})`;

console.log(`| bytes per reading (per observation) | ${PACES.map((pace) => `pace ${pace} ms`).join(" | ")} |`);
console.log(`|---|${PACES.map(() => "---|").join("")}`);
const measured = PACES.map((pace) => measure(pace, "all"));
const rows = measured.map(({ size, packets }) =>
  alternatives(size, packets).map(([name, more]) => [name, cell(size.bytes + more, packets)] as const),
);
for (const [row, [name]] of rows[0]!.entries()) console.log(`| ${name} | ${rows.map((column) => column[row]![1]).join(" | ")} |`);
const plain = PACES.map((pace) => measure(pace, "numbers"));
const numbersOnly = READINGS_PER_PACKET;
console.log(
  `| as it is, but two numbers and the wave only | ${plain.map(({ size, packets }) => cell(size.bytes, packets, numbersOnly)).join(" | ")} |`,
);
