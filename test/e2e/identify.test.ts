import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { masimoAsciiEmulator } from "../../drivers/masimo-ascii/emulator.ts";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { puritanBennett840Emulator } from "../../drivers/puritan-bennett-840/emulator.ts";
import { type Bed, type Ended, openRoom, type Room } from "../support/agent.ts";
import { startEmulatedDevice, startRaw } from "../support/emulated-device.ts";
import { openPtyLine } from "../support/pty-line.ts";

/** A technician asks the packaged agent what is plugged in. */

const TEST_MS = 60_000;
let room: Room;

beforeAll(async () => {
  room = openRoom();
  const beds: Bed[] = [];
  const bed = (name: string, driver: string): void => void beds.push({ path: room.at(name), location: name, device: `dv-${name}`, driver });
  room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 1, link: room.at("oximeter") }));
  bed("oximeter", "nonin");
  room.keep(await startEmulatedDevice({ emulator: masimoAsciiEmulator, seed: 1, link: room.at("mistaken") }));
  bed("mistaken", "nonin");
  room.keep(await startEmulatedDevice({ emulator: puritanBennett840Emulator, seed: 1, link: room.at("ventilator") }));
  bed("ventilator", "puritan-bennett-840");
  room.keep(await startRaw({ link: room.at("mute") }));
  bed("mute", "nonin");
  const unlisted = room.keep(await openPtyLine({ link: room.at("unlisted"), heard: () => undefined }));
  room.configure({ port: 1, beds, unlisted: [{ path: unlisted.path, location: "unlisted" }] });
  room.start();
  await room.statusWhere("both speak that can", ({ devices }) => devices.filter(({ phase }) => phase === "streaming").length === 2);
}, TEST_MS);
afterAll(() => room.stop(), TEST_MS);

const identify = (...words: readonly string[]): Promise<Ended> => room.bedside(["identify", ...words, "--runtime-dir", room.runtimeDir]);

describe("bedside identify", () => {
  test(
    "says what is plugged in where the rule names another device, why, and what to ask for; the port is given back",
    async () => {
      const { code, out } = await identify("dv-mistaken");
      expect(code, out).toBe(0);
      expect(out).toMatch(/^mistaken {3}\S+ {3}the rule says dv-mistaken, nonin at 9600 8N1\n {2}listens at each speed; asks nothing$/m);
      expect(out).toMatch(/^ {2}9600 8N1 +\d+ bytes {3}masimo-ascii: \d+ frames hold, \d+ in a row of 2 asked for/m);
      expect(out).toMatch(/^ {2}this is +Masimo Rad-5, Rad-8 and Radical-7, output ASCII 1 {3}\(driver masimo-ascii, 9600 8N1\)$/m);
      expect(out).toMatch(/^ {2}serial +\d+ {3}\(told by the device\)$/m);
      expect(out).toMatch(
        /^ {2}do +the rule says nonin at 9600 8N1: ask biomedical engineering for {2}driver: masimo-ascii, line: 9600 8N1$/m,
      );
      await room.statusWhere("the rule's driver tries again", ({ devices }) =>
        devices.some(({ device, phase }) => device === "dv-mistaken" && phase === "proving"),
      );
    },
    TEST_MS,
  );

  test(
    "does not disturb a device that is read: no attachment ends",
    async () => {
      const before = (await room.status())!.devices.find(({ device }) => device === "dv-ventilator")!;
      const { code, out } = await identify("ventilator", "--json");
      expect(code, out).toBe(0);
      const told = JSON.parse(out) as { tried: unknown[]; concluded: { read: boolean; seen: { facts: object } } };
      expect(told).toMatchObject({ tried: [], concluded: { is: "found", driver: "puritan-bennett-840", read: true } });
      expect(told.concluded.seen.facts).toEqual(before.facts);
      const after = (await room.status())!.devices.find(({ device }) => device === "dv-ventilator")!;
      expect([after.phase, after.epoch]).toEqual(["streaming", before.epoch]);
    },
    TEST_MS,
  );

  test(
    "says that nothing comes, with what to look at, and ends with 5",
    async () => {
      const { code, out } = await identify("mute");
      expect(code, out).toBe(5);
      expect(out).toMatch(
        /^BED-224 {2}mute: silence at 3 lines {4}identify\.silent\n {2}likely {3}device off.*straight cable.*\n {2}do {7}check/m,
      );
    },
    TEST_MS,
  );

  test(
    "opens nothing without a rule, and says so where no agent runs",
    async () => {
      expect(await identify("unlisted")).toMatchObject({ code: 3, err: expect.stringContaining("BED-209") });
      expect(await identify("nothing")).toMatchObject({ code: 2, err: expect.stringContaining("BED-208") });
      expect(await room.bedside(["identify"])).toMatchObject({ code: 2, err: expect.stringContaining("identify wants a PORT") });
      const elsewhere = await room.bedside(["identify", "mute", "--runtime-dir", room.at("nowhere")]);
      expect(elsewhere).toMatchObject({ code: 4, err: expect.stringContaining("BED-504") });
    },
    TEST_MS,
  );
});
