import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Emulator } from "../../drivers/kit/emulator.ts";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { pb840Emulator, puritanBennett840Emulator } from "../../drivers/puritan-bennett-840/emulator.ts";
import { startEmulatedDevice } from "../support/emulated-device.ts";

/** What a driver's author runs. Alone it prints its verbs. */
const USAGE = `./build.sh dev VERB

  emulate DEVICE [--seed N]   a device on a pseudo-terminal: prints its path, and hex of what it sends and hears; Ctrl-C ends it
                              devices: nonin, puritan-bennett-840, puritan-bennett-980 (read by puritan-bennett-840)
`;

const DEVICES: Readonly<Record<string, Emulator<unknown>>> = {
  nonin: noninEmulator as Emulator<unknown>,
  "puritan-bennett-840": puritanBennett840Emulator as Emulator<unknown>,
  "puritan-bennett-980": pb840Emulator({ model: "980", speed: 9600 }) as Emulator<unknown>,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: "string", default: "1" }, help: { type: "boolean" } },
});
const [verb, what] = positionals;
if (verb === undefined || values.help === true) process.stdout.write(USAGE);
else if (verb === "emulate" && what !== undefined && DEVICES[what] !== undefined) await emulate(DEVICES[what], Number(values.seed));
else {
  process.stderr.write(`${positionals.join(" ")} was not understood\n\n${USAGE}`);
  process.exitCode = 2;
}

async function emulate(emulator: Emulator<unknown>, seed: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "bedside-emulate-"));
  const device = await startEmulatedDevice({
    emulator,
    seed,
    link: join(folder, emulator.id),
    onSent: (bytes) => process.stderr.write(`→ ${Buffer.from(bytes).toString("hex")}\n`),
    onHeard: (bytes) => process.stderr.write(`← ${Buffer.from(bytes).toString("hex")}\n`),
  });
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  process.stdout.write(`${device.path}\n`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      void device.stop().then(() => process.exit(0));
    });
  }
}
