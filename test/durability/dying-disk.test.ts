import { mkdirSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type CrashDisk, must, openCrashDisk, whyNoCrashDisk } from "./crash-disk.ts";
import { endOf } from "./kills.ts";
import { openWard, type Place, type Ward } from "./ward.ts";

/** The packaged file on a real ext4 whose block device fails, and that fills up. What was read must come all the same, or be told. */

const TEST_MS = 240_000;
const missing = whyNoCrashDisk();
if (missing !== undefined) console.warn(`SKIPPED ALOUD: no real disk dies or fills up here: ${missing}`);

type Scene = { readonly ward: Ward; readonly place: Place; readonly disk: CrashDisk };

async function onRealDisk(gateway: string, play: (scene: Scene) => Promise<void>): Promise<void> {
  const ward = await openWard();
  let disk: CrashDisk | undefined;
  try {
    disk = await openCrashDisk();
    const place = await ward.open(gateway, { devices: 2 });
    const { stateDir } = place.room;
    mkdirSync(stateDir);
    disk.mount(stateDir);
    try {
      await play({ ward, place, disk });
    } finally {
      for (const one of place.lives()) await one.agent.stop();
      disk.unmount(stateDir);
    }
  } finally {
    await ward.stop();
    await disk?.stop();
  }
}

describe.skipIf(missing !== undefined).concurrent("a real ext4", () => {
  for (const fails of ["flushes", "writes"] as const)
    test(
      `that answers ${fails} with an input/output error is told, live goes on as volatile, and after a repair nothing is missing (R33, R35)`,
      () =>
        onRealDisk(`gw-eio-${fails}`, async ({ ward, place, disk }) => {
          const { room } = place;
          const first = place.start();
          await first.heard();
          ward.broker.pause();
          await room.statusWhere("readings go to flash", ({ spool }) => spool.flashBytes > 0);
          await disk.disk.ask(`fail ${fails}`, "fail");
          const told = await room.statusWhere("the disk is told", ({ faults }) => faults.some(({ scope }) => scope === "disk"));
          expect(told.spool.degraded).toBe(true);
          expect(told.faults.find(({ scope }) => scope === "disk")?.key).toMatch(/^disk\.(failed|read_only)$/);
          ward.broker.resume();
          const { ledger } = await room.statusWhere("it is on line", ({ uplink }) => uplink.phase === "online");
          await room.statusWhere("live goes on", (status) => status.ledger.report.delivered >= ledger.report.delivered + 6);
          await first.end("kill");
          await disk.disk.ask("fail nothing", "fail");
          disk.unmount(room.stateDir);
          disk.mount(room.stateDir);
          const verdict = await endOf(ward, [place]);
          console.info(`${fails}: ${JSON.stringify(verdict)}`);
          expect(verdict).toMatchObject({ lost: 0, invented: 0, conflicting: 0, disordered: 0, unexplained: 0, broken: 0 });
          expect(verdict.volatile).toBeGreaterThan(0);
        }),
      TEST_MS,
    );

  test(
    "that has no room, or room for a part of a file, or of two, loses nothing that was read, and is used again when it has (R33, R35)",
    () =>
      onRealDisk("gw-full", async ({ ward, place }) => {
        const { room } = place;
        const first = place.start();
        await first.heard();
        for (const leave of [0, 600, 1500]) {
          ward.broker.pause();
          const before = (await room.statusWhere("a status", () => true)).ledger.report.made;
          fill(room.stateDir, leave);
          await room.statusWhere(`${leave} KiB are left`, ({ ledger }) => ledger.report.made >= before + 8);
          if (leave === 0) {
            const full = await room.statusWhere("it is full", ({ faults }) => faults.some(({ key }) => key === "disk.full"));
            expect(full.spool.degraded).toBe(true);
          }
          must("rm", [join(room.stateDir, "ballast")]);
          await room.statusWhere(
            "it is used again",
            ({ faults, spool }) => !spool.degraded && !faults.some(({ scope }) => scope === "disk"),
          );
          ward.broker.resume();
          await room.statusWhere("what waited is delivered", ({ ledger }) => ledger.report.waiting < 6 && ledger.report.delivered > before);
        }
        await first.end("kill");
        const verdict = await endOf(ward, [place]);
        console.info(`full: ${JSON.stringify(verdict)}`);
        expect(verdict).toMatchObject({ clean: true, lost: 0, invented: 0, conflicting: 0, unexplained: 0, gaps: {} });
      }),
    TEST_MS,
  );
});

/** Leaves so many KiB. */
function fill(folder: string, leave: number): void {
  const { bavail, bsize } = statfsSync(folder);
  must("fallocate", ["-l", `${Math.max(4, Math.floor((bavail * bsize) / 1024) - leave)}KiB`, join(folder, "ballast")]);
}
