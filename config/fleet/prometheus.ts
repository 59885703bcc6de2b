import { type GatewayRow, isSettled } from "./state.ts";

/** Text format 0.0.4: names end in their base unit, a metric's samples stand together. */
type Sample = { readonly labels: Readonly<Record<string, string>>; readonly value: number };
type Metric = { readonly name: string; readonly help: string; readonly of: (row: GatewayRow) => readonly Sample[] };

const one = (value: number | undefined, labels: Sample["labels"] = {}): readonly Sample[] =>
  value === undefined ? [] : [{ labels, value }];

const expected = (devices: GatewayRow["devices"]): GatewayRow["devices"] => devices.filter(({ is }) => is !== "unexpected");

const METRICS: readonly Metric[] = [
  {
    name: "bedside_gateway_up",
    help: "1 where the gateway is present: a birth, and health within 30 s.",
    of: (row) => one(row.state === "present" ? 1 : 0),
  },
  { name: "bedside_gateway_health_age_seconds", help: "Time since its last health.", of: (row) => one(row.healthAgeSeconds) },
  { name: "bedside_gateway_uptime_seconds", help: "Time since the agent's start, as it says.", of: (row) => one(row.uptimeSeconds) },
  { name: "bedside_gateway_resident_memory_bytes", help: "Resident memory of the agent, as it says.", of: (row) => one(row.residentBytes) },
  {
    name: "bedside_gateway_unexplained_records",
    help: "Records that nobody can explain; 0, or a defect.",
    of: (row) => one(row.unexplained),
  },
  {
    name: "bedside_gateway_info",
    help: "1, with the version that it runs.",
    of: ({ version }) => (version === undefined ? [] : one(1, { version })),
  },
  {
    name: "bedside_gateway_fault",
    help: "1 for each fault that stands.",
    of: ({ faults }) => faults.flatMap((fault) => one(1, { fault })),
  },
  {
    name: "bedside_document_pushed_generation",
    help: "Generation of the document that it is to have.",
    of: ({ documents }) => documents.flatMap(({ kind, pushed }) => one(pushed, { kind })),
  },
  {
    name: "bedside_document_running_generation",
    help: "Generation of the document that it runs, as it says.",
    of: ({ documents }) => documents.flatMap(({ kind, runs }) => one(runs, { kind })),
  },
  {
    name: "bedside_document_settled",
    help: "1 where it runs what it is to have.",
    of: ({ documents }) => documents.flatMap((row) => one(isSettled(row) ? 1 : 0, { kind: row.kind })),
  },
  {
    name: "bedside_device_present",
    help: "1 where an expected device is present.",
    of: ({ devices }) => expected(devices).flatMap(({ device, is }) => one(is === "present" ? 1 : 0, { device })),
  },
  {
    name: "bedside_device_state",
    help: "1, with the state of an expected device: present, absent, silent, blocked, off.",
    of: ({ devices }) => expected(devices).flatMap(({ device, is }) => one(1, { device, state: is })),
  },
];

/** `at`: milliseconds since 1970, so that a file that is not written any more can be told from a fleet that is well. */
export function prometheusText(rows: readonly GatewayRow[], at: number): string {
  const written = "bedside_fleet_written_timestamp_seconds";
  return [
    `# HELP ${written} When this file was written.\n# TYPE ${written} gauge\n${written} ${at / 1000}\n`,
    ...METRICS.map(({ name, help, of }) => {
      const lines = [...highest(rows, of)].map(([labels, value]) => `${name}${labels} ${value}\n`);
      return lines.length === 0 ? "" : `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join("")}`;
    }),
  ].join("");
}

/** By labels, which name a sample once: two are a file that is refused whole. Said twice, a fault stands once, so the highest counts. */
function highest(rows: readonly GatewayRow[], of: Metric["of"]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const row of rows)
    for (const { labels, value } of of(row)) {
      const text = labelText({ gateway: row.gateway, ...row.labels, ...labels });
      found.set(text, Math.max(value, found.get(text) ?? value));
    }
  return found;
}

const labelText = (labels: Readonly<Record<string, string>>): string =>
  `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`)
    .join(",")}}`;
