import type { PortFacts } from "../effects/effects.ts";
import { nodePorts } from "../effects/node/ports.ts";
import type { Self } from "../effects/node/process.ts";
import { Fault } from "../fault/fault.ts";
import type { Status } from "../health/snapshot.ts";
import { EXIT } from "./exit.ts";
import { askStatus } from "./status.ts";
import type { Words } from "./words.ts";

type Told = PortFacts & { readonly verdict: Status["ports"][number]["verdict"] | { readonly is: "unknown" } };

/** `bedside ports`: every port that is seen; with an agent, its verdict and the rule that is missing. */
export async function ports(words: Words, self: Self): Promise<number> {
  const running = await askStatus(words.runtimeDir).catch((caught: unknown) => {
    if (caught instanceof Fault && caught.key === "agent.unreachable") return undefined;
    throw caught;
  });
  const seen = await nodePorts({ sysRoot: words.sysRoot, devRoot: words.devRoot, declared: [] }).list();
  const told: readonly Told[] = running?.ports ?? seen.map((port) => ({ ...port, verdict: { is: "unknown" } as const }));
  self.out(words.json ? `${JSON.stringify({ agent: running !== undefined, ports: told })}\n` : text(told, running !== undefined));
  return EXIT.ok;
}

function text(told: readonly Told[], agent: boolean): string {
  const head = agent ? "" : "No agent answers, so there are no verdicts.\n";
  if (told.length === 0) return `${head}No serial port is seen.\n`;
  return `${head}${told.map(portText).join("\n")}\n`;
}

function portText({ location, path, hardware, facts, verdict }: Told): string {
  const known = Object.entries(facts).map(([name, value]) => `${name} ${value}`);
  const lines = [`${verdict.is.padEnd(8)} ${location}   ${path}   ${hardware ? "" : "no hardware behind it   "}${known.join(", ")}`];
  if (verdict.is === "allow")
    lines.push(`         rule ${verdict.rule}: ${verdict.device}, driver ${verdict.driver}, socket ${verdict.socket}`);
  if (verdict.is === "block" || verdict.is === "reject") lines.push(...verdict.reasons.map((reason) => `         ${reason}`));
  if (verdict.is === "block" && verdict.reasons.some((reason) => reason.startsWith("no rule")))
    lines.push(`         missing  - { when: { location: "${location}" }, allow: true, device: …, driver: …, socket: … }`);
  return lines.join("\n");
}
