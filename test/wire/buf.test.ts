import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";

/**
 * The wire as it was last given to consumers: a draft, since nothing is released yet, in which a field may go if its number is never used
 * again. A change that keeps its bytes readable is added to it by
 *   buf build proto --as-file-descriptor-set --exclude-source-info -o test/wire/released/v1.binpb
 */
const RELEASED = join(import.meta.dirname, "released/v1.binpb");
const ROOT = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "bedside-buf-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Needs no network: the sources import nothing from elsewhere. */
function buf(words: readonly string[]): { readonly told: string; readonly code: number | null } {
  const environment = { PATH: process.env.PATH, HOME: folder, BUF_CACHE_DIR: folder };
  const { stdout, stderr, status } = spawnSync(join(ROOT, "node_modules/.bin/buf"), words, { encoding: "utf8", env: environment });
  return { told: stdout + stderr, code: status };
}

test("the messages are written as buf's standard asks", () => {
  expect(buf(["lint", join(ROOT, "proto")])).toEqual({ told: "", code: 0 });
});

test("what consumers were last given can still be read: no number has another meaning, and one that is gone is not used again", () => {
  expect(buf(["breaking", join(ROOT, "proto"), "--against", RELEASED])).toEqual({ told: "", code: 0 });
});

test.for([
  ["a field that is gone", /^ {2}string socket = 3;.*$/m, "", "socket"],
  ["a number that is used again", /^ {2}string about = 4;.*$/m, "string about = 3;", "reserved field number `3`"],
  ["a field with another type", /sint64 at_us = 3;/, "string at_us = 3;", "at_us"],
  ["a number with another meaning", /MODE_TEST = 2;/, "MODE_DEMO = 2;", "MODE_TEST"],
] as const)("%s is found", ([, from, to, named]) => {
  const place = mkdtempSync(join(folder, "changed-"));
  cpSync(join(ROOT, "proto/buf.yaml"), join(place, "buf.yaml"));
  cpSync(join(ROOT, "proto/bedside"), join(place, "bedside"), { recursive: true });
  const file = join(place, "bedside/v1/record.proto");
  const text = readFileSync(file, "utf8");
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  writeFileSync(file, changed);
  const { told, code } = buf(["breaking", place, "--against", RELEASED]);
  expect(code).toBe(100);
  expect(told).toContain(named);
});
