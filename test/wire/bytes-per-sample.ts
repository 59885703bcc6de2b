import { Link } from "../../agent/session/link.ts";
import { type Keep, stampReadings, stampWaves } from "../../agent/session/stamp.ts";
import { type Wave, WaveBlocks } from "../../agent/session/wave-blocks.ts";
import { wireMetric } from "../../agent/wire/records.ts";
import { after, Milliseconds, type Mono, microseconds } from "../../config/units.ts";
import { driverById } from "../../drivers/index.ts";
import type { Metric, Reading } from "../../drivers/kit/reading.ts";
import { encodeCheckField, encodeDeviceField, encodeHeadField, encodeMetricField } from "../../proto/codec.ts";
import { CLOCK_QUALITY, IDENTITY, MODE, STREAM } from "../../proto/messages.ts";
import { DEVICES } from "../dev/devices.ts";
import { join } from "../drivers/streams.ts";

/**
 * Bytes on the wire for each sample of a wave: `node test/wire/bytes-per-sample.ts`. Every emulated device with waves speaks for a
 * minute, alone on its gateway, to its driver; what is stamped is laid into batches as the spool does: at each pace a head, the device,
 * the metrics that are used, the records, and a check a tick. "As read": each reading of a wave as one record. Prints a table of
 * proto/README.md.
 */

const SPEAKS_MS = 60_000;
const TICK_MS = 20;
const PACES_MS = [100, 250, 1000] as const;
const KINDS = ["draeger-medibus", "ge-dri", "nonin", "philips-intellivue", "puritan-bennett-840-waves"] as const;

const HEAD = encodeHeadField({
  gateway: "gw-icu2-07",
  run: 0x8c1f_0a77_31e5_d290n,
  stream: STREAM.wave,
  bootId: new Uint8Array(16).fill(0xa5),
  clock: { monoUs: 86_400_000_000, utcUs: 1_795_600_000_000_000, quality: CLOCK_QUALITY.synced, uncertaintyUs: 1500, source: "chrony" },
}).length;
const DEVICE = encodeDeviceField({
  epoch: 1,
  device: "mon-0002",
  socket: "icu2/bed-07",
  mode: MODE.real,
  identity: IDENTITY.adapter,
}).length;
const CHECK = encodeCheckField(0).length;

type Kept = { readonly tick: number; readonly metric: Metric; readonly bytes: number };
type Spoken = { readonly readings: readonly Reading[]; readonly tick: number };

/** What a device told in a minute, frame by frame. */
function speak(kind: string): readonly Spoken[] {
  const device = DEVICES[kind]!.emulator;
  const link = new Link(driverById(device.id)!, { bytes: 0, frames: 0, framed: 0, discarded: 0, broken: 0 });
  const spoken: Spoken[] = [];
  let state = device.start(1);
  let heard = new Uint8Array();
  for (let tick = 0; tick * TICK_MS < SPEAKS_MS; tick++) {
    const step = device.step(state, heard, Milliseconds(tick * TICK_MS));
    state = step.state;
    const { decoded, turn } = link.push(join(...step.sends.map(({ bytes }) => bytes)), timeOf(tick));
    for (const { readings } of decoded) spoken.push({ readings, tick });
    heard = new Uint8Array(join(...turn.writes));
  }
  return spoken;
}
const timeOf = (tick: number): Mono => after(0n as Mono, Milliseconds(tick * TICK_MS));

/** Records of waves as they are stamped: in blocks, or each reading by itself. */
function stamped(spoken: readonly Spoken[], how: "blocks" | "as read"): readonly Kept[] {
  const kept: Kept[] = [];
  const waves = new WaveBlocks();
  let n = 0;
  const keepAt =
    (tick: number): Keep =>
    (lane, { at, encode }) => {
      if (lane !== "wave") return;
      let of: Metric | undefined;
      const atUs = microseconds(at) % 100_000;
      const bytes = encode({ n: n++, atUs }, (metric) => {
        of = metric;
        return 1;
      }).length;
      kept.push({ tick, metric: of!, bytes });
    };
  const last = SPEAKS_MS / TICK_MS;
  for (let tick = 0, next = 0; tick <= last; tick++) {
    for (; spoken[next]?.tick === tick; next++) {
      const own = spoken[next]!.readings.filter((reading): reading is Wave => reading.told === "wave");
      if (how === "as read") {
        const at = timeOf(tick);
        stampWaves(
          own.map((wave) => ({ wave, at })),
          1,
          keepAt(tick),
        );
      } else stampReadings(own, { epoch: 1, at: timeOf(tick), conditions: new Map(), waves }, keepAt(tick));
    }
    stampWaves(tick === last ? waves.all() : waves.due(timeOf(tick)), 1, keepAt(tick));
  }
  return kept;
}

/** All batches of a minute. */
function bytesOf(kept: readonly Kept[], paceMs: number): number {
  const batches = Map.groupBy(kept, ({ tick }) => Math.floor((tick * TICK_MS) / paceMs));
  return [...batches.values()].reduce((sum, records) => {
    const metrics = [...new Set(records.map(({ metric }) => metric))].map(
      (metric, i) => encodeMetricField(wireMetric(i + 1, metric)).length,
    );
    const checks = CHECK * new Set(records.map(({ tick }) => tick)).size;
    return sum + HEAD + DEVICE + checks + [...metrics, ...records.map(({ bytes }) => bytes)].reduce((all, one) => all + one, 0);
  }, 0);
}

console.log(`| device | waves | samples/s | records/s | ${PACES_MS.map((pace) => `bytes a sample at pace ${pace} ms`).join(" | ")} |`);
console.log(`|---|---|---|---|${PACES_MS.map(() => "---|").join("")}`);
for (const kind of KINDS) {
  const spoken = speak(kind);
  const waves = spoken.flatMap(({ readings }) => readings.filter((reading): reading is Wave => reading.told === "wave"));
  const samples = waves.reduce((sum, { samples: one }) => sum + one.length, 0);
  const names = new Set(waves.map(({ metric }) => metric.refid)).size;
  const ways = (["as read", "blocks"] as const).map((how) => stamped(spoken, how));
  const seconds = SPEAKS_MS / 1000;
  const both = (of: (kept: readonly Kept[]) => string): string => [...new Set(ways.map(of))].join(" → ");
  const cells = PACES_MS.map((pace) => both((kept) => (bytesOf(kept, pace) / samples).toFixed(1)));
  const records = both((kept) => (kept.length / seconds).toFixed(1));
  console.log(`| ${kind} | ${names} | ${(samples / seconds).toFixed(0)} | ${records} | ${cells.join(" | ")} |`);
}
