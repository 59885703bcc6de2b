import { EXIT } from "../../config/command-line.ts";
import { Seconds } from "../../config/units.ts";
import { askControl } from "../effects/node/control.ts";
import type { Self } from "../effects/node/process.ts";
import { Fault } from "../fault/fault.ts";
import type { Status } from "../health/snapshot.ts";
import { bytesText } from "./amounts-text.ts";
import { deviceClockText } from "./device-clock-text.ts";
import type { Words } from "./words.ts";

const ASK_WITHIN = Seconds(5);

/** Asks the running agent. Throws Fault `agent.unreachable`. */
export const askStatus = async (runtimeDir: string): Promise<Status> =>
  (await askControl(`${runtimeDir}/control.sock`, "status", ASK_WITHIN)) as Status;

/** The same; undefined where no agent runs. */
export const askIfThere = (runtimeDir: string): Promise<Status | undefined> =>
  askStatus(runtimeDir).catch((caught: unknown) => {
    if (caught instanceof Fault && caught.key === "agent.unreachable") return undefined;
    throw caught;
  });

/** `bedside status`: exit 1 while anything is wrong. */
export async function status(words: Words, self: Self): Promise<number> {
  const told = await askStatus(words.runtimeDir);
  self.out(words.json ? `${JSON.stringify(told)}\n` : statusText(told));
  return told.faults.length === 0 && told.unexplained === 0 ? EXIT.ok : EXIT.failed;
}

/** "61 h at today's rate". */
function roomText({ roomHours, fillBytesPerSecond, sizeBytes, usedBytes }: Status["spool"]): string {
  const free = bytesText(Math.max(0, sizeBytes - usedBytes));
  if (roomHours !== undefined) return `${roomHours < 10 ? roomHours.toFixed(1) : Math.floor(roomHours)} h at today's rate (${free} free)`;
  return fillBytesPerSecond === undefined ? `${free} free, its hours are not known yet` : `${free} free, and nothing comes`;
}

/** Clocks of devices that somebody should set: no fault of this box, and nothing is corrected by it. */
function clockLines({ time, devices }: Status): readonly string[] {
  const zone = -new Date(time).getTimezoneOffset() * MINUTE;
  return devices.flatMap(({ device, socket, clock }) => {
    const text = clock && deviceClockText(clock, zone);
    return text === undefined ? [] : [`  to set   ${device}   ${socket}   its clock ${text}`];
  });
}
const MINUTE = 60_000;

export function statusText(told: Status): string {
  const { uplink, spool, ledger, faults, devices, ports } = told;
  const sum = (of: "made" | "adopted" | "delivered" | "dropped" | "waiting") =>
    Object.values(ledger).reduce((total, lane) => total + lane[of], 0);
  const link =
    uplink.phase === "online"
      ? `online for ${uplink.seconds} s`
      : `${uplink.phase}, because ${uplink.because ?? "it has just begun"}${uplink.nextAttemptSeconds === undefined ? "" : `; next attempt in ${uplink.nextAttemptSeconds} s`}`;
  const lines = [
    `${told.gateway}   bedside ${told.version}   up ${told.uptimeSeconds} s, start ${told.start}   ${new Date(told.time).toLocaleString()} / ${told.time}`,
    `  clock    ${told.clock.known}${told.clock.source === "" ? "" : ` (${told.clock.source})`}`,
    `  uplink   ${link}`,
    `  ledger   made ${sum("made")}, adopted ${sum("adopted")}, delivered ${sum("delivered")}, dropped ${sum("dropped")}, waiting ${sum("waiting")}, unexplained ${told.unexplained}`,
    `  spool    ${roomText(spool)}, window ${spool.windowMs} ms, ${spool.flashBytes} B waiting on flash, ${spool.flashWrittenBytes} B written since start${spool.degraded ? ", DEGRADED: nothing is kept" : ""}`,
    ...devices.map(
      (one) =>
        `  device   ${one.device}   ${one.socket}   ${one.driver}   ${one.phase} for ${one.seconds} s${one.nodes.length === 0 ? "" : `, ${one.nodes.length} nodes`}   ${one.counts.frames} frames, ${one.counts.discarded} B discarded`,
    ),
    ...clockLines(told),
    ...ports
      .filter((port) => port.verdict.is !== "allow")
      .map((port) => `  blocked  ${port.location}   ${port.path}   ${"reasons" in port.verdict ? port.verdict.reasons.join("; ") : ""}`),
    ...faults.map((fault) => `  fault    ${fault.number}  ${fault.text}    ${fault.key}`),
  ];
  return `${lines.join("\n")}\n`;
}
