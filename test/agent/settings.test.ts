import { describe, expect, test } from "vitest";
import { readSettings, type Settings, WINDOW_ABOVE_PACE } from "../../config/schema.ts";

const BROKER = { host: "b", port: 8883, ca: "a", cert: "c", key: "k" };
const settingsOf = (more: object): Settings => {
  const read = readSettings({ gateway: "gw-1", broker: BROKER, ...more });
  return "settings" in read ? read.settings : expect.fail(JSON.stringify(read.mistakes));
};
const mistakesOf = (more: object): string[] => {
  const read = readSettings({ gateway: "gw-1", broker: BROKER, ...more });
  return "mistakes" in read ? read.mistakes.map(({ path }) => path) : expect.fail("it was taken");
};

describe("a quantity", () => {
  // biome-ignore format: a table is read by eye.
  const TIMES: readonly (readonly [text: string, ms: number])[] = [["100ms", 100], ["1s", 1000], ["2.5s", 2500], ["1 min", 60_000], ["0.5min", 30_000]];
  for (const [text, ms] of TIMES) test(`of "${text}" is ${ms} ms`, () => expect(settingsOf({ window: "10min", pace: text }).pace).toBe(ms));

  // biome-ignore format: a table is read by eye.
  const SIZES: readonly (readonly [text: string, bytes: number])[] = [["64KiB", 65_536], ["16 MiB", 16 * 2 ** 20], ["1GiB", 2 ** 30]];
  for (const [text, bytes] of SIZES)
    test(`of "${text}" is ${bytes} bytes`, () => expect(settingsOf({ spool: { size: text } }).spool.size).toBe(bytes));

  for (const text of [
    "",
    "100",
    "ms",
    "1e3ms",
    "100 ms ",
    " 100ms",
    "100MS",
    "1,5s",
    "+1s",
    "-1s",
    "0x10ms",
    "1s1s",
    "5hasOwnProperty",
    "∞s",
    "NaNms",
  ])
    test(`"${text}" is none`, () => expect(mistakesOf({ window: "10min", pace: text })).toEqual(["pace"]));
  for (const value of [100, null, true, {}, ["1s"]])
    test(`${JSON.stringify(value)} is none`, () => expect(mistakesOf({ window: "10min", pace: value })).toEqual(["pace"]));
});

describe("the window", () => {
  test("is at least the pace and the time for a message and its answer", () => {
    expect(WINDOW_ABOVE_PACE).toBe(150);
    expect(settingsOf({ pace: "1s", window: "1150ms" }).window).toBe(1150);
    expect(mistakesOf({ pace: "1s", window: "1149ms" })).toEqual(["window"]);
    expect(mistakesOf({ pace: "1s" })).toEqual(["window"]);
    expect(settingsOf({}).window).toBe(250);
  });
});

describe("the identity of a gateway and its devices", () => {
  for (const id of ["g", "GW.1_a-b", "0", "x".repeat(64)])
    test(`may be "${id}"`, () => expect(settingsOf({ gateway: id }).gateway).toBe(id));
  for (const id of ["", "a/b", "a+b", "#", "a b", "-a", ".a", "ä", "x".repeat(65), "a\n", "$SYS"])
    test(`may not be ${JSON.stringify(id)}: it is one level of a topic`, () => expect(mistakesOf({ gateway: id })).toEqual(["gateway"]));
});

test("the document is checked whole, also where it is nothing", () => {
  for (const document of [null, undefined, 7, "x", [], [{}]]) expect("mistakes" in readSettings(document)).toBe(true);
  expect(mistakesOf({ ports: Array.from({ length: 65 }, (_, at) => ({ path: `/${at}`, location: `${at}` })) })).toEqual(["ports"]);
});

test("nothing is taken that would forge a line of the log or move a terminal's cursor", () => {
  for (const forged of ["/dev/x\nBED-999 forged", "/dev/\u001b[31mx", "/dev/\u202ex"]) {
    expect(mistakesOf({ ports: [{ path: forged, location: "bench-1" }] })).toEqual(["ports[0].path"]);
  }
});
