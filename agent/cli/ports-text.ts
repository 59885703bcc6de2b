import { columns } from "../../config/command-line.ts";
import type { Verdict } from "../admission/rules.ts";
import type { PortFacts } from "../effects/effects.ts";
import { FAULTS } from "../fault/faults.table.ts";
import type { Status } from "../health/snapshot.ts";

/** Who gave the verdicts: the running agent, this command by a configuration file, or nobody. */
export type JudgedBy = "agent" | "file" | "nobody";
/** A port as `bedside ports --json` tells it; its shape is part of the command's contract. */
export type ToldPort = Omit<PortFacts, "attachment"> & {
  readonly verdict: Verdict | { readonly is: "unknown" };
  /** What the agent does there now ("streaming"); only of a port that it admitted. */
  readonly phase?: string;
  /** What stands against its use. */
  readonly fault?: { readonly number: string; readonly key: Status["faults"][number]["key"]; readonly text: string };
  /** Programs that have it open, as far as this user may see; not asked for a port that the agent itself has open. */
  readonly openIn: readonly { readonly pid: number; readonly name: string }[];
};

type Context = {
  readonly by: JudgedBy;
  readonly drivers: readonly string[];
  readonly config: string | undefined;
  /** Its name, where somebody knows it. */
  readonly gateway: string | undefined;
  /** Faults of documents that the file names and that would not be taken. */
  readonly refused: readonly string[];
};

const HEADS: Readonly<Record<JudgedBy, (config: string | undefined) => string>> = {
  agent: () => "",
  file: (config) =>
    `No agent answers. This is what the documents that ${config} names would have it do; what was pushed is known to the agent alone.\n\n`,
  nobody: () => "No agent answers, so nobody has judged these ports; give --config FILE to see what that file would allow.\n\n",
};
const INDENT = " ".repeat(9);

/** For a person who has a cable in one hand: a line for each port, and under it why it is used or not, and what to write. */
export function portsText(told: readonly ToldPort[], context: Context): string {
  const head = HEADS[context.by](context.config) + context.refused.map((fault) => `${fault}\n\n`).join("");
  if (told.length === 0) return `${head}No serial port is seen. Is the adapter plugged in?\n`;
  const rows = told.map((port) => [stateOf(port), port.location, port.path, adapterText(port)]);
  const lines = columns([["STATE", "LOCATION", "NODE", "ADAPTER"], ...rows]);
  const blocks = told.map((port, index) => [lines[index + 1], ...detailsOf(port, told).map((line) => INDENT + line)].join("\n"));
  return `${head}${[lines[0], ...blocks].join("\n")}\n${adviceText(told, context)}`;
}

/** One word that says whether the device on that port is read. */
function stateOf({ verdict, phase }: ToldPort): string {
  switch (verdict.is) {
    case "allow":
      return phase === "streaming" ? "used" : "allowed";
    case "block":
      return "blocked";
    case "reject":
      return "refused";
    case "unknown":
      return "unknown";
  }
}

function adapterText({ facts, hardware }: ToldPort): string {
  const name = [facts.manufacturer, facts.model].filter((part) => part !== undefined).join(" ");
  const parts = [
    name === "" ? undefined : name,
    facts.vendor === undefined ? undefined : `(${facts.vendor}:${facts.product ?? "?"})`,
    facts.serial === undefined ? undefined : `serial ${facts.serial}`,
    facts.vendor !== undefined && facts.serial === undefined ? "no serial number" : undefined,
    facts.driver,
    facts.present === "no" ? "not there now" : undefined,
    facts.address === undefined ? undefined : "UDP",
    hardware ? undefined : facts.address === undefined ? "no hardware: marked as a test" : "this box itself: marked as a test",
  ];
  return parts.filter((part) => part !== undefined).join("  ");
}

function detailsOf(port: ToldPort, all: readonly ToldPort[]): readonly string[] {
  const { verdict, fault, openIn } = port;
  const lines: string[] = [];
  if (verdict.is === "allow") {
    const doing = port.phase === undefined ? "" : `, ${PHASES[port.phase] ?? port.phase}`;
    lines.push(`rule ${verdict.rule}: ${verdict.device}, driver ${verdict.driver} at ${verdict.line}, socket ${verdict.socket}${doing}`);
  }
  if (verdict.is === "block" || verdict.is === "reject") lines.push(...verdict.reasons.map((reason) => `because  ${reason}`));
  if (fault !== undefined) lines.push(`${fault.number}  ${fault.text}`, `do       ${FAULTS[fault.key].next}`);
  if (openIn.length > 0) lines.push(`open in  ${holdersText(openIn)}`);
  lines.push(...twinLines(port, all));
  return lines;
}

const HOLDERS_TOLD = 3;
function holdersText(openIn: ToldPort["openIn"]): string {
  const told = openIn.slice(0, HOLDERS_TOLD).map(({ name, pid }) => `${name} (process ${pid})`);
  return told.join(", ") + (openIn.length > HOLDERS_TOLD ? ` and ${openIn.length - HOLDERS_TOLD} more` : "");
}

const PHASES: Readonly<Record<string, string>> = {
  streaming: "is read",
  proving: "is open, and nothing of the device has come yet that holds",
  opening: "is being opened",
  closed: "is tried again by itself",
  quarantined: "is paused and tried again by itself",
};

/** Nothing but the place tells these apart, which a person must know who writes a rule or moves a plug. */
function twinLines(port: ToldPort, all: readonly ToldPort[]): readonly string[] {
  const others = all.filter((other) => other !== port && other.facts.vendor !== undefined && looksAlike(port, other));
  if (others.length === 0) return [];
  const own = deviceOf(port);
  const siblings = others.filter((other) => deviceOf(other) === own);
  const twins = others.filter((other) => deviceOf(other) !== own);
  const lines: string[] = [];
  if (siblings.length > 0) {
    const order = [port, ...siblings].map(({ location }) => location).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
    lines.push(
      `note     port ${order.indexOf(port.location) + 1} of ${order.length} of one adapter: only the end of the location tells them apart`,
    );
  }
  if (twins.length > 0) {
    const says = port.facts.serial === undefined ? "an equal adapter without a serial number" : "an adapter with the same serial number";
    lines.push(`note     ${says} is at ${twins.map(({ location }) => location).join(", ")}: only the location tells them apart`);
  }
  return lines;
}
const looksAlike = (one: ToldPort, other: ToldPort): boolean =>
  (["vendor", "product", "serial"] as const).every((fact) => one.facts[fact] === other.facts[fact]);
/** The location without configuration and interface. */
const deviceOf = ({ location }: ToldPort): string => location.replace(/:\d+\.\d+(-port\d+)?$/, "");

const ruleIsMissing = ({ verdict }: ToldPort): boolean =>
  verdict.is === "unknown" || (verdict.is === "block" && verdict.reasons.some((reason) => reason.startsWith("no rule")));

/**
 * A rule for each port without one: whole lines from the left edge, so that they can be pasted as they are. Each is as narrow as
 * what is known: this adapter, in this place.
 */
function adviceText(told: readonly ToldPort[], { config, drivers, gateway = "GATEWAY" }: Context): string {
  const missing = told.filter(ruleIsMissing);
  if (missing.length === 0) return "";
  return [
    "",
    "To use a port, put its line under  rules:  in the body of the gateway's admissions, below those that are there, and fill in the dots:",
    "device is its id (letters, digits, dashes; never the room), socket is room and bed of the place,",
    `driver is one of ${drivers.join(", ")}. Biomedical engineering signs and pushes it, from where bedside-fleet is:`,
    "",
    `  bedside-fleet push admissions.yaml --kind admissions --key KEY --generation next --by NAME --reason TEXT ${gateway}`,
    "",
    "Where the centre cannot be reached,  bedside-fleet sign  makes a file of it: copy that to this box, name it under  documents:",
    `in ${config ?? "the configuration file"}, and restart the service.`,
    "",
    ...missing.map(ruleLine),
    "",
  ].join("\n");
}

/** JSON text is YAML text: whatever an adapter calls itself stays within its quotes. */
function ruleLine({ location, facts }: ToldPort): string {
  const when = { location, address: facts.address, vendor: facts.vendor, product: facts.product, serial: facts.serial };
  const conditions = Object.entries(when).flatMap(([fact, value]) => (value === undefined ? [] : [`${fact}: ${JSON.stringify(value)}`]));
  return `  - { when: { ${conditions.join(", ")} }, allow: true, device: …, driver: …, socket: … }`;
}
