import { describe, expect, test } from "vitest";
import { TRIAL_WITHIN } from "../../agent/trial/trial.ts";
import { Seconds } from "../../config/units.ts";
import { DOCUMENT_STATUS } from "../../proto/messages.ts";
import { ADMIT, FILE, Life, MOVE, RULE, STATE } from "./desk-life.ts";
import { MemoryDisk } from "./fakes.ts";

describe("desired documents", () => {
  test("hold over the file, each for what it names, and leave the rest to it", async () => {
    const life = await Life.begin(new MemoryDisk());
    await life.push({ generation: 1, body: { pace: "1s", window: "2s" } });
    await life.push({ ...ADMIT, generation: 1 });
    expect(life.desk.settings).toEqual({ ...FILE, pace: 1000, window: 2000, rules: [RULE] });
    expect([life.status("settings"), life.status("admissions")]).toEqual([
      [1, DOCUMENT_STATUS.applied, undefined],
      [1, DOCUMENT_STATUS.applied, undefined],
    ]);
  });

  test("run again at the next start, before anything is heard (R23)", async () => {
    const disk = new MemoryDisk();
    await (await Life.begin(disk)).push({ ...ADMIT, generation: 4 });
    const next = await Life.begin(disk);
    expect(next.desk.settings.rules).toEqual([RULE]);
    await next.push({ ...ADMIT, generation: 3, body: { rules: [] } });
    expect([next.desk.settings.rules, next.status("admissions")]).toEqual([[RULE], [4, DOCUMENT_STATUS.applied, "document.older"]]);
  });

  test("are on flash whole or not at all, wherever a change is cut, and a later push heals it (R23, R25)", async () => {
    const before = new MemoryDisk();
    await (await Life.begin(before)).push({ ...ADMIT, generation: 1 });
    let cuts = 0;
    for (let operation = 0; ; operation++) {
      const disk = before.copy();
      const life = await Life.begin(disk);
      const done = disk.done.length;
      disk.fails = () => disk.done.length > done + operation;
      await life.push({ ...ADMIT, generation: 2, body: { rules: [] } });
      const cut = disk.done.length > done + operation;
      // Revoked, whatever the disk says: nothing is read that the centre does not want read.
      expect(life.desk.settings.rules).toEqual([]);
      const next = await Life.begin(disk.copy());
      expect([1, 2]).toContain(next.status("admissions")[0]);
      await next.push({ ...ADMIT, generation: 2, body: { rules: [] } });
      expect(next.status("admissions").slice(0, 2)).toEqual([2, DOCUMENT_STATUS.applied]);
      if (!cut) break;
      cuts += 1;
    }
    expect(cuts).toBeGreaterThanOrEqual(4);
  });

  test("that a disk refuses run until the next start, and are told so", async () => {
    const disk = new MemoryDisk();
    const life = await Life.begin(disk);
    disk.fails = (operation) => operation === "open";
    await life.push({ ...ADMIT, generation: 1 });
    expect([life.desk.settings.rules, life.faults.get("document admissions")]).toEqual([[RULE], "document.not_kept"]);
    disk.fails = () => false;
    life.clock.pass(Seconds(6));
    await life.ticks();
    expect([life.status("admissions")[1], life.faults.size]).toEqual([DOCUMENT_STATUS.applied, 0]);
  });

  test("that the disk refuses to show at the start run as soon as it does, and it is told meanwhile (R33)", async () => {
    const disk = new MemoryDisk();
    await (await Life.begin(disk)).push({ ...ADMIT, generation: 1 });
    disk.fails = (operation, path) => operation === "read" && path.includes("admissions");
    const life = await Life.begin(disk);
    expect([life.desk.settings.rules, life.faults.get("kept admissions")]).toEqual([[], "document.lost"]);
    disk.fails = () => false;
    life.clock.pass(Seconds(6));
    await life.ticks();
    expect([life.desk.settings.rules, life.faults.size, life.status("admissions")[0]]).toEqual([[RULE], 0, 1]);
  });

  test("that were altered on the disk are not believed (R22)", async () => {
    const disk = new MemoryDisk();
    await (await Life.begin(disk)).push({ ...ADMIT, generation: 1 });
    const path = `${STATE}/desired-admissions.json`;
    const text = new TextDecoder().decode(disk.files.get(path)!);
    const at = text.indexOf('"active":"') + 200;
    disk.files.delete(`${STATE}/desired-admissions.copy.json`);
    for (const forged of [text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1), text.slice(0, 50), "", "null", "[]"]) {
      disk.files.set(path, new TextEncoder().encode(forged));
      const life = await Life.begin(disk.copy());
      expect([life.desk.settings.rules, life.faults.get("kept admissions")]).toEqual([[], "document.lost"]);
    }
  });

  test("that name another broker are tried, kept when they prove themselves, and given up when they do not (R25)", async () => {
    const disk = new MemoryDisk();
    const life = await Life.begin(disk);
    await life.push({ ...MOVE, generation: 1 });
    expect([life.desk.settings.broker.host, life.status("settings")]).toEqual(["other", [1, DOCUMENT_STATUS.trial, undefined]]);
    life.desk.proved();
    await life.ticks();
    expect(life.status("settings")).toEqual([1, DOCUMENT_STATUS.applied, undefined]);

    await life.push({ generation: 2, body: { broker: { host: "nowhere", port: 1 } } });
    life.clock.pass(TRIAL_WITHIN);
    await life.ticks();
    expect([life.desk.settings.broker.host, life.status("settings")]).toEqual([
      "other",
      [1, DOCUMENT_STATUS.reverted, "document.reverted"],
    ]);
    await life.push({ generation: 2, body: { broker: { host: "nowhere", port: 1 } } });
    expect([life.desk.settings.broker.host, life.status("settings")[2]]).toEqual(["other", "document.refused_before"]);
  });

  test("that are withdrawn from the broker go on, and nothing is wrong", async () => {
    const life = await Life.begin(new MemoryDisk());
    await life.push({ ...ADMIT, generation: 1 });
    life.desk.heard("admissions", new Uint8Array());
    await life.ticks();
    expect([life.desk.settings.rules, life.faults.size, life.status("admissions")]).toEqual([
      [RULE],
      0,
      [1, DOCUMENT_STATUS.applied, undefined],
    ]);
  });

  test("that come during a trial wait for its end", async () => {
    const life = await Life.begin(new MemoryDisk());
    await life.push({ ...MOVE, generation: 1 });
    await life.push({ generation: 2, body: { description: "second" } });
    await life.push({ generation: 3, body: { description: "third" } });
    expect(life.desk.settings.description).toBeUndefined();
    life.desk.proved();
    await life.ticks();
    // The third leaves the broker to the file again, which is a move of its own.
    expect([life.desk.settings.description, life.desk.settings.broker.host, life.status("settings").slice(0, 2)]).toEqual([
      "third",
      "broker",
      [3, DOCUMENT_STATUS.trial],
    ]);
  });
});
