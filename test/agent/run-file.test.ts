import { describe, expect, test } from "vitest";
import { type RunFile, readRunFile, writeRunFile } from "../../agent/spool/run-file.ts";
import { MemoryDisk } from "./fakes.ts";

const FILE: RunFile = {
  format: 1,
  run: 0xfedc_ba98_7654_3211n,
  bootId: "3a1f0000-0000-4000-8000-000000000001",
  startCount: 12,
  clean: false,
  last: [{ epoch: 1, lane: "report", n: 41 }],
  untold: [{ run: 0x8000_0000_0000_0001n, how: "power", last: [{ epoch: 2, lane: "wave", n: 7 }] }],
};
const holding = (text: string): MemoryDisk => {
  const disk = new MemoryDisk();
  disk.files.set("/state/run.json", new TextEncoder().encode(text));
  return disk;
};

describe("what is known of a run after its process has gone", () => {
  test("is read as it was written, all 64 bits of each run", async () => {
    const disk = new MemoryDisk();
    await writeRunFile(disk, "/state", FILE);
    expect(await readRunFile(disk, "/state")).toEqual(FILE);
  });

  test.each([
    '{"format":1}',
    '{"format":1,"run":"-1","bootId":"b","startCount":1,"clean":false,"last":[],"untold":[]}',
    '{"format":1,"run":"18446744073709551616","bootId":"b","startCount":1,"clean":false,"last":[],"untold":[]}',
    '{"format":1,"run":"1","bootId":"b","startCount":1,"clean":false,"last":7,"untold":[]}',
    '{"format":1,"run":"1","bootId":"b","startCount":1,"clean":false,"last":[],"untold":[null]}',
    '{"format":1,"run":"1","bootId":"b","startCount":1,"clean":false,"last":[{"epoch":1,"lane":"none","n":1}],"untold":[]}',
    "[".repeat(200_000),
  ])("is not believed where it parses but is none of ours, so that no start is stopped by it: %.60s", async (text) => {
    expect(await readRunFile(holding(text), "/state")).toBeUndefined();
  });

  test("replaces what was known before by one durable step", async () => {
    const disk = new MemoryDisk();
    await writeRunFile(disk, "/state", FILE);
    disk.done.length = 0;
    await writeRunFile(disk, "/state", { ...FILE, clean: true });
    const steps = disk.done.map((one) => one.split(" ")[0]);
    expect(steps).toEqual(["open", "write", "sync", "rename", "syncFolder"]);
    expect([...disk.files.keys()]).toEqual(["/state/run.json"]);
  });

  test("stays as it was where any step of writing fails", async () => {
    for (const step of ["open", "write", "sync", "rename"] as const) {
      const disk = new MemoryDisk();
      await writeRunFile(disk, "/state", FILE);
      disk.fails = (operation) => operation === step;
      await expect(writeRunFile(disk, "/state", { ...FILE, startCount: 13 })).rejects.toMatchObject({ key: "disk.failed" });
      disk.fails = () => false;
      expect(await readRunFile(disk, "/state")).toEqual(FILE);
    }
  });

  test("is nothing where there is no file, a torn one, one of zeros, or one of another format", async () => {
    expect(await readRunFile(new MemoryDisk(), "/state")).toBeUndefined();
    const torn = [
      "",
      "{",
      '{"format":1,"run":"12',
      "\0\0\0\0",
      '{"format":2,"run":"1"}',
      '{"format":1,"run":"no number"}',
      "null",
      "[]",
      "7",
    ];
    for (const text of torn) expect(await readRunFile(holding(text), "/state"), text).toBeUndefined();
  });

  test("of a version that knew no untold ends has none", async () => {
    const { untold: _none, ...old } = FILE;
    const text = JSON.stringify(old, (_key, value: unknown) => (typeof value === "bigint" ? value.toString() : value));
    expect((await readRunFile(holding(text), "/state"))?.untold ?? []).toEqual([]);
  });
});
