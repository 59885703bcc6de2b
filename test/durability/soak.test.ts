import { expect, test } from "vitest";
import { playLeak, slopeOf } from "./leak.ts";
import { playSoak } from "./soak.ts";
import { openWard } from "./ward.ts";

const TEST_MS = 240_000;
const SEED = Date.now() % 1_000_000;
/** A tenth of what twenty devices cost in this time before small pools held MQTT.js' lengths. */
const BUFFERS_GROWN_MAX = 1_000_000;

test.concurrent(
  "twenty devices lose nothing while the network is cut, parted and slow and the broker falls silent, by a verifier of its own (R35)",
  async () => {
    const ward = await openWard();
    try {
      const accidents = ["the connection is reset", "partition", "a slow line", "the broker says nothing"] as const;
      const wanted = { seconds: 14, devices: 20, seed: SEED, accidents, quietMs: 1500, accidentMs: 3000 };
      const { verdict, happened, back } = await playSoak(ward, wanted);
      console.info(`seed ${SEED}: ${JSON.stringify({ happened, back, owed: verdict.owed, duplicates: verdict.duplicates })}`);
      expect(verdict).toMatchObject({ clean: true, lost: 0, invented: 0, conflicting: 0, disordered: 0, unexplained: 0, broken: 0 });
      expect(verdict.owed).toBeGreaterThan(200);
      expect(Object.keys(happened).length).toBeGreaterThan(1);
    } finally {
      await ward.stop();
    }
  },
  TEST_MS,
);

test.concurrent(
  "memory does not grow with the readings of twenty devices at four times their rate",
  async () => {
    const ward = await openWard();
    try {
      const { verdict, records, slope, buffersGrown, files } = await playLeak(ward, { seconds: 15, looks: 4 });
      console.info(
        `${records} records; heap ${slope.toFixed(1)} B a record (too short to judge by); buffers grew by ${buffersGrown} B; ${JSON.stringify(verdict)}`,
      );
      expect(verdict).toMatchObject({ invented: 0, conflicting: 0, unexplained: 0, broken: 0 });
      expect(buffersGrown).toBeLessThan(BUFFERS_GROWN_MAX);
      expect(files[1] - files[0]).toBeLessThanOrEqual(2);
    } finally {
      await ward.stop();
    }
  },
  TEST_MS,
);

test("a slope is the median of those between any two looks, so that one look beside the line moves it little", () => {
  const line = Array.from({ length: 20 }, (_, at) => ({ records: at * 1000, heap: 5e6 + at * 50 }));
  expect(slopeOf(line)).toBeCloseTo(0.05);
  expect(slopeOf(line.with(7, { records: 7000, heap: 9e6 }))).toBeCloseTo(0.05);
});
