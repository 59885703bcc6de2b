import { EXIT } from "../../config/command-line.ts";
import type { Settings } from "../../config/schema.ts";
import { DRIVERS } from "../../drivers/index.ts";
import { linesByDriver } from "../../drivers/kit/line.ts";
import { judgePorts } from "../admission/rules.ts";
import { openHolders } from "../effects/node/port-holders.ts";
import { nodePorts } from "../effects/node/ports.ts";
import type { Self } from "../effects/node/process.ts";
import type { Status } from "../health/snapshot.ts";
import { readConfigFile } from "./config-file.ts";
import { admissionsOf } from "./document-files.ts";
import { type JudgedBy, portsText, type ToldPort } from "./ports-text.ts";
import { askIfThere } from "./status.ts";
import type { Words } from "./words.ts";

/** `bedside ports`: what is plugged in where, whether it is used, and what to write where it is not. */
export async function ports(words: Words, self: Self): Promise<number> {
  const running = await askIfThere(words.runtimeDir);
  const by: JudgedBy = running !== undefined ? "agent" : words.config !== undefined ? "file" : "nobody";
  const settings = running === undefined && words.config !== undefined ? await readConfigFile(words.config) : undefined;
  const { rules, told: refused } = settings === undefined ? NOTHING : await admissionsOf(settings);
  const told = running === undefined ? await lookMyself(words, settings && { ...settings, rules }) : toldBy(running);
  const drivers = DRIVERS.map((driver) => driver.id);
  const { gateway } = settings ?? running ?? {};
  self.out(
    words.json
      ? `${JSON.stringify({ agent: by === "agent", judgedBy: by, ports: told })}\n`
      : portsText(told, { by, drivers, gateway, refused, ...words }),
  );
  return EXIT.ok;
}

function toldBy({ ports, devices, faults }: Status): readonly ToldPort[] {
  return ports.map((port) => {
    const phase = devices.find(({ location }) => location === port.location)?.phase;
    const device = "device" in port.verdict ? port.verdict.device : "claims" in port.verdict ? port.verdict.claims : undefined;
    const fault = faults.find(({ scope }) => scope === `port ${port.location}`) ?? faults.find(({ scope }) => scope === `device ${device}`);
    const isOpen = phase === "streaming" || phase === "proving";
    return {
      ...port,
      openIn: isOpen ? [] : openHolders(port.path),
      ...(phase === undefined ? {} : { phase }),
      ...(fault === undefined ? {} : { fault: { number: fault.number, key: fault.key, text: fault.text } }),
    };
  });
}

const NOTHING = { rules: [], told: [] };

/** Without an agent: what the host shows, judged by the rules where a file is given. */
async function lookMyself({ sysRoot, devRoot }: Words, settings: Settings | undefined): Promise<readonly ToldPort[]> {
  const seen = await nodePorts({ sysRoot, devRoot, declared: settings?.ports ?? [] }).list();
  const drivers = linesByDriver(DRIVERS);
  const judged =
    settings === undefined
      ? seen.map((port) => ({ port, verdict: { is: "unknown" } as const }))
      : judgePorts(settings.rules, seen, { drivers, before: [] });
  return judged.map(({ port: { attachment: _, ...port }, verdict }) => ({ ...port, verdict, openIn: openHolders(port.path) }));
}
