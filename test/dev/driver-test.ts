import { driverById } from "../../drivers/index.ts";
import { proofsOf } from "../drivers/proofs.ts";
import { devicesOf } from "./devices.ts";

/** `./build.sh dev driver-test DRIVER`: every proof of one driver, with a line each. Answers with the exit code. */
export function driverTest(id: string): number {
  const driver = driverById(id)!;
  const { proofs, left } = proofsOf(driver);
  const devices = devicesOf(id).map(([name]) => name);
  say(`driver ${id}, grade ${driver.grade}; emulated devices: ${devices.join(", ") || "none"}`);
  let failed = 0;
  for (const { name, run } of proofs) {
    const wrong = failureOf(run);
    say(`  ${wrong === undefined ? "ok    " : "FAILED"}  ${name}`);
    if (wrong === undefined) continue;
    failed += 1;
    for (const line of wrong) say(`            ${line}`);
  }
  for (const one of left) say(`  NOT ASKED  ${one}`);
  say(failed === 0 ? `All ${proofs.length} proofs hold.` : `${failed} of ${proofs.length} proofs FAILED.`);
  return failed === 0 ? 0 : 1;
}

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const LINES_MAX = 12;
const COLUMNS_MAX = 300;
/** What went wrong, seed first; a driver that throws is told with the place where it did. */
function failureOf(run: () => void): readonly string[] | undefined {
  try {
    run();
    return undefined;
  } catch (caught) {
    const error = caught instanceof Error ? caught : new Error(String(caught));
    const place = /\(?(?:[^()\s]*\/)?(drivers\/(?!kit\/)[^()\s/]+\/[^()\s]*\.ts:\d+)/.exec(
      (error.cause instanceof Error ? error.cause : error).stack ?? "",
    )?.[1];
    const lines = error.message.split("\n").filter((line) => line.trim() !== "");
    const told = lines.slice(0, LINES_MAX).map((line) => line.slice(0, COLUMNS_MAX));
    return place === undefined ? told : [...told, `at ${place}`];
  }
}
