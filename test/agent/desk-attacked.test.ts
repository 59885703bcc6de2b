import { describe, expect, test } from "vitest";
import { Fault } from "../../agent/fault/fault.ts";
import { REPLACE_WITHIN } from "../../agent/trial/trial.ts";
import { GENERATION_STEP_MAX } from "../../config/envelope/generation.ts";
import { Seconds } from "../../config/units.ts";
import { DOCUMENT_STATUS } from "../../proto/messages.ts";
import { makeSigner } from "../support/signing.ts";
import { ADMIT, biomedical, FILE, Life, MOVE, operations, RULE, STATE } from "./desk-life.ts";
import { MemoryDisk } from "./fakes.ts";

/** What an attacker, a failing card or a slip of the hand would do with desired documents. */

const NONE = { body: { rules: [] } } as const;
const OTHER = { ...RULE, when: { location: "usb-2" }, device: "dv-2" };
const COPIES = ["desired-admissions.json", "desired-admissions.copy.json"].map((name) => `${STATE}/${name}`);

describe("a disk that takes nothing", () => {
  test("outlasts no revocation, the second and the third neither (R27)", async () => {
    const disk = new MemoryDisk();
    const life = await Life.begin(disk);
    await life.push({ ...ADMIT, generation: 1 });
    disk.fails = (operation) => operation === "open";
    await life.push({ ...ADMIT, ...NONE, generation: 2 });
    expect(life.desk.settings.rules).toEqual([]);
    await life.push({ ...ADMIT, generation: 3, body: { rules: [OTHER] } });
    expect(life.desk.settings.rules).toEqual([OTHER]);
    await life.push({ ...ADMIT, ...NONE, generation: 4 });
    expect([life.desk.settings.rules, life.status("admissions")]).toEqual([[], [4, DOCUMENT_STATUS.applied, "document.not_kept"]]);
    disk.fails = () => false;
    life.clock.pass(Seconds(6));
    await life.ticks();
    expect((await Life.begin(disk)).status("admissions")[0]).toBe(4);
  });

  test("and does not even answer holds up no revocation for longer than its time", async () => {
    const disk = new MemoryDisk();
    const life = await Life.begin(disk);
    await life.push({ ...ADMIT, generation: 1 });
    disk.hold();
    await life.push({ ...ADMIT, ...NONE, generation: 2 });
    life.clock.pass(REPLACE_WITHIN);
    await life.ticks();
    expect(life.desk.settings.rules).toEqual([]);
    await life.push({ ...ADMIT, generation: 3, body: { rules: [OTHER] } });
    expect(life.desk.settings.rules).toEqual([OTHER]);
    disk.letGo();
    await life.ticks(30);
    expect([life.status("admissions").slice(0, 2), life.faults.size]).toEqual([[3, DOCUMENT_STATUS.applied], 0]);
    expect((await Life.begin(disk)).status("admissions")[0]).toBe(3);
  });
});

describe("what was kept and cannot be read yet", () => {
  const blind = async (generation: number) => {
    const disk = new MemoryDisk();
    await (await Life.begin(disk)).push({ ...ADMIT, generation });
    disk.fails = (operation, path) => operation === "read" && path.includes("admissions");
    const before = COPIES.map((path) => [...disk.files.get(path)!]);
    return {
      disk,
      life: await Life.begin(disk),
      kept: () => COPIES.every((path, at) => `${[...disk.files.get(path)!]}` === `${before[at]}`),
    };
  };
  const seesAgain = async ({ disk, life }: { disk: MemoryDisk; life: Life }): Promise<void> => {
    disk.fails = () => false;
    // The first time it is read, the second one written.
    for (let time = 0; time < 2; time++) {
      life.clock.pass(Seconds(6));
      await life.ticks(30);
    }
  };

  test("is never written over, and wins against what is older (R23)", async () => {
    const { disk, life, kept } = await blind(5);
    await life.push({ ...ADMIT, generation: 3, body: { rules: [OTHER] } });
    life.clock.pass(Seconds(20));
    await life.ticks();
    expect([kept(), life.desk.settings.rules, life.faults.get("document admissions")]).toEqual([true, [OTHER], "document.not_kept"]);
    await seesAgain({ disk, life });
    expect([life.desk.settings.rules, life.status("admissions")]).toEqual([[RULE], [5, DOCUMENT_STATUS.applied, "document.older"]]);
    expect((await Life.begin(disk)).status("admissions")[0]).toBe(5);
  });

  test("gives way to what is newer, which is kept then", async () => {
    const { disk, life } = await blind(5);
    await life.push({ ...ADMIT, ...NONE, generation: 6 });
    await seesAgain({ disk, life });
    expect([life.desk.settings.rules, life.status("admissions").slice(0, 2)]).toEqual([[], [6, DOCUMENT_STATUS.applied]]);
    expect(
      life.applied.some(({ rules }) => rules.length > 0),
      "what was revoked never came back",
    ).toBe(false);
    expect((await Life.begin(disk)).status("admissions")[0]).toBe(6);
  });
});

describe("of two copies", () => {
  test("one may be lost, emptied, cut or unreadable: nothing is lost, and it is written anew (R23)", async () => {
    for (const path of COPIES)
      for (const harm of ["remove", "empty", "cut", "unreadable"] as const) {
        const disk = new MemoryDisk();
        await (await Life.begin(disk)).push({ ...ADMIT, generation: 4 });
        const bytes = disk.files.get(path)!;
        if (harm === "remove") disk.files.delete(path);
        if (harm === "empty") disk.files.set(path, new Uint8Array());
        if (harm === "cut") disk.files.set(path, bytes.slice(0, bytes.length / 2));
        if (harm === "unreadable") disk.fails = (operation, where) => operation === "read" && where === path;
        const life = await Life.begin(disk);
        expect([harm, life.desk.settings.rules, life.faults.size, life.told]).toEqual([
          harm,
          [RULE],
          0,
          ["admissions second copy written anew"],
        ]);
        disk.fails = () => false;
        await life.push({ ...ADMIT, generation: 3, body: { rules: [] } });
        expect(life.status("admissions")).toEqual([4, DOCUMENT_STATUS.applied, "document.older"]);
        const [first, second] = COPIES.map((one) => JSON.stringify([...(disk.files.get(one) ?? [])]));
        expect(first).toBe(second);
      }
  });
});

describe("a key that is trusted no more", () => {
  test("takes its document along, and leaves the generation: an older one is refused, a later one and the same one are taken", async () => {
    const disk = new MemoryDisk();
    await (await Life.begin(disk)).push({ ...ADMIT, generation: 7 });
    const without = await Life.begin(disk, { trust: [operations.trusted] });
    expect([without.desk.settings.rules, without.faults.get("kept admissions")]).toEqual([[], "document.lost"]);
    const again = await Life.begin(disk, { trust: [operations.trusted, biomedical.trusted, makeSigner("x", "operations").trusted] });
    expect(again.desk.settings.rules).toEqual([RULE]);

    // Something is written while the key is missing: the mark stays all the same.
    const stranger = await Life.begin(disk, { trust: [{ ...biomedical.trusted, id: "bio-2" }] });
    for (const [generation, refused] of [
      [6, "document.key_unknown"],
      [7, "document.key_unknown"],
    ] as const) {
      await stranger.push({ ...ADMIT, generation });
      expect(stranger.status("admissions")[2]).toBe(refused);
    }
    const back = await Life.begin(disk);
    await back.push({ ...ADMIT, ...NONE, generation: 6 });
    expect(back.status("admissions")).toEqual([7, DOCUMENT_STATUS.applied, "document.older"]);
  });
});

describe("a broker that settings name", () => {
  test("is tried beside the one that is used, and left alone where it does not pass; nothing moves meanwhile", async () => {
    const life = await Life.begin(new MemoryDisk());
    let answer: (fault?: Fault) => void = () => undefined;
    life.probe = () =>
      new Promise((resolve, reject) => {
        answer = (fault) => (fault === undefined ? resolve() : reject(fault));
      });
    await life.push({ ...MOVE, generation: 1 });
    expect([life.probes, life.applied.at(-1)?.broker.host ?? "broker", life.status("settings")]).toEqual([
      1,
      "broker",
      [0, DOCUMENT_STATUS.none, undefined],
    ]);
    answer(new Fault("document.unreachable", "The new broker does not hold this document"));
    await life.ticks();
    expect([life.desk.settings.broker.host, life.status("settings")]).toEqual([
      "broker",
      [0, DOCUMENT_STATUS.none, "document.unreachable"],
    ]);
    await life.push({ ...MOVE, generation: 1 });
    expect([life.probes, life.status("settings")[2]]).toEqual([1, "document.refused_before"]);
    life.probe = () => Promise.resolve();
    await life.push({ ...MOVE, generation: 2 });
    expect([life.desk.settings.broker.host, life.status("settings").slice(0, 2)]).toEqual(["other", [2, DOCUMENT_STATUS.trial]]);
  });

  test("gives way to the file where somebody edited it since, until newer settings come", async () => {
    const disk = new MemoryDisk();
    const first = await Life.begin(disk);
    await first.push({ generation: 1, body: { ...MOVE.body, description: "moved" } });
    first.desk.proved();
    await first.ticks();
    expect((await Life.begin(disk)).desk.settings.broker.host).toBe("other");
    const file = { ...FILE, broker: { ...FILE.broker, host: "rescue" } };
    for (let start = 0; start < 2; start++) {
      const life = await Life.begin(disk, { file });
      expect([life.desk.settings.broker.host, life.desk.settings.description]).toEqual(["rescue", "moved"]);
      expect([life.faults.get("kept settings"), life.status("settings")]).toEqual([
        "document.over_by_file",
        [1, DOCUMENT_STATUS.applied, "document.over_by_file"],
      ]);
      // What stands retained changes nothing, and neither does a trial that fails.
      await life.push({ generation: 1, body: { ...MOVE.body, description: "moved" } });
      expect(life.desk.settings.broker.host).toBe("rescue");
    }
    const life = await Life.begin(disk, { file });
    await life.push({ ...MOVE, generation: 2 });
    life.desk.proved();
    await life.ticks();
    expect([life.desk.settings.broker.host, life.faults.get("kept settings")]).toEqual(["other", undefined]);
    expect((await Life.begin(disk, { file })).desk.settings.broker.host).toBe("other");
  });
});

test("a flood of documents without a key costs one look a second", async () => {
  const life = await Life.begin(new MemoryDisk());
  const stranger = makeSigner("x", "operations");
  const before = life.raised;
  for (let count = 0; count < 500; count++) {
    life.desk.heard("settings", new Uint8Array([count % 256, stranger.trusted.publicKey[0] ?? 0]));
    life.clock.pass(Seconds(0.02));
    await life.ticks(1);
  }
  expect(life.raised - before).toBeLessThanOrEqual(10);
});

test("a document that expired is not taken while the clock is unknown, either: nothing was signed after it, nor this program made", async () => {
  const life = await Life.begin(new MemoryDisk());
  life.believed = undefined;
  await life.push({ ...ADMIT, generation: 1, issued: "2025-01-01T00:00:00Z", expires: "2025-06-01T00:00:00Z" });
  expect(life.status("admissions")).toEqual([0, DOCUMENT_STATUS.none, "document.expired"]);
  await life.push({ ...ADMIT, generation: 2, issued: "2026-06-01T00:00:00Z", expires: "2027-06-01T00:00:00Z" });
  await life.push({ ...ADMIT, generation: 3, issued: "2026-02-01T00:00:00Z", expires: "2026-03-01T00:00:00Z" });
  expect(life.status("admissions")).toEqual([2, DOCUMENT_STATUS.applied, "document.expired"]);
});

test("a generation that leaps uses up no numbers", async () => {
  const life = await Life.begin(new MemoryDisk());
  await life.push({ ...ADMIT, generation: 5 });
  await life.push({ ...ADMIT, ...NONE, generation: 5 + GENERATION_STEP_MAX + 1 });
  expect(life.status("admissions")).toEqual([5, DOCUMENT_STATUS.applied, "document.leap"]);
  await life.push({ ...ADMIT, ...NONE, generation: 6 });
  expect(life.status("admissions").slice(0, 2)).toEqual([6, DOCUMENT_STATUS.applied]);
});
