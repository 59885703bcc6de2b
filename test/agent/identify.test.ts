import { describe, expect, test } from "vitest";
import type { Judged } from "../../agent/admission/rules.ts";
import { exitOf } from "../../agent/cli/exit.ts";
import { faultOf } from "../../agent/cli/identify-text.ts";
import type { Clock, OpenPort, Serial } from "../../agent/effects/effects.ts";
import { Fault } from "../../agent/fault/fault.ts";
import { ASK, LISTEN } from "../../agent/identify/hearing.ts";
import { Identify, QUIET_LINES } from "../../agent/identify/identify.ts";
import { triesFor } from "../../agent/identify/tries.ts";
import { Log } from "../../agent/log/log.ts";
import type { SessionView } from "../../agent/session/session.ts";
import { elapsed, Milliseconds } from "../../config/units.ts";
import { DRIVERS, driverById } from "../../drivers/index.ts";
import type { LineSettings } from "../../drivers/kit/driver.ts";
import type { AnyEmulator } from "../../drivers/kit/emulator.ts";
import { atLine, lineText } from "../../drivers/kit/line.ts";
import { DEVICES } from "../dev/devices.ts";
import { randomOf } from "../drivers/streams.ts";
import { StillClock, settle } from "./fakes.ts";

/** Time passes when somebody sleeps. */
class SleepingClock extends StillClock {
  override sleep = (async (time: number, _signal: AbortSignal): Promise<void> => {
    this.pass(time);
    await settle();
  }) as unknown as StillClock["sleep"];
}

type Device = { readonly emulator: AnyEmulator; readonly line: string } | "silent" | "noise";

/** A device that is set to one line: at every other it is noise, and hears noise. */
function plugged(device: Device, clock: SleepingClock) {
  const opened: string[] = [];
  const heard: { readonly line: string; readonly bytes: Uint8Array }[] = [];
  let open = 0;
  const random = randomOf(1);
  const serial: Serial = {
    open: async (_path: string, settings: LineSettings): Promise<OpenPort> => {
      const line = lineText(settings);
      opened.push(line);
      open += 1;
      const began = clock.now();
      const speaks = typeof device === "object" && device.line === line;
      let state = typeof device === "object" ? device.emulator.start(1) : undefined;
      let pending: Uint8Array[] = [];
      return {
        gone: false,
        read: () => {
          if (device === "silent") return new Uint8Array();
          if (device === "noise" || (typeof device === "object" && !speaks))
            return Uint8Array.from(random.bytes(20), (byte) => byte | 0x80);
          const turn = device.emulator.step(state, Buffer.concat(pending.splice(0)), Milliseconds(elapsed(began, clock.now())));
          state = turn.state;
          return Uint8Array.from(Buffer.concat(turn.sends.map(({ bytes }) => bytes)));
        },
        write: (bytes) => {
          heard.push({ line, bytes });
          pending = [...pending, bytes];
          return true;
        },
        close: async () => {
          open -= 1;
        },
      };
    },
  };
  return { serial, opened, heard, isOpen: () => open > 0 };
}

const PORT = { path: "/dev/ttyUSB0", location: "usb-1", hardware: true, facts: {} };
const ruled = (driver: string, line: string): Judged => ({
  port: PORT,
  verdict: { is: "allow", rule: 1, device: "dv-1", driver, line, socket: "bed-1", known: "socket" },
});

async function identified(device: Device, rule: Judged, phase: SessionView["phase"] = "proving") {
  const clock = new SleepingClock();
  const line = plugged(device, clock);
  const lent: string[] = [];
  const view = { port: PORT, phase, facts: { model: "840" }, counts: { bytes: 9, frames: 3 }, line: "9600 8N1" };
  const identify = new Identify({
    effects: { clock: clock as unknown as Clock, serial: line.serial },
    room: {
      sessions: () => [view as unknown as SessionView],
      lend: async (location) => void lent.push(`lend ${location}`),
      giveBack: (location) => void lent.push(`give back ${location}`),
    },
    drivers: DRIVERS,
    log: new Log({ log: () => undefined, clock }),
  });
  const begun = identify.begin(rule);
  while (identify.progress.concluded === undefined) await settle();
  await settle();
  return { begun, ...line, lent, ...identify.progress };
}
const LINES = new Set(DRIVERS.flatMap((driver) => [driver.line, ...(driver.otherLines ?? [])]).map(lineText)).size;

describe("identify", () => {
  test("finds a device that talks by itself, by another driver than the rule's, and gives the port back", async () => {
    const { concluded, tried, lent, heard, isOpen } = await identified(
      { emulator: DEVICES["masimo-ascii"]!.emulator, line: "9600 8N1" },
      ruled("nonin", "9600 8N1"),
    );
    expect(concluded).toMatchObject({ is: "found", driver: "masimo-ascii", line: "9600 8N1", asked: false, read: false, also: [] });
    expect(concluded).toHaveProperty("seen.facts.serial");
    expect([tried.length, lent, heard, isOpen()]).toEqual([1, ["lend usb-1", "give back usb-1"], [], false]);
  });

  test("finds at which speed a device is set that must be asked, and sends it nothing behind the proof", async () => {
    const { concluded, heard, tried } = await identified(
      { emulator: DEVICES["puritan-bennett-840"]!.emulator, line: "38400 8E1" },
      ruled("puritan-bennett-840", "9600 8N1"),
    );
    expect(concluded).toMatchObject({ is: "found", driver: "puritan-bennett-840", line: "38400 8E1", asked: true });
    expect(concluded).toHaveProperty("seen.facts.model");
    const sent = heard.filter(({ line }) => line === "38400 8E1").map(({ bytes }) => Buffer.from(bytes).toString());
    expect(sent).toEqual(["RSET\r", "SNDF\r"]);
    expect(tried.at(-1)).toMatchObject({ asked: "puritan-bennett-840" });
  });

  test("sends a rack of pumps its first question and no other: those behind it reset counters", async () => {
    const { concluded, heard } = await identified(
      { emulator: DEVICES["bbraun-bcc"]!.emulator, line: "9600 8N1" },
      ruled("bbraun-bcc", "9600 8N1"),
    );
    expect(concluded).toMatchObject({ is: "found", driver: "bbraun-bcc", asked: true });
    const alive = Buffer.from(driverById("bbraun-bcc")!.tx.alive!.encode({ stuffed: 0 })).toString("latin1");
    expect(heard.map(({ bytes }) => Buffer.from(bytes).toString("latin1"))).toEqual([alive]);
  });

  test("asks as nobody but the driver of the rule, and only where its first request is harmless", async () => {
    const other = await identified("noise", ruled("nonin", "9600 8N1"));
    expect([other.begun.asks, other.heard]).toEqual(["listens", []]);
    const monitor = await identified("silent", ruled("philips-intellivue", "115200 8N1"));
    expect([monitor.begun.asks, monitor.heard]).toEqual(["not_harmless", []]);
    const own = await identified("silent", ruled("draeger-medibus", "19200 8E1"));
    const mayBe = new Set(["ICC", "STOP"].map((name) => Buffer.from(driverById("draeger-medibus")!.tx[name]!.encode({})).toString("hex")));
    expect(own.heard.length).toBeGreaterThan(0);
    expect(own.heard.every(({ bytes }) => mayBe.has(Buffer.from(bytes).toString("hex")))).toBe(true);
  });

  test("does not go on listening to silence at every speed", async () => {
    const { concluded, tried } = await identified("silent", ruled("nonin", "9600 8N1"));
    expect([concluded, tried.length, tried.every(({ bytes }) => bytes === 0)]).toEqual([{ is: "silent" }, QUIET_LINES, true]);
    const monitor = await identified("silent", ruled("philips-intellivue", "115200 8N1"));
    const fault = faultOf(monitor.begun, monitor.tried, monitor.concluded!)!;
    expect([fault.number, exitOf(fault)]).toEqual(["BED-224", 5]);
    expect(fault.message).toContain("philips-intellivue waits to be asked, which only the session of its rule does");
  });

  test("listens at every line that any driver has where bytes come, each once, and tells what it heard", async () => {
    const { begun, concluded, tried, opened } = await identified("noise", ruled("nonin", "9600 8N1"));
    expect(concluded).toEqual({ is: "no_frame" });
    expect([opened.length, new Set(opened).size]).toEqual([LINES, LINES]);
    expect(tried.every(({ bytes }) => bytes > 0)).toBe(true);
    const fault = faultOf(begun, tried, concluded!)!;
    expect([fault.number, exitOf(fault)]).toEqual(["BED-225", 1]);
    expect(fault.message).toMatch(/^usb-1: \d+ bytes came at \d+ lines, and no frame of any driver held$/);
  });

  test("takes no longer than three minutes for any rule", () => {
    for (const driver of DRIVERS) {
      const tries = triesFor(DRIVERS, driver);
      const takes = tries.reduce((sum, { asks }) => sum + (asks ? ASK : LISTEN), 0);
      expect(takes / 1000, driver.id).toBeLessThanOrEqual(180);
      expect(tries[0]).toMatchObject({ asks: false, line: { speed: driver.line.speed, modemLines: "untouched" } });
    }
  });

  test("begins with the line of the rule", () => {
    const own = atLine(driverById("puritan-bennett-840")!, "2400 8O1")!;
    expect(lineText(triesFor(DRIVERS, own)[0]!.line)).toBe("2400 8O1");
    expect(lineText(triesFor(DRIVERS, own).find(({ asks }) => asks)!.line)).toBe("2400 8O1");
  });

  test("leaves a device alone that is read already: the session knows what it is", async () => {
    const { concluded, opened, lent } = await identified("silent", ruled("puritan-bennett-840", "9600 8N1"), "streaming");
    expect(concluded).toMatchObject({ is: "found", read: true, seen: { frames: 3, facts: { model: "840" } } });
    expect([opened, lent]).toEqual([[], []]);
  });

  test("opens no port that no rule allows", () => {
    const blocked: Judged = { port: PORT, verdict: { is: "block", reasons: ["no rule"] } };
    const identify = new Identify({ effects: {} as never, room: {} as never, drivers: DRIVERS, log: {} as never });
    expect(() => identify.begin(blocked)).toThrow(Fault);
    expect(() => identify.begin(blocked)).toThrow("No rule allows usb-1: no rule");
  });

  test("opens no second client to a device on a network: it tells what the session knows, or that nothing comes", async () => {
    const rule = ruled("philips-intellivue", "udp");
    await expect(identified("silent", rule)).rejects.toMatchObject({ key: "identify.on_network" });
    const { concluded, lent, opened } = await identified("silent", rule, "streaming");
    expect([concluded?.is, lent, opened]).toEqual(["found", [], []]);
  });

  test("tells why a port cannot be opened, and gives it back", async () => {
    const clock = new SleepingClock();
    const lent: string[] = [];
    const room = { sessions: () => [], lend: async () => void lent.push("lent"), giveBack: () => void lent.push("back") };
    const serial = { open: () => Promise.reject(new Fault("port.in_use", "minicom has it")) };
    const log = new Log({ log: () => undefined, clock });
    const identify = new Identify({ effects: { clock: clock as unknown as Clock, serial }, room, drivers: DRIVERS, log });
    identify.begin(ruled("nonin", "9600 8N1"));
    expect(() => identify.begin(ruled("nonin", "9600 8N1"))).toThrow(expect.objectContaining({ key: "identify.busy" }));
    while (identify.progress.concluded === undefined) await settle();
    await settle();
    expect(identify.progress.concluded).toMatchObject({ is: "failed", fault: { key: "port.in_use" } });
    expect(lent).toEqual(["lent", "back"]);
  });
});
