import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeDisk } from "../../agent/effects/node/disk.ts";
import { nodeSeals } from "../../agent/effects/node/seals.ts";
import { Keyring } from "../../agent/spool/keyring.ts";
import { recoverSpool } from "../../agent/spool/recovery.ts";
import { LaneStore } from "../../agent/spool/store.ts";
import { blockBytes, entropyOf, nameOf } from "./fakes.ts";

/**
 * `node test/agent/backlog-memory.ts [MiB]`: what a backlog of this size costs a start in memory and time, beside an empty one.
 * Blocks are of some 1,600 bytes, as those of 20 oximeters in a window.
 */
const MIB = 1024 * 1024;
/** Commits are longer than a gateway's, so that this takes seconds. */
const TOGETHER = 100;
const SIZES = [0, Number(process.argv[2] ?? 200)];

for (const size of SIZES) {
  const folder = mkdtempSync(join(tmpdir(), "bedside-backlog-"));
  try {
    for (const name of ["spool", "run"]) mkdirSync(join(folder, name));
    const [disk, entropy, seals] = [nodeDisk(), entropyOf(1), nodeSeals()];
    const keyring = new Keyring({ disk, folder, entropy, seals });
    const store = new LaneStore({ disk, entropy, keyring }, join(folder, "spool"), "report");

    for (let number = 1; store.bytes < size * MIB; number += TOGETHER) {
      const numbers = Array.from({ length: TOGETHER }, (_, at) => number + at);
      await store.append(
        numbers.map((one) => ({ name: nameOf("report", one), bytes: blockOf(one), records: 3 })),
        () => false,
      );
    }
    await store.close();
    globalThis.gc?.();
    const before = process.memoryUsage.rss();
    const began = performance.now();
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss());
    }, 5);
    const { adopted } = await recoverSpool(
      { disk, entropy, seals },
      { stateDir: folder, runtimeDir: join(folder, "run") },
      { run: 9n, bootId: "b" },
    );
    clearInterval(watch);
    globalThis.gc?.();
    const mib = (bytes: number): string => (bytes / MIB).toFixed(1);
    process.stdout.write(
      `${size} MiB: ${adopted.report} records adopted in ${((performance.now() - began) / 1000).toFixed(1)} s; ` +
        `resident ${mib(before)} before, ${mib(most)} at most, ${mib(process.memoryUsage.rss())} after; heap ${mib(process.memoryUsage().heapUsed)} MiB\n`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function blockOf(number: number): Uint8Array {
  return blockBytes(
    nameOf("report", number),
    Array.from({ length: 15 }, (_, n) => n),
    1,
    "x".repeat(80),
  );
}
