import { DRIVERS } from "../../drivers/index.ts";
import type { Effects } from "../effects/effects.ts";
import { nodeBroker } from "../effects/node/broker.ts";
import { nodeClock } from "../effects/node/clock.ts";
import { nodeControl } from "../effects/node/control.ts";
import { nodeDisk } from "../effects/node/disk.ts";
import { nodeEntropy } from "../effects/node/entropy.ts";
import { nodeHost } from "../effects/node/host.ts";
import { nodePorts } from "../effects/node/ports.ts";
import type { Self } from "../effects/node/process.ts";
import { nodeSerial } from "../effects/node/serial.ts";
import { fileVault } from "../effects/node/vault.ts";
import { Fault } from "../fault/fault.ts";
import { runAgent } from "../main.ts";
import { readConfigText } from "./config-file.ts";
import { EXIT } from "./exit.ts";
import { MADE_AT, VERSION } from "./version.ts";
import type { Words } from "./words.ts";

/** `bedside run`: the agent on the real world, until SIGTERM or SIGINT. */
export async function run(words: Words, self: Self): Promise<number> {
  const { config = "", stateDir, runtimeDir, sysRoot, devRoot } = words;
  const disk = nodeDisk();
  const bytes = await disk.read(config).catch((cause: unknown) => {
    throw new Fault("config.unreadable", `Cannot read ${config}`, { config }, { cause });
  });
  if (bytes === undefined) throw new Fault("config.unreadable", `${config} does not exist`, { config });
  const settings = readConfigText(new TextDecoder().decode(bytes), config);
  const effects: Effects = {
    clock: nodeClock(),
    disk,
    serial: nodeSerial(),
    ports: nodePorts({ sysRoot, devRoot, declared: settings.ports }),
    broker: nodeBroker(),
    entropy: nodeEntropy(),
    vault: fileVault(settings.broker),
    host: nodeHost(),
    control: nodeControl(),
    log: (line) => void self.err(`${line}\n`),
  };
  await runAgent(effects, { settings, stateDir, runtimeDir, version: VERSION, madeAt: MADE_AT, drivers: DRIVERS }, self.stopSignal());
  return EXIT.ok;
}
