import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { RUN_END } from "../../proto/messages.ts";
import { amongMountsOf, DEVICE, seenBy, smallDiskRoom } from "./disk-room.ts";
import { expectTold, hasFault } from "./errors.ts";
import { eventsOf, expectEveryUnit, holes, reportsOf } from "./told.ts";

/** The packaged agent on real small file systems: full, read-only, without a place for one more file. */

const TEST_MS = 60_000;
/** R33 gives a second from the refusal. Before it lie the device's own second and a commit window; a loaded machine takes its time. */
const TOLD_WITHIN_MS = 3_000;
const FILL = "dd if=/dev/zero of=ballast bs=4k status=none || true";
const good = { unexplained: 0, faults: [], spool: { degraded: false } };

describe.concurrent("a disk that is", () => {
  test(
    "full at the start costs no live reading, is told, and is used by itself when there is room again (R33)",
    async (t) => {
      const rig = await smallDiskRoom(t, { mount: "size=8M,mode=700" });
      if (rig === undefined) return t.skip();
      const { room, central, start, inARow, seen } = rig;
      const agent = start(FILL);
      const status = await expectTold(
        { room, agent },
        { key: "disk.full", scope: "disk", says: /No space left for \S+state\S* \(ENOSPC\)$/ },
      );
      expect(status.spool.degraded).toBe(true);
      await inARow(4, "volatile");
      rmSync(seen(agent, "ballast"));
      expect(await room.statusWhere("the disk is used again", ({ faults }) => faults.length === 0)).toMatchObject(good);
      await inARow(4, "kept");
      expect(existsSync(seen(agent, "run.json"))).toBe(true);
      expect((await agent.terminate()).code).toBe(0);
      expect(holes(central)).toEqual([]);
      // A device that a loaded machine plays too slowly is told, too.
      const told = eventsOf(central, "fault").filter(({ event }) => event.fault.key.startsWith("disk."));
      expect(told.map(({ event }) => [event.fault.key, event.fault.ended ?? false])).toEqual([
        ["disk.full", false],
        ["disk.full", true],
      ]);
    },
    TEST_MS,
  );

  test(
    "full while it runs is told within seconds, keeps what the rings hold, and delivers all when broker and room come back (R33)",
    async (t) => {
      const rig = await smallDiskRoom(t, { mount: "size=8M,mode=700" });
      if (rig === undefined) return t.skip();
      const { room, broker, central, device, start, seen } = rig;
      const agent = start();
      await room.until("readings come", () => reportsOf(central, DEVICE).length >= 3);
      writeFileSync(seen(agent, "filler"), "");
      amongMountsOf(agent, ["sh", "-c", `cd ${room.stateDir}; ${FILL}`]);
      // From here on what is made must go to flash, and the first commit is refused: at the latest one commit window later.
      broker.pause();
      const refusedFrom = performance.now();
      await room.until("the log tells it", () => agent.log().includes("    disk.full\n"));
      const toldAfterMs = performance.now() - refusedFrom;
      console.info(`A full disk was told ${Math.round(toldAfterMs)} ms after the broker fell silent.`);
      expect(toldAfterMs, "the exact second is held on the virtual clock, by the tests of the spool").toBeLessThan(TOLD_WITHIN_MS);
      const told = await room.statusWhere("it is told", hasFault("disk.full"));
      expect(told.spool.degraded).toBe(true);
      const { ledger } = await room.statusWhere("it goes on", () => true);
      const made = ledger.report.made;
      const during = await room.statusWhere("readings wait in the rings", (status) => status.ledger.report.made >= made + 5);
      expect(during).toMatchObject({ unexplained: 0, spool: { degraded: true } });
      rmSync(seen(agent, "ballast"));
      await room.statusWhere(
        "they are on flash",
        ({ faults, spool }) => !faults.some(({ scope }) => scope === "disk") && spool.flashBytes > 0,
      );
      broker.resume();
      const end = await room.statusWhere(
        "all is delivered",
        (now) => Object.values(now.ledger).every(({ waiting }) => waiting < 5) && now.faults.length === 0,
      );
      expect(end).toMatchObject(good);
      expect(end.ledger.report.dropped).toBe(0);
      expect((await agent.terminate()).code).toBe(0);
      expectEveryUnit(central, { device: DEVICE, ledger: device.ledger });
    },
    TEST_MS,
  );

  test(
    "too small for a single file of the spool is told for ever, and the run is written down all the same (R33)",
    async (t) => {
      const rig = await smallDiskRoom(t, { mount: "size=1M,mode=700" });
      if (rig === undefined) return t.skip();
      const { room, broker, start, inARow, seen } = rig;
      const agent = start();
      broker.pause();
      await expectTold({ room, agent }, { key: "disk.full", scope: "disk", says: /No space left for \S+\.seg \(ENOSPC\)$/ });
      broker.resume();
      await inARow(4, "volatile");
      expect(
        readdirSync(seen(agent, "spool")).filter((name) => name.endsWith(".seg")),
        "what was begun is removed",
      ).toHaveLength(0);
      expect(existsSync(seen(agent, "run.json"))).toBe(true);
      expect((await agent.terminate()).code).toBe(0);
    },
    TEST_MS,
  );

  test(
    "without a place for one more file says so, since it looks empty (R33)",
    async (t) => {
      const rig = await smallDiskRoom(t, { mount: "size=8M,nr_inodes=3,mode=700" });
      if (rig === undefined) return t.skip();
      const { room, start, inARow } = rig;
      const agent = start("touch other-program");
      await expectTold(
        { room, agent },
        { key: "disk.full", scope: "disk", says: /^No more files fit on the disk of \S+: it has too many small ones \(ENOSPC\)$/ },
      );
      await inARow(4, "volatile");
      expect((await agent.terminate()).code).toBe(0);
    },
    TEST_MS,
  );

  test(
    "read-only at the start delivers live; writable again it keeps again, reads what lay there, and tells how the run before ended (R33, R35)",
    async (t) => {
      const rig = await smallDiskRoom(t, { mount: "size=8M,mode=700" });
      if (rig === undefined) return t.skip();
      const { room, broker, central, start, inARow, seen } = rig;
      // A run that leaves something on flash, since its broker says nothing.
      const first = start();
      await room.until("readings come", () => reportsOf(central, DEVICE).length >= 2);
      broker.pause();
      const left = await room.statusWhere("something is on flash", ({ spool }) => spool.flashBytes > 2000);
      const saved = room.at("saved");
      amongMountsOf(first, ["cp", "-a", room.stateDir, saved]);
      await first.kill();
      broker.resume();
      const agent = start(`cp -a ${saved}/. .`, "ro,size=8M,mode=700");
      const status = await expectTold({ room, agent }, { key: "disk.read_only", scope: "disk", says: /is on a read-only disk \(EROFS\)$/ });
      expect(status.faults.map(({ scope, key }) => [scope, key])).toEqual(expect.arrayContaining([["backlog", "disk.read_only"]]));
      expect(status).toMatchObject({ unexplained: 0, spool: { degraded: true } });
      await inARow(4, "volatile");
      amongMountsOf(agent, ["mount", "-o", "remount,rw", room.stateDir]);
      const again = await room.statusWhere("it is used again", ({ faults, ledger }) => faults.length === 0 && ledger.report.adopted > 0);
      expect(again).toMatchObject({ ...good, start: 2 });
      await room.statusWhere("what lay there is delivered", ({ ledger }) => ledger.report.delivered > ledger.report.adopted);
      expect(existsSync(seen(agent, "run.json"))).toBe(true);
      const ended = await room
        .until("the end of the first run is told", () => eventsOf(central, "runEnded").length > 0)
        .then(() => eventsOf(central, "runEnded"));
      expect(ended.map(({ event }) => [event.runEnded.run.toString(16).padStart(16, "0"), event.runEnded.how])).toEqual([
        [left.run, RUN_END.killed],
      ]);
      expect((await agent.terminate()).code).toBe(0);
      expect(holes(central)).toEqual([]);
    },
    TEST_MS,
  );

  test(
    "read-only from some moment on lets live go on, and is used by itself when it is writable again (R33)",
    async (t) => {
      // Reports must have no file yet when the disk is hidden: they come on line only, and their answers within this window.
      const rig = await smallDiskRoom(t, { mount: "size=8M,mode=700", more: "window: 4s" });
      if (rig === undefined) return t.skip();
      const { room, broker, central, device, start, inARow } = rig;
      device.pause();
      const agent = start();
      await room.statusWhere("it is on line", ({ uplink }) => uplink.phase === "online");
      device.resume();
      await room.until("readings come", () => reportsOf(central, DEVICE).length >= 2);
      // What is open stays writable: a file system cannot be made read-only under an open file, but another one can hide it.
      const hide = `mount -t tmpfs -o mode=700 none ${room.stateDir}; mkdir ${room.stateDir}/spool; mount -o remount,ro ${room.stateDir}`;
      amongMountsOf(agent, ["sh", "-ec", hide]);
      broker.pause();
      await expectTold({ room, agent }, { key: "disk.read_only", scope: "disk", says: /is on a read-only disk \(EROFS\)$/ });
      broker.resume();
      await room.statusWhere("the broker is back", ({ uplink }) => uplink.phase === "online");
      await inARow(4, "volatile");
      amongMountsOf(agent, ["umount", room.stateDir]);
      expect(await room.statusWhere("it is used again", ({ faults }) => faults.length === 0)).toMatchObject(good);
      await inARow(4, "kept");
      expect(seenBy(agent, "/")).toBeDefined();
      expect((await agent.terminate()).code).toBe(0);
      expect(holes(central)).toEqual([]);
    },
    TEST_MS,
  );
});
