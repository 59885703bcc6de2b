import { parseArgs } from "node:util";
import { DRIVERS, driverById } from "../../drivers/index.ts";
import { exampleOf } from "../../drivers/kit/emulator-fault-words.ts";
import { FAULT_TABLE } from "../../drivers/kit/emulator-faults.table.ts";
import { DEVICES } from "./devices.ts";
import { driverNew } from "./driver-new.ts";
import { driverTest } from "./driver-test.ts";
import { emulate } from "./emulate.ts";

/** What a driver's author runs. Alone it prints its verbs. */
const column = (word: string, width: number): string => word.padEnd(width);
const USAGE = `./build.sh dev VERB

  emulate DEVICE         a device on a pseudo-terminal: prints its path; what it sends, hears and does wrong goes to stderr
      --fault FAULTS     what it does wrong, for example  --fault garbage,unplug@10s+3s  (may be given more than once)
      --script FILE      faults, seed and device from a file: a line each
      --record FILE      writes such a file, so that this run can be had again
      --seed N           equal seeds give equal devices (1 where it is not given)
      --udp              philips-intellivue alone: on the network; prints its address on this machine
      --for TIME         ends by itself after 20s, 500ms or 2min; otherwise Ctrl-C ends it
  emulate FILE           a NAME.capture.jsonl as a device: its recorded pauses; exit code 1 where it is asked something else
      --speed N          times as fast as recorded
  driver-new NAME        a new driver that works, vendor-model: driver, emulator, README, a capture; then replace what it says
  driver-test DRIVER     every proof of one driver, with a line each; exit code 1 where one fails

devices
${Object.entries(DEVICES)
  .map(([name, { emulator, says }]) => `  ${column(name, 22)} ${says}${emulator.id === name ? "" : ` (driver ${emulator.id})`}`)
  .join("\n")}

faults: KIND@FROM+TIME:PARAMETERS, all but KIND may be missing
${FAULT_TABLE.map(({ kind, says }) => `  ${column(kind, 9)} ${column(exampleOf(kind), 26)} ${says}`).join("\n")}
`;

const text = { type: "string" } as const;
const OPTIONS = {
  ...{
    seed: text,
    script: text,
    record: text,
    for: text,
    speed: text,
    help: { type: "boolean" } as const,
    udp: { type: "boolean" } as const,
  },
  fault: { type: "string", multiple: true },
} as const;

/** The exit code, or what was not understood. */
async function dev(words: readonly string[]): Promise<number | string> {
  const { values, positionals } = parseArgs({ args: [...words], allowPositionals: true, options: OPTIONS });
  const [verb, what, ...more] = positionals;
  if (verb === undefined || values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (more.length > 0) return `"${more.join(" ")}" is too much`;
  const { fault = [], script, record, seed, speed, udp, help: _, for: time } = values;
  if (verb === "emulate") return emulate({ device: what, fault, script, record, seed, for: time, speed, udp });
  if (Object.keys(values).length > 0) return `--${Object.keys(values)[0]} belongs to emulate, not to ${verb}`;
  if (verb === "driver-new") return what === undefined ? "driver-new needs a name, for example  acme-spo2" : driverNew(what);
  if (verb !== "driver-test") return `there is no verb "${verb}"`;
  if (what !== undefined && driverById(what) !== undefined) return driverTest(what);
  return `driver-test takes one of ${DRIVERS.map(({ id }) => id).join(", ")}${what === undefined ? "" : `, not "${what}"`}`;
}

async function answer(): Promise<number | string> {
  try {
    return await dev(process.argv.slice(2));
  } catch (caught) {
    if (caught instanceof TypeError && "code" in caught && String(caught.code).startsWith("ERR_PARSE_ARGS")) return caught.message;
    process.stderr.write(`dev: ${caught instanceof Error ? caught.message : String(caught)}\n`);
    return 1;
  }
}

const answered = await answer();
if (typeof answered === "string") process.stderr.write(`dev: ${answered}\n\n${USAGE}`);
process.exit(typeof answered === "string" ? 2 : answered);
