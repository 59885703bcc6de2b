import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const PROTO = read("proto/bedside/v1/record.proto");

/** What the agent may say, by its types, and where the .proto lists it for a consumer. */
// biome-ignore format: a table is read by eye.
const SAID: readonly (readonly [message: string, path: string, type: RegExp])[] = [
  ["Gap",        "agent/spool/gaps.ts",      /type GapReason = ([^;]*);/],
  ["EpochEnded", "agent/session/attachment.ts", /endEpoch: \(epoch: number, reason: ([^)]*)\)/],
  ["EpochEnded", "agent/session/state.ts",   /type EndReason = ([^;]*);/],
  ["Discards",   "agent/session/attachment.ts", /type Discarded = \{[^}]*readonly reason: ([^;]*);/],
];

test.each(SAID)("every reason that %s may have (%s) is listed in the .proto", (message, path, type) => {
  const words = [...(type.exec(read(path))?.[1] ?? "").matchAll(/"(\w+)"/g)].map(([, word]) => word);
  const listed = new RegExp(`message ${message} \\{[^}]*string reason = \\d+; *// ([^\\n]*)`).exec(PROTO)?.[1]?.split(/[,;]? /) ?? [];
  expect(words.length).toBeGreaterThan(1);
  expect(words.filter((word) => !listed.includes(word!))).toEqual([]);
});
