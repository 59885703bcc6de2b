import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { replayFile } from "../../agent/cli/replay.ts";
import { readWords } from "../../agent/cli/words.ts";
import { Fault } from "../../agent/fault/fault.ts";
import { fromHex } from "../../config/bytes-text.ts";
import { DRIVERS } from "../../drivers/index.ts";
import { withVectors } from "../drivers/vectors.ts";
import { fakeSelf } from "./fake-self.ts";

const folder = mkdtempSync(join(tmpdir(), "bedside-replay-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const captures = (driver: string): string => join(import.meta.dirname, "../../drivers", driver, "captures");
const ORDINARY = join(captures("nonin"), "emulated-ordinary.capture.jsonl");

type Row = { readonly t_ms: number; readonly deviceTime?: string; readonly readings: readonly Readonly<Record<string, unknown>>[] };
async function replayed(...words: readonly string[]) {
  const self = fakeSelf();
  let said = "";
  const code = await replayFile(readWords(["replay", ...words]), {
    ...self,
    err: (text) => {
      said += text;
      return true;
    },
  });
  const rows = self
    .said()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row);
  return { code, rows, said };
}
const refusal = (...words: readonly string[]): Promise<string> =>
  replayed(...words).then(
    () => "nothing was refused",
    (caught: unknown) => (caught instanceof Fault ? `${caught.key}: ${caught.message}` : String(caught)),
  );

describe("bedside replay --decode", () => {
  const all = DRIVERS.flatMap(({ id }) =>
    readdirSync(captures(id))
      .filter((name) => name.endsWith(".capture.jsonl"))
      .map((name) => [id, name] as const),
  );
  test.each(all)("reads the captures of %s as expected: %s", async (id, name) => {
    const { code, said } = await replayed("--decode", join(captures(id), name));
    expect([code, said]).toEqual([0, expect.stringMatching(/compared with [1-9]\d* units/)]);
  });

  test("tells a frame in a line, with the device's digits, codes, units, no value as null, and its time", async () => {
    const { rows } = await replayed("--decode", ORDINARY);
    const first = rows.find(({ deviceTime }) => deviceTime === "1");
    expect(first).toMatchObject({ deviceTime: "1", t_ms: expect.any(Number) });
    expect(first?.readings).toContainEqual(
      expect.objectContaining({ refid: "MDC_PULS_OXIM_SAT_O2", code: 150456, value: "95", unit: "MDC_DIM_PERCENT" }),
    );
    expect(first?.readings).toContainEqual(
      expect.objectContaining({ refid: "MDC_PULS_OXIM_PLETH", rate: "75/1", samples: expect.any(Array) }),
    );
    expect(first?.readings).toContainEqual(expect.objectContaining({ refid: "MDC_EVT_BATT_LO", present: false, on: "device" }));
    const { rows: disturbed } = await replayed("--decode", ORDINARY.replace("ordinary", "disturbed"));
    expect(disturbed.flatMap(({ readings }) => readings)).toContainEqual(
      expect.objectContaining({ value: null, validity: expect.any(String) }),
    );
  });

  test("says the first difference, and exits with 1", async () => {
    const path = join(folder, "changed.capture.jsonl");
    copyFileSync(ORDINARY, path);
    const expected = readFileSync(ORDINARY.replace(".capture.", ".expected."), "utf8");
    writeFileSync(join(folder, "changed.expected.jsonl"), expected.replace('_SAT_O2":"94"', '_SAT_O2":"93"'));
    const { code, said } = await replayed("--decode", path);
    expect(code).toBe(1);
    expect(said).toContain("BED-704");
    expect(said).toMatch(/unit 2 of 23: MDC_PULS_OXIM_SAT_O2 was sent as "93" and told as "94"/);
    const { said: json } = await replayed("--decode", path, "--json");
    expect(JSON.parse(json)).toMatchObject({ driver: "nonin", compared: 23, fault: { key: "capture.differs" } });
  });

  test("compares with nothing where no expected file lies beside it, and says so", async () => {
    const path = join(folder, "alone.capture.jsonl");
    copyFileSync(ORDINARY, path);
    expect(await replayed("--decode", path)).toMatchObject({ code: 0, said: expect.stringContaining("compared with nothing") });
  });

  test("exits with 1 where a session would publish nothing: another driver's device", async () => {
    const { code, said } = await replayed("--decode", ORDINARY, "--driver", "puritan-bennett-840");
    expect([code, said]).toEqual([1, expect.stringContaining("BED-705")]);
  });

  test("reads a recording of bytes alone by the driver that is named", async () => {
    const bytes = readFileSync(ORDINARY, "utf8")
      .split("\n")
      .slice(1)
      .flatMap((line) => (line === "" ? [] : [...fromHex((JSON.parse(line) as { hex: string }).hex)]));
    const path = join(folder, "line.bin");
    writeFileSync(path, Uint8Array.from(bytes));
    const [raw, capture] = [await replayed("--decode", "--raw", "--driver", "nonin", path), await replayed("--decode", ORDINARY)];
    expect(raw.code).toBe(0);
    expect(raw.rows.map(({ readings }) => readings)).toEqual(capture.rows.map(({ readings }) => readings));
  });

  test("refuses what it cannot read, and says why", async () => {
    const text = join(folder, "text.capture.jsonl");
    writeFileSync(text, "hello\n");
    const orphan = join(folder, "orphan.capture.jsonl");
    writeFileSync(orphan, '{"format":"bedside-capture-1","origin":"device","speed":9600}\n');
    const foreign = join(folder, "foreign.capture.jsonl");
    copyFileSync(ORDINARY, foreign);
    writeFileSync(join(folder, "foreign.expected.jsonl"), '{"observations":{}}\n');
    expect(await refusal("--decode", text)).toMatch(/^capture\.invalid: .*line 1 is no header/);
    expect(await refusal("--decode", join(folder, "missing"))).toMatch(/^capture\.unreadable/);
    expect(await refusal("--decode", orphan)).toMatch(/^capture\.driver/);
    expect(await refusal("--decode", "--driver", "moon", orphan)).toMatch(/^capture\.driver: There is no driver "moon"/);
    expect(await refusal("--decode", foreign)).toMatch(/^capture\.invalid: .*line 1: an expected unit has/);
    expect(await refusal(ORDINARY)).toMatch(/^usage/);
    expect(await refusal("--decode", "--raw", ORDINARY)).toMatch(/^usage: --raw wants --driver/);
    expect(() => readWords(["status", "--driver", "nonin"])).toThrow("--driver goes with replay only");
  });

  withVectors("ge-dri", () => {
    test("reads an hour's recording of somebody else's monitor, record by record", async () => {
      const path = join(process.env.BEDSIDE_VECTORS ?? join(import.meta.dirname, "../../../shared/vectors"), "ge-dri/db02_2018-07-26.raw");
      const { code, rows } = await replayed("--decode", "--raw", "--driver", "ge-dri", path);
      expect([code, rows.length > 200]).toEqual([0, true]);
    });
  });
});
