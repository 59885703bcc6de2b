import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { expect, onTestFinished, test } from "vitest";
import { PAGE_MAX } from "../../config/package/needs.table.ts";
import { productVersion } from "../../config/package/target.ts";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { RUN_END } from "../../proto/messages.ts";
import { expectMade, leave, UNREAD_NS } from "../e2e/leaving.ts";
import { roomFor } from "../e2e/room.ts";
import { eventsOf, expectAllUpTo, expectEveryUnit, holes, reportsOf } from "../e2e/told.ts";
import { start } from "../package/agent-process.ts";
import type { Room } from "../support/agent.ts";
import type { Central } from "../support/central.ts";
import { startEmulatedDevice } from "../support/emulated-device.ts";
import { arm64Command, copyThatClaimsAlignment, emulated } from "./machine.ts";

/** The file for ARM64, on such a machine by itself and on another under qemu: the same tests. */
if (!emulated) process.stderr.write("SKIPPED: memory pages of 16 and 64 KiB; this machine has its own and qemu is not used\n");

/** Under qemu everything takes some ten times as long. */
const WITHIN_MS = 60_000;
const DEVICE = "dv-1";
/** Of a Raspberry Pi 5. */
const PAGE = 16_384;

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "bedside-arm64-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

test(
  "the ARM64 file says its version",
  async () => {
    const running = start([...arm64Command(), "version", "--json"]);
    expect(await running.ended, running.output()).toBe(0);
    expect(JSON.parse(running.output())).toMatchObject({ version: productVersion() });
  },
  WITHIN_MS,
);

test.skipIf(!emulated).each([PAGE, PAGE_MAX.arm64])(
  "the ARM64 file runs where memory has pages of %i bytes",
  async (page) => {
    const file = await copyThatClaimsAlignment(join(folder(), "bedside"));
    const running = start([...arm64Command({ file, page, words: ["-E", "LD_SHOW_AUXV=1"] }), "version"]);
    expect(await running.ended, running.output()).toBe(0);
    expect(running.output(), "the program was told so").toMatch(new RegExp(`^AT_PAGESZ: +${page}$`, "m"));
    expect(running.output()).toMatch(new RegExp(`^bedside ${productVersion()} .*arm64`, "m"));
  },
  WITHIN_MS,
);

test(
  "the ARM64 file delivers over MQTT 5 and mutual TLS 1.3, and killed without a broker, with records in memory and on flash, delivers those too",
  async (t) => {
    const room = roomFor(t);
    const broker = await room.startBroker();
    const central = await room.openCentral(broker.port);
    const device = room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 7, link: room.at("port") }));
    room.configure({ port: broker.port, beds: [{ path: device.path, location: "b", device: DEVICE, driver: "nonin" }], more: WINDOW });
    const agent = room.start({ program: arm64Command() });
    await freshReports(room, central);

    await broker.stop();
    const { ledger } = await room.statusWhere(
      "records wait in memory and on flash",
      ({ spool, ledger: { report } }) => spool.flashBytes > 0 && spool.ringBytes > 0 && report.waiting >= WAITING,
      WITHIN_MS,
    );
    const kill = await leave(room, async () => expect((await agent.kill()).code).toBe("SIGKILL"));

    await room.startBroker(broker.port);
    // Under qemu the second one has larger pages than the first: add-on, serial port, ring and delivery are tried with both.
    const second = emulated ? arm64Command({ file: await copyThatClaimsAlignment(room.at("bedside")), page: PAGE }) : arm64Command();
    const again = room.start({ program: second });
    const isSettled = async (): Promise<boolean> => {
      const status = await room.status();
      return status !== undefined && Object.values(status.ledger).every(({ adopted, delivered }) => delivered >= adopted);
    };
    await room.until("everything of before is delivered", isSettled, WITHIN_MS);
    await freshReports(room, central);
    const status = await room.statusWhere("a last status", () => true, WITHIN_MS);
    expect(status).toMatchObject({ start: 2, unexplained: 0 });
    expect(status.ledger.report.adopted).toBeGreaterThanOrEqual(ledger.report.waiting);
    expect((await again.terminate()).code).toBe(0);

    const ended = eventsOf(central, "runEnded");
    expect(ended.map(({ event }) => event.runEnded.how)).toEqual([RUN_END.killed]);
    expectAllUpTo(central, ended[0]!.event.runEnded.run, ended[0]!.event.runEnded.last);
    expectMade(central, [kill]);
    const held = holdings(central, kill.before);
    const excused = ({ firstByteAt, lastByteAt }: { firstByteAt: bigint; lastByteAt: bigint }): boolean =>
      !held.some(({ from, to }) => firstByteAt >= from && lastByteAt <= to - UNREAD_NS);
    expect(expectEveryUnit(central, { device: DEVICE, ledger: device.ledger, excused })).toBeGreaterThanOrEqual(2 * REPORTS + WAITING);
    expect(holes(central)).toEqual([]);
    expect(central.broken).toEqual([]);
    expect(eventsOf(central, "gap")).toEqual([]);
  },
  4 * WITHIN_MS,
);
/** Memory nearly always holds something, and what waits is more than comes within it: flash holds the rest. */
const WINDOW = "window: 2s";
const WAITING = 9;
const REPORTS = 4;

function freshReports(room: Room, central: Central): Promise<void> {
  const before = central.records.length;
  const fresh = (): number =>
    reportsOf(central, DEVICE).filter((report) => report.body.observations.length > 0 && central.records.indexOf(report) >= before).length;
  return room.until(`${REPORTS} more packets came`, () => fresh() >= REPORTS, WITHIN_MS);
}

/** From when to when the agents held the port. They let go at the kill and at the end; a busy qemu makes the driver seem stuck besides. */
function holdings(central: Central, killed: bigint): readonly { readonly from: bigint; readonly to: bigint }[] {
  const ends = eventsOf(central, "epochEnded", DEVICE);
  const held = eventsOf(central, "epochBegan", DEVICE).map(({ record: { run, epoch, at } }) => {
    const end = ends.find(({ record }) => record.run === run && record.epoch === epoch);
    return { from: at, to: end?.record.at ?? killed };
  });
  if (emulated && held.length > 2) process.stderr.write(`NOTE: the port was let go ${held.length - 2} times more, since qemu was slow\n`);
  else expect(held).toHaveLength(2);
  expect(ends.map(({ event }) => event.epochEnded.reason).filter((reason) => reason !== "quarantined")).toEqual(["stopped"]);
  return held;
}
