import { describe, expect, test } from "vitest";
import { readSettings, type Settings, WINDOW_ABOVE_PACE } from "../../config/schema.ts";
import { LISTS_MAX } from "../../config/settings/bounds.table.ts";

const BROKER = { host: "b", port: 8883, ca: "a", cert: "c", key: "k" };
const settingsOf = (more: object): Settings => {
  const read = readSettings({ gateway: "gw-1", broker: BROKER, ...more });
  return "settings" in read ? read.settings : expect.fail(JSON.stringify(read.mistakes));
};
const mistakesOf = (more: object): string[] => {
  const read = readSettings({ gateway: "gw-1", broker: BROKER, ...more });
  return "mistakes" in read ? read.mistakes.map(({ path }) => path) : expect.fail("it was taken");
};

const toldOf = (more: object): string[] => {
  const read = readSettings({ gateway: "gw-1", broker: BROKER, ...more });
  return "mistakes" in read ? read.mistakes.map(({ path, message }) => `${path || "(file)"}: ${message}`) : expect.fail("it was taken");
};

describe("a quantity", () => {
  // biome-ignore format: a table is read by eye.
  const TIMES: readonly (readonly [text: string, ms: number])[] = [["100ms", 100], ["1s", 1000], ["2.5s", 2500], ["1 min", 60_000], ["0.5min", 30_000]];
  for (const [text, ms] of TIMES) test(`of "${text}" is ${ms} ms`, () => expect(settingsOf({ window: "10min", pace: text }).pace).toBe(ms));

  // biome-ignore format: a table is read by eye.
  const SIZES: readonly (readonly [text: string, bytes: number])[] = [["9216KiB", 9 * 2 ** 20], ["16 MiB", 16 * 2 ** 20], ["1GiB", 2 ** 30]];
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

describe("pace, window and spool", () => {
  // biome-ignore format: a table is read by eye.
  const BOUNDS: readonly (readonly [more: object, path: string, says: string])[] = [
    [{ pace: "19ms" },                        "pace",       "from 20ms to 1min"],
    [{ pace: "61s", window: "2min" },         "pace",       "from 20ms to 1min"],
    [{ window: "601s" },                      "window",     "up to 10min"],
    [{ spool: { size: "8191KiB" } },          "spool.size", "from 8MiB to 16GiB"],
    [{ spool: { size: "16.1GiB" } },          "spool.size", "from 8MiB to 16GiB"],
  ];
  for (const [more, path, says] of BOUNDS)
    test(`of ${JSON.stringify(more)} are out of bounds, and the bounds are named`, () => {
      expect(toldOf(more)).toEqual([expect.stringMatching(new RegExp(`^${path}: expected a .* ${says}, for example .*, found "`))]);
    });
  test("are taken at their bounds", () => {
    expect(settingsOf({ pace: "20ms", window: "10min", spool: { size: "8MiB" } })).toMatchObject({ pace: 20, window: 600_000 });
    expect(settingsOf({ pace: "1min", window: "10min", spool: { size: "16GiB" } })).toMatchObject({ pace: 60_000 });
  });
});

describe("a rule", () => {
  const allow = (when: object, more: object = {}) => ({ when, allow: true, device: "dv-1", driver: "nonin", socket: "A", ...more });
  const reject = (when: object) => ({ when, allow: false });
  test("that never applies is a mistake: an earlier one asks for the same or less", () => {
    const never = "never applies: rules[0] already decides for every such port";
    expect(toldOf({ rules: [allow({ location: "a" }), reject({ location: "a" })] })).toEqual([`rules[1].when: ${never}`]);
    expect(toldOf({ rules: [reject({ vendor: "0403" }), allow({ location: "a", vendor: "0403" })] })).toEqual([`rules[1].when: ${never}`]);
    expect(settingsOf({ rules: [allow({ location: "a", vendor: "0403" }), reject({ vendor: "0403" })] }).rules).toHaveLength(2);
  });
  test("for a device that is at another socket already is a mistake, unless its serial number tells that it is the same", () => {
    const twice = [allow({ location: "a" }), allow({ location: "b" })];
    expect(toldOf({ rules: twice })).toEqual([
      expect.stringMatching(/^rules\[1\]\.device: "dv-1" is the device of rules\[0\], at another socket/),
    ]);
    expect(settingsOf({ rules: [allow({ location: "a" }), allow({ serial: "0001" })] }).rules).toHaveLength(2);
  });
  test("may name drivers of this program only, where they are known", () => {
    const document = { gateway: "gw-1", broker: BROKER, rules: [allow({ location: "a" }, { driver: "nonim" })] };
    expect(
      readSettings(document, {
        drivers: new Map([
          ["nonin", ["9600 8N1"]],
          ["philips", ["115200 8N1"]],
        ]),
      }),
    ).toEqual({
      mistakes: [{ path: "rules[0].driver", message: '"nonim" is not known here; did you mean "nonin"?' }],
    });
    expect("settings" in readSettings(document)).toBe(true);
  });
  test("may name a line at which a device of their driver speaks, as it is written everywhere", () => {
    const known = { drivers: new Map([["nonin", ["9600 8N1", "38400 8E1"]]]) };
    const told = (line: unknown) => {
      const read = readSettings({ gateway: "gw-1", broker: BROKER, rules: [allow({ location: "a" }, { driver: "nonin", line })] }, known);
      return "mistakes" in read ? read.mistakes : read.settings.rules[0];
    };
    expect(told("38400 8E1")).toMatchObject({ driver: "nonin", line: "38400 8E1" });
    expect(told("38400 8N1")).toEqual([{ path: "rules[0].line", message: 'nonin is read at 9600 8N1, 38400 8E1; found "38400 8N1"' }]);
    for (const line of [9600, "9600", "9600 8n1", "9600, 8N1", "09600 8N1"])
      expect(told(line)).toEqual([
        { path: "rules[0].line", message: expect.stringMatching(/^expected speed and format as {2}bedside drivers/) },
      ]);
  });
  test("may name a location where nothing is plugged in now", () => {
    expect(settingsOf({ rules: [allow({ location: "usb-9-9:1.0" })] }).rules).toHaveLength(1);
  });
});

describe("the host of the broker", () => {
  for (const host of ["broker", "broker.hospital.example", "broker.example.", "10.0.0.7", "fd00::1", "::1", "a_b", "x".repeat(63)])
    test(`may be ${host}`, () => expect(settingsOf({ broker: { ...BROKER, host } }).broker.host).toBe(host));
  // biome-ignore format: a table is read by eye.
  const WRONG: readonly (readonly [host: string, says: string])[] = [
    ["",                     "a name or address alone"],
    ["mqtts://broker",       'without "mqtts://": the connection always uses TLS'],
    ["mqtts://broker:8883",  'without "mqtts://": the connection always uses TLS'],
    ["broker:8883",          "the port stands in broker.port"],
    ["[fd00::1]",            "a name or address alone"],
    ["[fd00::1]:8883",       "the port stands in broker.port"],
    ["broker/path",          "a name or address alone"],
    ["user@broker",          "a name or address alone"],
    [" broker",              "a name or address alone"],
    ["-broker",              "a name or address alone"],
  ];
  for (const [host, says] of WRONG)
    test(`may not be ${JSON.stringify(host)}`, () => {
      expect(toldOf({ broker: { ...BROKER, host } })).toEqual([expect.stringMatching(/^broker\.host: expected a name or address alone/)]);
      expect(toldOf({ broker: { ...BROKER, host } })[0]).toContain(says);
    });
});

test("mistakes of shape and of meaning are told together, each with what was expected, an example and what was found", () => {
  const told = toldOf({
    gateway: 12,
    broker: { ...BROKER, host: "mqtts://b", prot: 8883, port: "8883" },
    ports: [{ path: "/a", location: "x" }, { path: "/a", location: "y" }, "z"],
    rules: [
      { when: { locaton: "x" }, allow: "yes" },
      { when: {}, allow: false },
      { when: { vendor: 403 }, allow: true, device: "d/1", driver: "nonin" },
    ],
    pace: 250,
    window: "240ms",
    spol: {},
  });
  expect(told).toEqual([
    'gateway: expected letters, digits, ".", "_" or "-", at most 64, for example "gw-58c1e0", found 12 without quotes',
    expect.stringMatching(/^broker\.host: expected a name or address alone, .* \(without "mqtts:\/\/": .*, found "mqtts:\/\/b"$/),
    'broker.port: expected a whole number from 1 to 65535, for example 8883, found "8883"',
    'broker: "prot" is not known here; did you mean "port"?',
    'ports[2]: expected a port, for example { path: /tmp/nonin, location: bench-1 }, found "z"',
    'pace: expected a number with one of the units ms, s, min, for example "100ms", found 250 without quotes',
    'rules[0].allow: expected true or false, found "yes"',
    'rules[2].when.vendor: expected the adapter\'s vendor in quotes, for example "0403", found 403 without quotes',
    'rules[2].device: expected letters, digits, ".", "_" or "-", at most 64, for example "dv-00417", found "d/1"',
    "rules[2].socket: is missing: expected room and bed, for example ICU-12/B",
    '(file): "spol" is not known here; did you mean "spool"?',
    'rules[0].when: "locaton" is not known here; did you mean "location"?',
    'ports[1].path: "/a" stands twice, also in ports[0]',
    'rules[1].when: a rule without a condition would admit every port; name at least "location"',
  ]);
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

test("a list that is far too long makes no work: as many entries as may stand there are looked at, and it is told", () => {
  const rules = Array.from({ length: 42_000 }, () => ({}));
  const told = mistakesOf({ rules });
  expect(told).toContain("rules");
  expect(told.length).toBeLessThanOrEqual(2 * (LISTS_MAX.rules + 2));
  expect(told).toContain(`rules[${LISTS_MAX.rules}].when`);
});
