import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");

/** Who knows the time of day at all, and what for. Back-off, limits, windows, ages and order are of all the others. */
// biome-ignore format: a table is read by eye.
const KNOWS = {
  "agent/capture/captures.ts":       "stamps a recording",
  "agent/cli/document-files.ts":     "judges the expiry of documents for a person",
  "agent/cli/spool-text.ts":         "writes a stamp for a person",
  "agent/cli/spool.ts":              "tells a person how old a record is",
  "agent/configure/desk.ts":         "judges the expiry of documents, where somebody vouches for the clock",
  "agent/effects/effects.ts":        "the type",
  "agent/effects/node/chrony.ts":    "how long chrony's source has been silent, by chrony's own clock",
  "agent/effects/node/clock.ts":     "the clock",
  "agent/effects/node/host.ts":      "how long timesyncd's source has been silent, by the clock that it set",
  "agent/effects/node/serial.ts":    "how young a device's node is, for a bounded time",
  "agent/health/clock-watch.ts":     "compares the two clocks, and tells steps",
  "agent/health/snapshot.ts":        "shows it",
  "agent/log/log.ts":                "stamps a line",
  "agent/main.ts":                   "hands it to the desk",
  "agent/model/model.ts":            "the type of a stamp",
  "agent/room.ts":                   "stamps the comparison of a device's clock",
  "agent/session/device-clock.ts":   "tells a device's clock against it; steps are found against the monotonic one",
  "agent/wire/heads.ts":             "puts it on the wire",
} as const;

test("the time of day is known to those who stamp, show or judge it; nothing waits, ages, gives up or orders by it (R43)", () => {
  const files = globSync("agent/**/*.ts", { cwd: ROOT }).sort();
  const knowing = files.filter((file) => /\bwall\b|Date\.now|\bbelievedNow\b/.test(readFileSync(resolve(ROOT, file), "utf8")));
  expect(files.length).toBeGreaterThan(100);
  expect(knowing).toEqual(Object.keys(KNOWS));
});
