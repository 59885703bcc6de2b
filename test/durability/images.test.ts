import { describe, expect, test } from "vitest";
import { whyNoCrashDisk } from "./crash-disk.ts";
import { playPowerCuts } from "./images.ts";
import { packageWithoutSync } from "./without-sync.ts";

const TEST_MS = 240_000;
const IMAGES = 150;
const STARTS = 3;
/** All tests run at once, and a commit may be late then; the long run allows a second. */
const SLACK_MS = 2000;
const missing = whyNoCrashDisk();
if (missing !== undefined) console.warn(`SKIPPED ALOUD: no power is cut on a real file system here: ${missing}`);
const seed = Date.now() % 1_000_000;

describe.skipIf(missing !== undefined).concurrent("a power cut on a real ext4", () => {
  test(
    "costs nothing but what the window holds, in 150 images of the disk, and the packaged file delivers what is there (R35)",
    async () => {
      const { lived, cut, starts } = await playPowerCuts({ images: IMAGES, seed, starts: STARTS, slackMs: SLACK_MS });
      console.info(
        `seed ${seed}: ${cut.owed} names owed in ${cut.images} images, ${cut.lost} lost outside the window; ${JSON.stringify(cut)}`,
      );
      expect(lived).toMatchObject({ clean: true, lost: 0 });
      expect(cut).toMatchObject({ clean: true, images: IMAGES, lost: 0, odd: 0, unmountable: 0, examples: [] });
      expect(cut.owed, "something had to be there").toBeGreaterThan(IMAGES);
      expect(starts).toMatchObject({ clean: true, missing: 0, conflicting: 0, wrong: 0 });
      expect(starts!.ends.power, "a start tells that the power went").toBeGreaterThan(0);
    },
    TEST_MS,
  );

  test(
    "is found out to cost more where the packaged file never syncs",
    async () => {
      const { program, remove } = packageWithoutSync();
      try {
        const { cut } = await playPowerCuts({ images: IMAGES, seed, starts: 0, program: [program] });
        console.info(`without a sync: ${cut.lost} names lost outside the window, ${cut.age_ms.max} ms back; ${JSON.stringify(cut)}`);
        expect(cut.lost).toBeGreaterThan(0);
      } finally {
        remove();
      }
    },
    TEST_MS,
  );
});
