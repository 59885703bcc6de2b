import { describe, expect, test } from "vitest";
import { bytesText, countText, spanText } from "../../agent/cli/amounts-text.ts";
import { type AboutLook, inspectRow, inspectText, verdictOn, verifyRow, verifyText } from "../../agent/cli/spool-text.ts";
import type { SegmentLook, SpoolLook } from "../../agent/spool/look.ts";
import type { Wall } from "../../config/units.ts";

const NOON = Date.UTC(2026, 0, 1, 12);
const ABOUT: AboutLook = { folder: "/s/spool", free: 3 * 2 ** 30, now: NOON, agent: false };
const amount = (blocks: number, records: number, bytes: number) => ({ blocks, records, bytes });
const SEGMENT: SegmentLook = {
  file: "report-1.seg",
  lane: "report",
  is: "used",
  units: 4,
  delivered: amount(1, 10, 500),
  waiting: amount(3, 30, 1536),
  oldest: (NOON - 8_040_000) as Wall,
  newest: (NOON - 5000) as Wall,
  sealed: [],
  damaged: [],
};
const FREE: SegmentLook = {
  ...SEGMENT,
  file: "wave-2.seg",
  lane: "wave",
  is: "free",
  units: 0,
  waiting: amount(0, 0, 0),
  delivered: amount(0, 0, 0),
};
const free = ({ oldest: _oldest, newest: _newest, ...rest }: SegmentLook): SegmentLook => ({
  ...rest,
  oldest: undefined,
  newest: undefined,
});
const KEY = { id: 0x00ab_cdef, "spool.key": "good", "spool.key.copy": "good" } as const;
const GOOD: SpoolLook = { key: KEY, segments: [SEGMENT, free(FREE)], foreign: [], ends: [] };
const sealed = { file: "report-2.seg", offset: 64, keyId: 0x12, ...amount(2, 7, 300) };
const SEALED: SpoolLook = {
  ...GOOD,
  segments: [...GOOD.segments, { ...free(FREE), file: "report-2.seg", lane: "report", is: "used", sealed: [sealed] }],
};
const DAMAGED: SpoolLook = {
  ...SEALED,
  segments: [
    ...SEALED.segments,
    {
      ...free(SEGMENT),
      file: "alert-1.seg",
      lane: "alert",
      waiting: amount(0, 0, 0),
      damaged: [{ file: "alert-1.seg", offset: 4160, bytes: 211, why: "unit" }],
    },
  ],
};

describe("amounts", () => {
  test.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [200 * 1024, "200 KiB"],
    [2.5 * 2 ** 30, "2.5 GiB"],
  ])("of %d bytes read %s", (bytes, text) => expect(bytesText(bytes)).toBe(text));
  test.each([
    [0, "0 s"],
    [59.9, "59 s"],
    [60, "1 min"],
    [8040, "2 h 14 min"],
    [266_400, "3 d 2 h"],
  ])("of %d seconds read %s", (seconds, text) => expect(spanText(seconds)).toBe(text));
  test("of one thing have no s", () => expect([countText(1, "record"), countText(0, "record")]).toEqual(["1 record", "0 records"]));
});

describe("spool inspect", () => {
  test("tells lane by lane what waits, since when, and what is delivered", () => {
    const text = inspectText(GOOD, ABOUT);
    expect(text).toMatch(
      /^\/s\/spool {3}1 segment of 1 MiB in use, 1 free; the disk has 3\.0 GiB left\n {2}key {6}00abcdef, both copies are good\n/,
    );
    expect(text).toMatch(/^report +1 +30 +3 +1\.5 KiB +10 +0 +2026-01-01 09:46:00Z +2026-01-01 11:59:55Z +2 h 14 min$/m);
    expect(text).toMatch(/^wave +0 +0 +0 +0 B +0 +0 +- +-$/m);
    expect(text).toMatch(/bedside status\n$/);
    expect(text).not.toContain("note");
    for (const line of inspectText(DAMAGED, ABOUT).split("\n")) expect(line.length).toBeLessThan(170);
  });

  test("says that numbers move where an agent works on it", () => {
    expect(inspectText(GOOD, { ...ABOUT, agent: true })).toContain("the numbers move");
  });

  test("without the key, and under another one, says so and tells what the heads tell", () => {
    const none: SpoolLook = { ...SEALED, key: { id: undefined, "spool.key": "missing", "spool.key.copy": "damaged" } };
    expect(inspectText(none, ABOUT)).toContain("key      none (spool.key is missing, spool.key.copy is damaged): nothing can be opened");
    expect(inspectText(SEALED, ABOUT)).toContain("sealed   7 records in 2 blocks, 300 B, under key 00000012, which is not here");
    expect(inspectText({ ...GOOD, key: { ...KEY, "spool.key": "missing" } }, ABOUT)).toContain(
      "00abcdef; spool.key is missing: the agent writes it",
    );
  });

  test("tells damage and what is not ours, and a clock that ran ahead", () => {
    expect(inspectText({ ...DAMAGED, foreign: ["x\u001b[2J"] }, ABOUT)).toMatch(
      /damaged {2}1 place: {2}bedside spool verify.*\n {2}foreign .*: "x\\u001b\[2J"\n/,
    );
    expect(inspectText(GOOD, { ...ABOUT, now: NOON - 9_000_000 })).toContain("its clock was ahead");
  });

  test("tells a script the same", () => {
    expect(inspectRow(DAMAGED, ABOUT)).toMatchObject({
      folder: "/s/spool",
      agentAnswers: false,
      key: { id: "00abcdef", "spool.key": "good" },
      lanes: {
        report: {
          segments: 2,
          free: 0,
          waiting: amount(3, 30, 1536),
          delivered: { records: 10 },
          oldest: "2026-01-01T09:46:00.000Z",
          ageSeconds: 8040,
        },
        wave: { segments: 0, free: 1, sealed: { records: 0 } },
      },
      sealed: [{ key: "00000012", records: 7 }],
      damagedPlaces: 1,
    });
  });
});

describe("spool verify", () => {
  test("says that all holds, and how much that is", () => {
    expect(verdictOn(GOOD, "/s/spool")).toBeUndefined();
    expect(verifyText(GOOD, undefined)).toBe(
      "checked    2 files, 4 commits; opened and good are 4 blocks, 40 records, 2.0 KiB\nall of it holds\n",
    );
    expect(verifyRow(GOOD, undefined)).toMatchObject({ ok: true, good: { files: 2, units: 4, records: 40 }, damaged: [], sealed: [] });
  });

  test("names each damaged place by file and offset, and is BED-413", () => {
    const fault = verdictOn(DAMAGED, "/s/spool");
    expect(fault).toMatchObject({ key: "spool.damaged", message: "1 place in /s/spool does not hold, and 7 records cannot be opened" });
    const text = verifyText(DAMAGED, fault);
    expect(text).toContain("  damaged  alert-1.seg at 4160, 211 B: a commit does not hold\n");
    expect(text).toContain("  sealed   report-2.seg at 64, 300 B: 7 records under key 00000012\n");
    expect(text).toMatch(/^BED-413 {2}.*\n {2}likely .*\n {2}do .*\n$/m);
    expect(verifyRow(DAMAGED, fault)).toMatchObject({
      ok: false,
      damaged: [{ offset: 4160 }],
      sealed: [{ key: "00000012" }],
      fault: { number: "BED-413" },
    });
  });

  test("is BED-414 where only the key is missing or another one", () => {
    expect(verdictOn(SEALED, "/s/spool")).toMatchObject({
      key: "spool.sealed",
      message: "7 records in /s/spool cannot be opened: the key here is another one",
    });
    const none: SpoolLook = { ...SEALED, key: { ...KEY, id: undefined } };
    expect(verdictOn(none, "/s/spool")?.message).toMatch(/there is no key$/);
  });
});
