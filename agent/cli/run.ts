import { EXIT } from "../../config/command-line.ts";
import { DRIVERS } from "../../drivers/index.ts";
import type { Effects, Vault } from "../effects/effects.ts";
import { nodeBroker } from "../effects/node/broker.ts";
import { nodeClock } from "../effects/node/clock.ts";
import { nodeControl } from "../effects/node/control.ts";
import { nodeDisk } from "../effects/node/disk.ts";
import { nodeEntropy } from "../effects/node/entropy.ts";
import { nodeHost } from "../effects/node/host.ts";
import { nodeLinks } from "../effects/node/links.ts";
import { checkOwnFolder } from "../effects/node/own-folder.ts";
import { watchDevices } from "../effects/node/port-watch.ts";
import { nodePorts } from "../effects/node/ports.ts";
import type { Self } from "../effects/node/process.ts";
import { nodeSeals } from "../effects/node/seals.ts";
import { nodeSignatures } from "../effects/node/signatures.ts";
import { fileVault } from "../effects/node/vault.ts";
import { nodeWatchdog } from "../effects/node/watchdog.ts";
import { Fault } from "../fault/fault.ts";
import { runAgent } from "../main.ts";
import { readConfigFile } from "./config-file.ts";
import { readDocumentFiles } from "./document-files.ts";
import { MADE_AT, VERSION } from "./version.ts";
import type { Words } from "./words.ts";

/** `bedside run`: the agent on the real world, until SIGTERM or SIGINT. */
export async function run(words: Words, self: Self): Promise<number> {
  const { config = "", stateDir, runtimeDir, sysRoot, devRoot } = words;
  const settings = await readConfigFile(config);
  const vault = fileVault(settings.broker);
  await refuseTooOpen(vault, [stateDir, runtimeDir]);
  const effects: Effects = {
    clock: nodeClock(),
    disk: nodeDisk(),
    serial: nodeLinks(),
    ports: nodePorts({ sysRoot, devRoot, declared: settings.ports, watch: watchDevices(devRoot) }),
    broker: nodeBroker(),
    entropy: nodeEntropy(),
    signatures: nodeSignatures(),
    seals: nodeSeals(),
    vault,
    host: nodeHost(),
    watchdog: nodeWatchdog(),
    control: nodeControl(),
    log: (line) => void self.err(`${line}\n`),
  };
  const documents = await readDocumentFiles(settings);
  const made = { version: VERSION, madeAt: MADE_AT, drivers: DRIVERS };
  await runAgent(effects, { settings, documents, stateDir, runtimeDir, ...made }, self.stopSignal());
  return EXIT.ok;
}

/** What others could have read or exchanged ends the start. A missing credential does not: readings are kept meanwhile. */
async function refuseTooOpen(vault: Vault, folders: readonly string[]): Promise<void> {
  for (const folder of folders) await checkOwnFolder(folder);
  try {
    await vault.credentials();
  } catch (caught) {
    if (!(caught instanceof Fault) || caught.key === "credentials.too_open") throw caught;
  }
}
