import { describe, expect, test } from "vitest";
import { NO_CONDITIONS, nextConditions } from "../../agent/alerts/edges.ts";
import { statusText } from "../../agent/cli/status.ts";
import { unexplained, wireLedger } from "../../agent/health/ledger.ts";
import { encodeHealthOf, type Snapshot, statusOf } from "../../agent/health/snapshot.ts";
import { NOTHING_UNREAD } from "../../agent/session/discards.ts";
import { perLane } from "../../agent/spool/recovery.ts";
import type { DeviceLedger } from "../../agent/spool/tally.ts";
import { encodeBirth, encodeDeath, nonceOf, type Self } from "../../agent/uplink/birth.ts";
import { bootIdBytes } from "../../agent/wire/heads.ts";
import { after, type Bytes, MiB, Milliseconds, Seconds } from "../../config/units.ts";
import { decodeHealth, decodePresence } from "../../proto/codec.ts";
import { IDENTITY, LIVENESS, STREAM } from "../../proto/messages.ts";
import { StillClock } from "./fakes.ts";

const clock = new StillClock();
const NOW = clock.now();
const SELF: Self = {
  gateway: "gw-1",
  run: 0x0000_00ff_0000_0001n,
  startCount: 3,
  version: "0.1.0",
  bootId: "3a1f0000-0000-4000-8000-0000000000ff",
  description: "ICU 3",
};
const READING = { mono: NOW, wall: clock.wall(), quality: { known: "synced", source: "chrony", uncertainty: Milliseconds(2) } } as const;
const PORT = { path: "/dev/ttyUSB0", location: "usb-1", hardware: true, facts: { vendor: "0403" } };
const LEDGER = perLane(() => ({ made: 10, adopted: 2, delivered: 7, dropped: 1, waiting: 4 }));
const TOLD: DeviceLedger = { made: 10, adopted: 2, delivered: 5, waiting: 4, dropped: { spool_full: 3 } };
const SNAPSHOT: Snapshot = {
  self: SELF,
  uptime: Seconds(61.4),
  clock: READING,
  ledger: LEDGER,
  deviceLedgers: () => ({
    ...perLane(() => new Map()),
    event: new Map([["", TOLD]]),
    report: new Map([
      ["nonin-1", { ...TOLD, dropped: { spool_full: 2, too_long: 1 } }],
      ["", TOLD],
    ]),
  }),
  spool: { ring: 1, flash: 2, written: 3, size: MiB(64), used: MiB(4), fillRate: 1024 },
  degraded: false,
  window: Milliseconds(250),
  memory: { resident: 4 as Bytes, free: 5 as Bytes },
  faults: [
    { scope: "uplink", key: "uplink.closed", number: "BED-117", text: "x" },
    { scope: "port a", key: "port.gone", number: "BED-206", text: "y" },
    { scope: "port b", key: "port.gone", number: "BED-206", text: "z" },
  ],
  sessions: [
    {
      port: PORT,
      device: "nonin-1",
      socket: "bed-1",
      known: "socket",
      contested: false,
      driver: "nonin",
      line: "9600 8N1",
      phase: "streaming",
      epoch: 4,
      since: after(NOW, Seconds(-5)),
      facts: { serial: "A1" },
      conditions: nextConditions(NO_CONDITIONS, [
        {
          told: "condition",
          metric: { kind: "condition", refid: "MDC_EVT_A", nature: "technical", on: "device" },
          present: true,
          word: "OFF",
        },
        { told: "condition", metric: { kind: "condition", refid: "MDC_EVT_B", nature: "technical", on: "device" }, present: false },
      ]).known,
      clock: undefined,
      nodes: [{ node: ["1", "K"], epoch: 6, since: after(NOW, Seconds(-2)), facts: { serial: "P7" }, conditions: new Map() }],
      counts: { bytes: 100, frames: 9, framed: 90, discarded: 7, broken: 1 },
      pending: 3,
      unread: NOTHING_UNREAD,
    },
  ],
  ports: [{ port: PORT, verdict: { is: "block", reasons: ["no rule for location usb-1"] } }],
  uplink: {
    phase: "offline",
    connection: 7,
    since: after(NOW, Seconds(-9)),
    inFlight: 0,
    because: "uplink.closed",
    nextAttempt: after(NOW, Seconds(1.2)),
  },
};

describe("the ledger", () => {
  test("balances where everything made is delivered, dropped by name or waiting", () => {
    expect(unexplained(LEDGER)).toBe(0);
    expect(unexplained({ ...LEDGER, wave: { ...LEDGER.wave, delivered: 6 } })).toBe(1);
    expect(unexplained({ ...LEDGER, wave: { ...LEDGER.wave, waiting: 6 } })).toBe(-2);
  });

  test("tells a surplus on the wire as what it is: unexplained", () => {
    const { unexplained: told, streams } = wireLedger({ ...LEDGER, wave: { ...LEDGER.wave, waiting: 6 } });
    expect(told).toBe(2);
    expect(streams.map(({ stream }) => stream)).toEqual(Object.values(STREAM));
  });
});

describe("health", () => {
  test("carries ledger, spool, ports and each kind of standing fault once", () => {
    const health = decodeHealth(encodeHealthOf(SNAPSHOT, 7))!;
    expect(health).toMatchObject({ gateway: "gw-1", run: SELF.run, connection: 7, uptimeMs: 61_400 });
    expect(health.faults).toEqual(["uplink.closed", "port.gone"]);
    expect(health.ports).toMatchObject([{ location: "usb-1", bytes: 100, framed: 90, discarded: 7, pending: 3 }]);
    expect(health.ledger?.streams).toHaveLength(4);
  });
});

describe("status", () => {
  const status = statusOf(SNAPSHOT, NOW);
  test("tells a person and a script the same: run, uplink, ledger, faults, ports and devices", () => {
    expect(status).toMatchObject({
      gateway: "gw-1",
      version: "0.1.0",
      run: "000000ff00000001",
      start: 3,
      uptimeSeconds: 61,
      time: "2026-01-01T00:00:00.000Z",
      uplink: { phase: "offline", connection: 7, seconds: 9, because: "uplink.closed", nextAttemptSeconds: 2 },
      unexplained: 0,
      spool: { ringBytes: 1, flashBytes: 2, flashWrittenBytes: 3, windowMs: 250, degraded: false },
      ports: [{ location: "usb-1", verdict: { is: "block", reasons: ["no rule for location usb-1"] } }],
      devices: [{ device: "nonin-1", phase: "streaming", epoch: 4, seconds: 5, conditions: [{ refid: "MDC_EVT_A", word: "OFF" }] }],
    });
    expect(status.devices[0]!.nodes).toEqual([{ node: ["1", "K"], epoch: 6, seconds: 2, facts: { serial: "P7" }, conditions: [] }]);
    expect(status.devices[0]!.counts).toEqual({ bytes: 100, frames: 9, framed: 90, discarded: 7, broken: 1, pending: 3 });
  });

  test("tells what became of each device's records, lane by lane, and the gateway's own under its id", () => {
    expect(status.traces).toEqual([
      { device: "gw-1", lanes: { event: { ...TOLD, unexplained: 0 }, report: { ...TOLD, unexplained: 0 } }, unexplained: 0 },
      { device: "nonin-1", lanes: { report: { ...TOLD, dropped: { spool_full: 2, too_long: 1 }, unexplained: 0 } }, unexplained: 0 },
    ]);
    const lost = { ...SNAPSHOT, deviceLedgers: () => ({ ...SNAPSHOT.deviceLedgers(), wave: new Map([["x", { ...TOLD, waiting: 1 }]]) }) };
    expect(statusOf(lost, NOW).traces.find(({ device }) => device === "x")).toMatchObject({
      unexplained: 3,
      lanes: { wave: { unexplained: 3 } },
    });
  });

  test("tells how long the room on flash lasts at the measured rate, once one is known and something comes", () => {
    const spool = (fillRate: number | undefined, used = MiB(4)) =>
      statusOf({ ...SNAPSHOT, spool: { ...SNAPSHOT.spool, fillRate, used } }, NOW).spool;
    expect(spool(1024)).toMatchObject({ sizeBytes: MiB(64), usedBytes: MiB(4), fillBytesPerSecond: 1024, roomHours: (60 * 1024) / 3600 });
    expect(spool(1024, MiB(70)).roomHours, "made smaller than what is used").toBe(0);
    expect(spool(0)).not.toHaveProperty("roomHours");
    expect(spool(undefined)).not.toHaveProperty("fillBytesPerSecond");
    const line = (rate: number | undefined, used?: Bytes) =>
      statusText({ ...status, spool: spool(rate, used) })
        .split("\n")
        .find((one) => one.startsWith("  spool "));
    expect(line(1024)).toMatch(/^ {2}spool {4}17 h at today's rate \(60\.0 MiB free\), window 250 ms/);
    expect(line(10_240)).toContain("1.7 h at today's rate");
    expect(line(undefined)).toContain("60.0 MiB free, its hours are not known yet");
    expect(line(0)).toContain("60.0 MiB free, and nothing comes");
  });

  test("is one line of JSON, nothing lost on the way", () => {
    const line = JSON.stringify(status);
    expect(line).not.toContain("\n");
    expect(JSON.parse(line)).toMatchObject({ run: "000000ff00000001", devices: [{ epoch: 4 }] });
  });

  test("never tells a next attempt in the past", () => {
    const late = statusOf(SNAPSHOT, after(NOW, Seconds(60)));
    expect(late.uplink.nextAttemptSeconds).toBe(0);
  });
});

describe("birth and death", () => {
  const birth = encodeBirth(SELF, {
    connection: 7,
    nonce: Uint8Array.of(1, 2, 3),
    clock: READING,
    sessions: SNAPSHOT.sessions,
    ports: SNAPSHOT.ports,
  });

  test("carry run and connection, so that a late will of an older connection is known as such", () => {
    for (const bytes of [birth, encodeDeath(SELF, 7, "lost")])
      expect(decodePresence(bytes)).toMatchObject({ gateway: "gw-1", run: SELF.run, connection: 7, startCount: 3 });
  });

  test("introduce each device with what is present, and each port with what is missing for it", () => {
    const presence = decodePresence(birth)!;
    if (presence.state.kind !== "birth") expect.fail("a birth");
    const { devices, ports } = presence.state.birth;
    expect(devices.slice(0, 1)).toMatchObject([
      { liveness: LIVENESS.streaming, device: { epoch: 4, device: "nonin-1" }, conditions: [{ refid: "MDC_EVT_A" }] },
    ]);
    expect(devices?.[0]?.conditions).toHaveLength(1);
    expect(ports).toMatchObject([{ location: "usb-1", reasons: ["no rule for location usb-1"] }]);
  });

  test("introduce each node below a port in its own epoch, behind the port's device", () => {
    const presence = decodePresence(birth)!;
    if (presence.state.kind !== "birth") expect.fail("a birth");
    expect(presence.state.birth.devices.slice(1)).toMatchObject([
      {
        liveness: LIVENESS.streaming,
        device: { epoch: 6, device: "nonin-1", node: ["1", "K"], identity: IDENTITY.protocol },
        facts: { serial: "P7" },
        location: "usb-1",
        sinceUs: Number(after(NOW, Seconds(-2)) / 1000n),
      },
    ]);
  });

  test("only a birth of this run gives its nonce back", () => {
    expect(nonceOf(birth, SELF.run)).toEqual(Uint8Array.of(1, 2, 3));
    expect(nonceOf(birth, SELF.run + 1n)).toBeUndefined();
    expect(nonceOf(encodeDeath(SELF, 7, "stopped"), SELF.run)).toBeUndefined();
    for (const bytes of [new Uint8Array(), Uint8Array.of(0xff), birth.subarray(0, 20)]) expect(nonceOf(bytes, SELF.run)).toBeUndefined();
  });

  test("name the boot by its 16 bytes", () => {
    expect(bootIdBytes(SELF.bootId)).toEqual(Uint8Array.of(0x3a, 0x1f, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 0xff));
    expect(bootIdBytes("")).toHaveLength(16);
    expect(bootIdBytes("no hex at all here")).toHaveLength(16);
  });
});
