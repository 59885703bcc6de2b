import { columns, EXIT } from "../../config/command-line.ts";
import { nearest } from "../../config/settings/mistakes.ts";
import type { Self } from "../effects/node/process.ts";
import { Fault, faultRow, faultText } from "../fault/fault.ts";
import type { Status } from "../health/snapshot.ts";
import { LANES } from "../model/model.ts";
import type { GapReason } from "../spool/gaps.ts";
import { countText } from "./amounts-text.ts";
import { askStatus } from "./status.ts";
import type { Words } from "./words.ts";

type Trace = Status["traces"][number];

/** `bedside trace DEVICE`: exit 1 where records are missing that nothing explains. Throws Fault `agent.unreachable`, `device.unknown`. */
export async function trace({ operand = "", runtimeDir, json }: Words, self: Self): Promise<number> {
  const told = await askStatus(runtimeDir);
  const found = traceOf(told, operand);
  const fault = verdictOn(found);
  self.out(json ? `${JSON.stringify(traceRow(told, found, fault))}\n` : traceText(told, found, fault));
  return fault === undefined ? EXIT.ok : EXIT.failed;
}

/** A device that the rules admit may have said nothing yet. Throws Fault `device.unknown`. */
export function traceOf({ traces, devices }: Pick<Status, "traces" | "devices">, device: string): Trace {
  const found = traces.find((one) => one.device === device);
  if (found !== undefined) return found;
  if (devices.some((one) => one.device === device)) return { device, lanes: {}, unexplained: 0 };
  const names = [...new Set([...devices, ...traces].map((one) => one.device))];
  const near = nearest(device, names);
  const meant = near === undefined ? "" : `; did you mean "${near}"?`;
  throw new Fault("device.unknown", `The agent knows no device ${JSON.stringify(device)}${meant}`, { device });
}

export function verdictOn({ device, lanes }: Trace): Fault | undefined {
  const wrong = LANES.filter((lane) => (lanes[lane]?.unexplained ?? 0) !== 0);
  if (wrong.length === 0) return undefined;
  const told = wrong.map((lane) => {
    const missing = lanes[lane]?.unexplained ?? 0;
    return `${countText(Math.abs(missing), lane)} ${missing > 0 ? "missing" : "too many"}`;
  });
  return new Fault("ledger.unexplained", `Records of ${device} are unexplained: ${told.join(", ")}`, { device });
}

/** The answer of `bedside trace --json`; its shape is part of the command's contract. */
export function traceRow({ run, uptimeSeconds, devices }: Status, found: Trace, fault: Fault | undefined) {
  const session = devices.find((one) => one.device === found.device);
  return {
    ...found,
    ok: fault === undefined,
    run,
    uptimeSeconds,
    ...(session === undefined ? {} : { phase: session.phase, location: session.location, port: session.counts }),
    ...(fault === undefined ? {} : { fault: faultRow(fault) }),
  };
}

/** Why records were dropped, for a person. */
const REASONS = {
  ring_full: "the window in memory was full, and no broker took them",
  spool_full: "the room on flash was full: the oldest go first",
  too_long: "longer than a record may be",
  expired: "older than the spool keeps anything",
  corrupt: "stored data that did not hold",
} as const satisfies Record<GapReason, string>;

export function traceText({ run, uptimeSeconds, devices, uplink, gateway }: Status, found: Trace, fault: Fault | undefined): string {
  const { device, lanes, unexplained } = found;
  const session = devices.find((one) => one.device === device);
  const now = device === gateway ? "what the gateway says of itself" : "not here now";
  const head = session === undefined ? now : `${session.phase} for ${session.seconds} s at ${session.location}   ${session.driver}`;
  const rows = LANES.flatMap((lane) => {
    const one = lanes[lane];
    if (one === undefined) return [];
    return [[lane, one.made, one.adopted, one.delivered, one.waiting, droppedIn(one), one.unexplained].map(String)];
  });
  const lines = [
    `${device}   ${head}`,
    `  since    the agent's start ${uptimeSeconds} s ago (run ${run}); adopted is what earlier runs left`,
    ...(session === undefined ? [] : [portText(session)]),
    `  uplink   ${uplink.phase}${uplink.because === undefined ? "" : `, because ${uplink.because}`}`,
    "",
    ...(rows.length === 0
      ? ["Nothing has come of it since the agent was started."]
      : columns([["STREAM", "MADE", "ADOPTED", "DELIVERED", "WAITING", "DROPPED", "UNEXPLAINED"], ...rows])),
    ...droppedLines(found),
    "",
    ...(fault === undefined ? [`unexplained: ${unexplained}; made and adopted are delivered, waiting or dropped`] : [faultText(fault)]),
  ];
  return `${lines.join("\n")}\n`;
}

const portText = ({ counts }: Status["devices"][number]): string =>
  `  port     ${counts.bytes} B in: ${countText(counts.frames, "frame")} of ${counts.framed} B, ${counts.discarded} B discarded, ${counts.pending} B pending`;

type Lane = NonNullable<Trace["lanes"]["alert"]>;
const droppedIn = ({ dropped }: Lane): number => Object.values(dropped).reduce((sum, count) => sum + count, 0);

function droppedLines({ lanes }: Trace): readonly string[] {
  return LANES.flatMap((lane) =>
    Object.entries(lanes[lane]?.dropped ?? {}).map(
      ([reason, count]) => `  dropped  ${countText(count, lane)}: ${REASONS[reason as keyof typeof REASONS]}`,
    ),
  );
}
