import { describe, expect, test } from "vitest";
import { KeptCaptures } from "../../agent/capture/kept-captures.ts";
import { nodeSeals } from "../../agent/effects/node/seals.ts";
import { Fault } from "../../agent/fault/fault.ts";
import { entropyOf, MemoryDisk } from "./fakes.ts";

const KEY = new Uint8Array(32).fill(7);
const keptOn = (disk: MemoryDisk, key = KEY): KeptCaptures =>
  new KeptCaptures({ disk, folder: "/state/captures", entropy: entropyOf(1), seal: async () => nodeSeals()(key) });
const keyOf = (does: Promise<unknown>): Promise<unknown> =>
  does.then(String, (caught: unknown) => (caught instanceof Fault ? caught.key : caught));

describe("captures that wait on a box", () => {
  test("are legible to nobody without the key, and come out as they went in", async () => {
    const disk = new MemoryDisk();
    await keptOn(disk).keep("dv-1-00", "Maria Müller");
    expect(await keptOn(disk).names()).toEqual(["dv-1-00"]);
    for (const bytes of disk.files.values()) expect(Buffer.from(bytes).toString("latin1")).not.toContain("Maria");
    expect(await keptOn(disk).open("dv-1-00")).toBe("Maria Müller");
    await keptOn(disk).discard("dv-1-00");
    expect([await keptOn(disk).names(), disk.files.size]).toEqual([[], 0]);
  });

  test("are told as damaged where a bit, the key or the name is another", async () => {
    const disk = new MemoryDisk();
    await keptOn(disk).keep("dv-1-00", "text");
    expect(await keyOf(keptOn(disk, new Uint8Array(32)).open("dv-1-00"))).toBe("capture.damaged");
    const path = "/state/captures/dv-1-00.sealed";
    disk.files.set("/state/captures/dv-2-00.sealed", disk.files.get(path)!.slice());
    expect(await keyOf(keptOn(disk).open("dv-2-00"))).toBe("capture.damaged");
    disk.files.get(path)![30]! ^= 1;
    expect(await keyOf(keptOn(disk).open("dv-1-00"))).toBe("capture.damaged");
  });

  test("are found by their own names only", async () => {
    const disk = new MemoryDisk();
    disk.files.set("/state/spool.key", KEY);
    for (const name of ["../spool.key", "none", ""]) {
      expect(await keyOf(keptOn(disk).open(name))).toBe("capture.unknown");
      expect(await keyOf(keptOn(disk).discard(name))).toBe("capture.unknown");
    }
    expect(disk.files.has("/state/spool.key")).toBe(true);
  });

  test("are not there where the disk took only a part", async () => {
    const disk = new MemoryDisk();
    disk.fails = (operation) => operation === "sync";
    expect(await keyOf(keptOn(disk).keep("dv-1-00", "text"))).toMatch(/^disk\./);
    expect(await keptOn(disk).names()).toEqual([]);
  });
});
