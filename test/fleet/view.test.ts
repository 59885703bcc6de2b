import { describe, expect, test } from "vitest";
import { columns } from "../../config/command-line.ts";
import { DEVICES_MAX, FAULTS_MAX, hear, type Message, SILENT_AFTER, standingOf, unheard } from "../../config/fleet/view.ts";
import { encodeHealth, encodePresence, encodeReported } from "../../proto/codec.ts";
import { CLOCK_QUALITY, DEATH_CAUSE } from "../../proto/messages.ts";

const WALL = Date.parse("2026-12-01T00:00:00Z");
type Who = { readonly gateway?: string; readonly run?: bigint; readonly startCount?: number; readonly connection?: number };
type How = { readonly at?: number; readonly retain?: boolean };
const who = ({ gateway = "gw-1", run = 7n, startCount = 3, connection = 2 }: Who) => ({ gateway, run, startCount, connection });
const message = (leaf: string, payload: Uint8Array, { at = 0, retain = true }: How): Message => ({ leaf, payload, at, retain });
const BIRTH = { nonce: new Uint8Array(), version: "1", bootId: new Uint8Array(), devices: [], ports: [] };
const birth = (said: Who = {}, how: How = {}): Message =>
  message("up/birth", encodePresence({ ...who(said), state: { kind: "birth", birth: BIRTH } }), how);
const death = (said: Who = {}, how: How = {}, cause: number = DEATH_CAUSE.lost): Message =>
  message("up/birth", encodePresence({ ...who(said), state: { kind: "death", death: { cause } } }), how);
/** `age`: how long ago its own clock says that it was made; undefined where its clock is not set. */
const health = (said: Who & { readonly age?: number } = {}, how: How = {}): Message => {
  const quality = said.age === undefined ? CLOCK_QUALITY.unsynced : CLOCK_QUALITY.synced;
  const { gateway, run, connection } = who(said);
  const clock = { monoUs: 0, utcUs: (WALL - (said.age ?? 0)) * 1000, quality };
  return message("up/health", encodeHealth({ gateway, run, connection, uptimeMs: 1, clock }), how);
};
const heard = (...messages: readonly Message[]) => messages.reduce(hear, unheard("gw-1"));
/** Listening since 0; `after` milliseconds later. */
const standing = (after: number, ...messages: readonly Message[]) => {
  const { is, certain } = standingOf(heard(...messages), { mono: after, wall: WALL, since: 0 });
  return `${is}${certain ? "" : "?"}`;
};

describe("a gateway is", () => {
  test("unheard where the broker holds nothing of it", () => expect(standing(100)).toBe("unheard"));
  test("present with a birth and health that came live within 30 s", () => {
    expect(standing(9_000, birth(), health({}, { at: 5_000, retain: false }))).toBe("present");
    expect(standing(SILENT_AFTER + 5_001, birth(), health({}, { at: 5_000, retain: false }))).toBe("silent");
  });
  test("present by retained health that is young by a clock that is set, at once", () => {
    expect(standing(100, birth(), health({ age: 8_000 }))).toBe("present");
    expect(standing(100, birth(), health({ age: 90_000 }))).toBe("silent?");
    expect(standing(100, birth(), health({ age: -60_000 }))).toBe("silent?");
  });
  test("not called silent for good before somebody has listened for 30 s", () => {
    expect(standing(100, birth(), health())).toBe("silent?");
    expect(standing(SILENT_AFTER, birth(), health())).toBe("silent");
    expect(standing(100, birth())).toBe("silent?");
  });
  test("present for 30 s after a birth that came live", () => {
    expect(standing(9_000, birth({}, { at: 1_000, retain: false }))).toBe("present");
    expect(standing(40_000, birth({}, { at: 1_000, retain: false }))).toBe("silent");
  });
  test("off when it stopped, or when the broker sent its will", () => {
    expect(standing(100, death({}, {}, DEATH_CAUSE.stopped))).toBe("off");
    expect(standing(100, birth(), health({ age: 1_000 }), death({}, { at: 50, retain: false }))).toBe("off");
    expect(standing(100, death(), health({ age: 8_000 }))).toBe("off");
  });
});

describe("a late will is ignored,", () => {
  test("of an older connection of the same run", () => {
    expect(standing(100, birth(), health({ age: 1 }), death({ connection: 1 }, { at: 50, retain: false }))).toBe("present");
  });
  test("of a run that began before, whatever its connection", () => {
    const will = death({ run: 6n, startCount: 2, connection: 9 }, { at: 50, retain: false });
    expect(standing(100, birth(), health({ age: 1 }), will)).toBe("present");
  });
  test("also where it is what the broker retains, and the health is of a younger connection", () => {
    expect(standing(100, death({ connection: 1 }), health({ age: 1, connection: 2 }))).toBe("present");
    expect(standing(100, health({ age: 1, connection: 2 }), death({ connection: 1 }))).toBe("present");
  });
  test("and of another run it is doubted until health comes live", () => {
    const will = death({ run: 6n });
    expect(standing(100, will, health({ age: 1 }))).toBe("off?");
    expect(standing(9_000, will, health({ age: 1 }), health({}, { at: 8_000, retain: false }))).toBe("present");
    expect(standing(SILENT_AFTER, will, health({ age: 1 }))).toBe("off");
  });
  test("but that of the connection that lives is believed", () => {
    expect(standing(100, birth(), death({}, { at: 50, retain: false }))).toBe("off");
  });
});

describe("what a gateway says is believed of its own topic only:", () => {
  test("birth, death and health of another do not count, and are told", () => {
    const view = heard(birth(), health({ age: 1 }), death({ gateway: "gw-2", connection: 9 }), health({ gateway: "gw-2" }));
    expect(view.presence?.said.gateway).toBe("gw-1");
    expect(view.health?.said.gateway).toBe("gw-1");
    expect(view.strange["up/birth"]).toContain('"gw-2"');
    expect(view.strange["up/health"]).toContain('"gw-2"');
  });
  test("a report of another gateway or kind is none", () => {
    const report = (gateway: string, kind: string): Message =>
      message(
        "up/reported/settings",
        encodeReported({ gateway, kind, generation: 1, sha256: new Uint8Array(32), status: 3, refusals: [] }),
        {},
      );
    expect(heard(report("gw-2", "settings")).reported).toEqual({});
    expect(heard(report("gw-1", "admissions")).reported).toEqual({});
    expect(heard(report("gw-1", "settings")).reported.settings?.generation).toBe(1);
  });
  test("rubbish is told, and changes nothing", () => {
    const rubbish = new Uint8Array([0xff, 0xff, 0xff]);
    for (const leaf of ["up/birth", "up/health", "up/reported/settings", "down/desired/settings"]) {
      const view = heard(birth(), health({ age: 1 }), message(leaf, rubbish, {}));
      expect(view.strange[leaf], leaf).toBeDefined();
      expect(standingOf(view, { mono: 100, wall: WALL, since: 0 }).is).toBe("present");
    }
  });
  test("devices, ports and faults beyond what a gateway can have are not looked at, and told", () => {
    const device = { device: { epoch: 1, device: "dv-1" }, liveness: 1, sinceUs: 0, location: "x" };
    const port = { location: "x", verdict: 1, reasons: [] };
    const many = <T>(one: T): readonly T[] => Array.from({ length: DEVICES_MAX + 1 }, () => one);
    const crowd = { ...BIRTH, devices: many(device), ports: many(port) };
    const faults = many("port.open_failed");
    const view = heard(
      message("up/birth", encodePresence({ ...who({}), state: { kind: "birth", birth: crowd } }), {}),
      message("up/health", encodeHealth({ gateway: "gw-1", run: 7n, connection: 2, uptimeMs: 1, faults }), {}),
    );
    const state = view.presence?.said.state;
    expect(state?.kind === "birth" && [state.birth.devices.length, state.birth.ports.length]).toEqual([DEVICES_MAX, DEVICES_MAX]);
    expect(view.health?.said.faults).toHaveLength(FAULTS_MAX);
    expect(view.strange["up/birth"]).toContain(`${DEVICES_MAX + 1} devices; the first ${DEVICES_MAX} are looked at`);
    expect(view.strange["up/health"]).toContain(`the first ${FAULTS_MAX} are looked at`);
  });
});

test("a table of very many rows is set like any other", () => {
  expect(columns([["A", "B"], ...Array.from({ length: 300_000 }, () => ["xx", "y"])])[0]).toBe("A   B");
});
