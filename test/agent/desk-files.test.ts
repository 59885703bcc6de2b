import { describe, expect, test } from "vitest";
import type { DocumentFile } from "../../agent/configure/document-file.ts";
import { Fault } from "../../agent/fault/fault.ts";
import type { Envelope } from "../../config/envelope/envelope.ts";
import { Seconds } from "../../config/units.ts";
import { encodeSignedDocument } from "../../proto/codec.ts";
import { DOCUMENT_STATUS } from "../../proto/messages.ts";
import { envelopeOf, makeSigner, signEnvelope } from "../support/signing.ts";
import { ADMIT, biomedical, Life, MOVE, NOW, operations, RULE, signed } from "./desk-life.ts";
import { MemoryDisk } from "./fakes.ts";

/** Signed documents that lie on the box itself, named in its configuration file. */

const PATH = "/etc/bedside/admissions.signed";
const SCOPE = `document file ${PATH}`;
const OTHER = { ...RULE, when: { location: "usb-2" }, device: "dv-2" };
const admissions = (generation: number, rules: readonly object[] = [RULE], more: Partial<Envelope> = {}): Envelope =>
  envelopeOf({ ...ADMIT, generation, body: { rules }, ...more });
const file = (envelope: Envelope, path = PATH): DocumentFile => ({ path, bytes: signed(envelope) });
const begin = (disk: MemoryDisk, ...documents: readonly DocumentFile[]) => Life.begin(disk, { documents });

describe("a document that lies on the box", () => {
  test("is taken at the start, reported, and kept: it runs on where the file is not there any more", async () => {
    const disk = new MemoryDisk();
    const life = await begin(disk, file(admissions(3)));
    expect([life.desk.settings.rules, life.status("admissions"), life.faults.size]).toEqual([
      [RULE],
      [3, DOCUMENT_STATUS.applied, undefined],
      0,
    ]);
    expect(life.told).toContain("admissions kept");
    const next = await begin(disk);
    expect([next.desk.settings.rules, next.status("admissions")[0], next.faults.size]).toEqual([[RULE], 3, 0]);
  });

  test("may be settings, too, and each kind finds its own", async () => {
    const life = await begin(
      new MemoryDisk(),
      file(envelopeOf({ generation: 1, body: { description: "ICU 12" } }), "/x/settings.signed"),
      file(admissions(1)),
    );
    expect([life.desk.settings.description, life.desk.settings.rules]).toEqual(["ICU 12", [RULE]]);
  });

  test("is tried like any other where it names another broker", async () => {
    const life = await begin(new MemoryDisk(), file(envelopeOf({ ...MOVE, generation: 1 })));
    expect([life.probes, life.status("settings")]).toEqual([1, [1, DOCUMENT_STATUS.trial, undefined]]);
  });

  test("and is the same as what runs is passed over without a word, also when it has expired since", async () => {
    const disk = new MemoryDisk();
    const document = file(admissions(3, [RULE], { expires: "2026-12-31T00:00:00Z" }));
    await begin(disk, document);
    const later = await Life.begin(disk, { documents: [document], believed: Date.parse("2027-12-01T00:00:00Z") });
    expect([later.desk.settings.rules, later.raised, later.status("admissions")]).toEqual([
      [RULE],
      0,
      [3, DOCUMENT_STATUS.applied, undefined],
    ]);
  });

  test("and is older than what runs is passed over without a word, also when it has expired since", async () => {
    const disk = new MemoryDisk();
    const document = file(admissions(3, [RULE], { expires: "2026-12-31T00:00:00Z" }));
    await (await begin(disk)).push({ ...ADMIT, generation: 4, body: { rules: [OTHER] } });
    for (const believed of [NOW, Date.parse("2027-12-01T00:00:00Z")]) {
      const next = await Life.begin(disk, { documents: [document], believed });
      expect([next.desk.settings.rules, next.raised, next.status("admissions")]).toEqual([
        [OTHER],
        0,
        [4, DOCUMENT_STATUS.applied, undefined],
      ]);
    }
  });

  test.each([
    ["a higher generation is retained at the broker", 3, 4, OTHER, undefined],
    ["a lower generation is retained at the broker", 4, 3, RULE, "document.older"],
  ])("and %s: the higher one runs, though both are there in the first turn", async (_what, onBox, pushed, runs, told) => {
    const disk = new MemoryDisk();
    const heard = signed(admissions(pushed, [OTHER]));
    for (const start of [1, 2]) {
      const life = await Life.begin(disk, { documents: [file(admissions(onBox))], heard });
      const [generation, status] = life.status("admissions");
      expect([start, life.desk.settings.rules, generation, status]).toEqual([start, [runs], 4, DOCUMENT_STATUS.applied]);
      expect([life.status("admissions")[2], life.faults.get(SCOPE)]).toEqual([told, undefined]);
    }
  });

  test("is not lost where the broker sends something that is refused in the same turn", async () => {
    const life = await Life.begin(new MemoryDisk(), { documents: [file(admissions(3))], heard: Uint8Array.of(1, 2, 3) });
    expect([life.desk.settings.rules, life.status("admissions")[2]]).toEqual([[RULE], "document.unreadable"]);
  });

  test("beside older ones of its kind is the only one that ever runs, in whatever order they are named", async () => {
    const three = [2, 4, 3].map((generation) => file(admissions(generation, generation === 4 ? [RULE] : [OTHER]), `/x/${generation}`));
    const life = await begin(new MemoryDisk(), ...three);
    expect([life.desk.settings.rules, life.status("admissions")[0], life.raised]).toEqual([[RULE], 4, 0]);
    expect(life.applied.every(({ rules }) => rules.length === 0 || rules[0]?.when.location === "usb-1")).toBe(true);
  });

  test("beside a newer one that is refused runs", async () => {
    const bad = file(admissions(4, [{ ...RULE, driver: "nonim" }]), "/x/bad.signed");
    const life = await begin(new MemoryDisk(), bad, file(admissions(3)));
    expect([life.desk.settings.rules, [...life.faults]]).toEqual([[RULE], [["document file /x/bad.signed", "document.invalid"]]]);
  });
});

const stranger = makeSigner("bio-9", "biomedical");
// biome-ignore format: a table is read by eye.
const REFUSED: readonly (readonly [what: string, bytes: Uint8Array, key: string, says: RegExp])[] = [
  ["that a stranger signed",       encodeSignedDocument(signEnvelope(admissions(3), stranger)),   "document.key_unknown",   /key "bio-9" is not trusted here/],
  ["that the wrong role signed",   encodeSignedDocument(signEnvelope(admissions(3), operations)), "document.wrong_role",    /signed by biomedical/],
  ["that was altered",             encodeSignedDocument({ ...signEnvelope(admissions(3), biomedical), payload: new TextEncoder().encode(JSON.stringify(admissions(4))) }), "document.signature", /does not hold/],
  ["for another gateway",          signed(admissions(3, [RULE], { audience: ["gw-2"] })),         "document.wrong_gateway", /it is for gw-2, this is gw-1/],
  ["that has expired",             signed(admissions(3, [RULE], { expires: "2026-11-26T00:00:00Z" })), "document.expired",  /it expired at/],
  ["with a mistake in its rules",  signed(admissions(3, [{ ...RULE, driver: "nonim" }])),         "document.invalid",       /rules\[0\]\.driver: "nonim"/],
  ["that is no document",          new TextEncoder().encode("rules: []\n"),                       "document.unreadable",    /no signed document/],
  ["with nothing in it",           new Uint8Array(),                                              "document.unreadable",    /no signed document/],
];
describe("a document on the box", () => {
  test.each(REFUSED)("%s is refused, told with its path and reported, and stops nothing (R22)", async (_what, bytes, key, says) => {
    const life = await begin(new MemoryDisk(), { path: PATH, bytes });
    expect([life.desk.settings.rules, [...life.faults]]).toEqual([[], [[SCOPE, key]]]);
    expect(life.texts.get(SCOPE)).toContain(`The document in ${PATH} is refused: `);
    expect(life.texts.get(SCOPE)).toMatch(says);
    const refusals = (["settings", "admissions"] as const).flatMap((kind) => life.desk.reported(kind)?.refusals ?? []);
    expect(refusals).toMatchObject([{ key, text: expect.stringContaining(PATH) as unknown }]);
    // What the centre pushes is taken all the same, and the file's fault stands as long as the file.
    await life.push({ ...ADMIT, generation: 9 });
    expect([life.desk.settings.rules, [...life.faults]]).toEqual([[RULE], [[SCOPE, key]]]);
  });

  test("that has the generation of another one is told", async () => {
    const disk = new MemoryDisk();
    await (await begin(disk)).push({ ...ADMIT, generation: 3, body: { rules: [OTHER] } });
    const next = await begin(disk, file(admissions(3)));
    expect([next.desk.settings.rules, next.faults.get(SCOPE)]).toEqual([[OTHER], "document.generation_twice"]);
  });

  test("that cannot be read is told with its path, and the others are taken", async () => {
    const fault = new Fault("document.file_unreadable", "Cannot read a signed document: /mnt/stick/a.signed (it does not exist)");
    const life = await begin(new MemoryDisk(), { path: "/mnt/stick/a.signed", fault }, file(admissions(1)));
    expect([life.desk.settings.rules, [...life.faults]]).toEqual([
      [RULE],
      [["document file /mnt/stick/a.signed", "document.file_unreadable"]],
    ]);
  });

  test("runs in memory while the disk shows nothing, and gives way without a word to a later one that the disk then shows", async () => {
    const disk = new MemoryDisk();
    await (await begin(disk)).push({ ...ADMIT, generation: 5, body: { rules: [OTHER] } });
    disk.fails = (operation, path) => operation === "read" && path.includes("admissions");
    const life = await begin(disk, file(admissions(3)));
    expect(life.desk.settings.rules).toEqual([RULE]);
    disk.fails = () => false;
    life.clock.pass(Seconds(6));
    await life.ticks(16);
    expect([life.desk.settings.rules, life.status("admissions")[0], life.faults.get(SCOPE)]).toEqual([[OTHER], 5, undefined]);
    expect([...life.faults.values()]).not.toContain("document.older");
  });
});
