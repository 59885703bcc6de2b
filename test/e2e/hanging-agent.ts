import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { readDocumentFiles } from "../../agent/cli/document-files.ts";
import type { Effects } from "../../agent/effects/effects.ts";
import { nodeBroker } from "../../agent/effects/node/broker.ts";
import { nodeClock } from "../../agent/effects/node/clock.ts";
import { nodeControl } from "../../agent/effects/node/control.ts";
import { nodeDisk } from "../../agent/effects/node/disk.ts";
import { nodeEntropy } from "../../agent/effects/node/entropy.ts";
import { nodeHost } from "../../agent/effects/node/host.ts";
import { nodePorts } from "../../agent/effects/node/ports.ts";
import { nodeProcess } from "../../agent/effects/node/process.ts";
import { nodeSeals } from "../../agent/effects/node/seals.ts";
import { nodeSerial } from "../../agent/effects/node/serial.ts";
import { nodeSignatures } from "../../agent/effects/node/signatures.ts";
import { fileVault } from "../../agent/effects/node/vault.ts";
import { nodeWatchdog } from "../../agent/effects/node/watchdog.ts";
import { runAgent } from "../../agent/main.ts";
import { readFileSettings } from "../../config/schema.ts";
import { Seconds, type Wall } from "../../config/units.ts";
import { DRIVERS } from "../../drivers/index.ts";
import { driver } from "../../drivers/kit/driver.ts";
import { numeric } from "../../drivers/kit/reading.ts";

/** The agent on the real world, with one driver more than what is shipped: it does not return from a frame that holds an "x". */

const PULSE = numeric("MDC_PULS_OXIM_PULS_RATE", "MDC_DIM_BEAT_PER_MIN");
const HANGS = 0x78;

const neverReturns = driver({
  id: "never-returns",
  device: "never-returns",
  grade: "document",
  line: { speed: 9600, format: "8N1", modemLines: "untouched" },
  quiet: Seconds(3),
  proof: 1,
  frame: { fixed: { start: 0x02, length: 3, accepts: (bytes) => bytes[2] === 0x03 } },
  metrics: [PULSE],
  tx: {},
  memory: 0,
  decode: (bytes, memory) => {
    let turns = 0;
    while (bytes[1] === HANGS) turns += 1;
    return { readings: [{ told: "number", metric: PULSE, value: { mantissa: BigInt(bytes[1]! + turns), exponent: 0 } }], memory };
  },
});

const [config = "", stateDir = "", runtimeDir = ""] = process.argv.slice(2);
const self = nodeProcess("bedside-hangs");
const drivers = [...DRIVERS, neverReturns];
const read = readFileSettings(parse(readFileSync(config, "utf8")));
if ("mistakes" in read) throw new Error(JSON.stringify(read.mistakes));
const { settings } = read;
const effects: Effects = {
  clock: nodeClock(),
  disk: nodeDisk(),
  serial: nodeSerial(),
  ports: nodePorts({ sysRoot: "/sys", devRoot: "/dev", declared: settings.ports }),
  broker: nodeBroker(),
  entropy: nodeEntropy(),
  signatures: nodeSignatures(),
  seals: nodeSeals(),
  vault: fileVault(settings.broker),
  host: nodeHost(),
  watchdog: nodeWatchdog(),
  control: nodeControl(),
  log: (line) => void self.err(`${line}\n`),
};
const documents = await readDocumentFiles(settings);
const made = { version: "0.0.0-test", madeAt: 0 as Wall, drivers };
await runAgent(effects, { settings, documents, stateDir, runtimeDir, ...made }, self.stopSignal());
