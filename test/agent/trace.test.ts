import { describe, expect, test } from "vitest";
import { traceOf, traceRow, traceText, verdictOn } from "../../agent/cli/trace.ts";
import { Fault } from "../../agent/fault/fault.ts";
import type { Status } from "../../agent/health/snapshot.ts";

const LANE = { made: 100, adopted: 5, delivered: 90, waiting: 12, dropped: { spool_full: 3 }, unexplained: 0 };
const GOOD = { device: "dv-1", lanes: { report: LANE, wave: { ...LANE, dropped: {}, waiting: 15 } }, unexplained: 0 };
const LOST = { ...GOOD, lanes: { report: { ...LANE, unexplained: 2 }, wave: { ...LANE, unexplained: -1 } }, unexplained: 1 };
const SESSION = {
  device: "dv-1",
  driver: "nonin",
  location: "usb-1",
  phase: "streaming",
  seconds: 40,
  counts: { bytes: 500, frames: 99, framed: 495, discarded: 4, broken: 0, pending: 1 },
};
const STATUS = {
  gateway: "gw-1",
  run: "00ff",
  uptimeSeconds: 61,
  uplink: { phase: "offline", because: "uplink.closed" },
  devices: [SESSION, { ...SESSION, device: "dv-quiet", phase: "proving" }],
  traces: [GOOD, { device: "gw-1", lanes: { event: LANE }, unexplained: 0 }, { device: "dv-gone", lanes: {}, unexplained: 0 }],
} as unknown as Status;

describe("trace", () => {
  test("tells the ledger of a device in words: made, adopted, delivered, waiting, dropped and why", () => {
    const text = traceText(STATUS, traceOf(STATUS, "dv-1"), undefined);
    expect(text).toMatch(/^dv-1 {3}streaming for 40 s at usb-1 {3}nonin\n {2}since {4}the agent's start 61 s ago \(run 00ff\)/);
    expect(text).toContain(
      "  port     500 B in: 99 frames of 495 B, 4 B discarded, 1 B pending\n  uplink   offline, because uplink.closed\n",
    );
    expect(text).toMatch(/^STREAM +MADE +ADOPTED +DELIVERED +WAITING +DROPPED +UNEXPLAINED$/m);
    expect(text).toMatch(/^report +100 +5 +90 +12 +3 +0$/m);
    expect(text).toMatch(/^wave +100 +5 +90 +15 +0 +0$/m);
    expect(text).toMatch(/^ {2}dropped {2}3 reports: the room on flash was full/m);
    expect(text).toMatch(/^unexplained: 0; .*\n$/m);
  });

  test("knows a device of which nothing came, one that is gone, and the gateway itself", () => {
    expect(traceText(STATUS, traceOf(STATUS, "dv-quiet"), undefined)).toContain("Nothing has come of it");
    expect(traceText(STATUS, traceOf(STATUS, "dv-gone"), undefined)).toMatch(/^dv-gone {3}not here now\n/);
    expect(traceText(STATUS, traceOf(STATUS, "gw-1"), undefined)).toMatch(/^gw-1 {3}what the gateway says of itself\n/);
  });

  test("does not know another one, and names the nearest (BED-512)", () => {
    const refusal = (word: string): Fault => {
      try {
        traceOf(STATUS, word);
      } catch (caught) {
        if (caught instanceof Fault) return caught;
        throw caught;
      }
      return expect.fail(`known: ${word}`);
    };
    expect(refusal("dv-gon")).toMatchObject({
      key: "device.unknown",
      message: 'The agent knows no device "dv-gon"; did you mean "dv-gone"?',
    });
    expect(refusal("\u001b[2J").message).toContain('"\\u001b[2J"');
  });

  test("is BED-415 where records are neither here nor there, whichever way", () => {
    expect(verdictOn(GOOD)).toBeUndefined();
    const fault = verdictOn(LOST)!;
    expect(fault).toMatchObject({
      key: "ledger.unexplained",
      message: "Records of dv-1 are unexplained: 2 reports missing, 1 wave too many",
    });
    expect(traceText(STATUS, LOST, fault)).toMatch(/\nBED-415 .*\n {2}likely .*\n {2}do .*\n$/);
    expect(traceRow(STATUS, LOST, fault)).toMatchObject({
      ok: false,
      device: "dv-1",
      unexplained: 1,
      phase: "streaming",
      fault: { number: "BED-415" },
    });
    expect(traceRow(STATUS, GOOD, undefined)).toMatchObject({ ok: true, run: "00ff", port: { frames: 99 }, lanes: { report: LANE } });
  });
});
