import type { AlertLine, Board, DeviceLine, ValueLine } from "./board.ts";
import { CAST, GATEWAY } from "./cast.ts";
import type { DeviceTally } from "./ledger.ts";
import type { Scene } from "./play.ts";
import { ruleText } from "./stage.ts";
import { metricName, unitName, validityName } from "./words.ts";

/** What a person sees: lines of at most `WIDTH` columns, made from the board and the ledgers. Pure. */
export const WIDTH = 100;
export const HEIGHT = 40;

/** Metrics of a driver that are shown, by reference id or the device's own name; the others are counted. */
const CHOSEN: Readonly<Record<string, readonly string[]>> = {
  nonin: ["MDC_PULS_OXIM_SAT_O2", "MDC_PULS_OXIM_PULS_RATE"],
  "puritan-bennett-840": ["f9", "f70", "f71", "f72", "f73", "f87", "f77"],
};
const ALERTS_SHOWN = 3;

export type Paint = Readonly<Record<"bold" | "dim" | "red" | "green" | "yellow" | "cyan", (text: string) => string>>;
const sgr =
  (code: number) =>
  (text: string): string =>
    `\x1b[${code}m${text}\x1b[0m`;
export const COLOURS: Paint = { bold: sgr(1), dim: sgr(2), red: sgr(31), green: sgr(32), yellow: sgr(33), cyan: sgr(36) };
const same = (text: string): string => text;
export const PLAIN: Paint = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };

export type Look = { readonly paint: Paint; readonly brokerPort: number; readonly seconds: number | undefined; readonly now: bigint };

export function screen(board: Board, scene: Scene, look: Look): string[] {
  const { paint } = look;
  return [
    titleLine(scene, look),
    paint.dim(" emulated devices ─ serial lines ─ the agent, as packaged ─ mosquitto (MQTT 5, mutual TLS 1.3) ─ this table"),
    "",
    gatewayLine(board, scene, look),
    "",
    paint.dim(row(["BED", "DEVICE", "READING", "VALUE", "UNIT", "VALIDITY", "AGE"])),
    ...board.devices.flatMap((device) => deviceRows(device, board, look)),
    "",
    ...blockedLines(board, paint),
    "",
    ...alertBlock(board.alerts, look),
    "",
    ...ledgerLines(board, scene, paint),
    "",
    paint.dim(
      scene.doing === "" ? " Ctrl-C ends it; everything it started is stopped, everything it wrote is removed." : ` … ${scene.doing}`,
    ),
  ];
}

function titleLine({ elapsedMs }: Scene, { paint, seconds }: Look): string {
  const left = " Bedside demo";
  const right = `${(elapsedMs / 1000).toFixed(0)} s${seconds === undefined ? "" : ` of ${seconds} s`} `;
  return `${paint.bold(left)}${right.padStart(WIDTH - left.length)}`;
}

function gatewayLine({ gateway }: Board, { restarts }: Scene, { paint, brokerPort }: Look): string {
  const mark = {
    "not heard yet": paint.yellow("○ not heard yet"),
    online: paint.green("● online"),
    lost: paint.red("✕ LOST: the broker tells its last will"),
    stopped: paint.yellow("○ stopped in good order"),
  }[gateway.presence];
  const run = gateway.run === "" ? "" : `   start ${gateway.start}, run ${gateway.run.slice(0, 8)}`;
  const killed = restarts === 0 ? "" : `   killed and restarted ${restarts === 1 ? "once" : `${restarts} times`}`;
  return ` GATEWAY  ${GATEWAY}   ${mark}${paint.dim(`${run}${killed}   broker 127.0.0.1:${brokerPort}`)}`;
}

// ── Readings ────────────────────────────────────────────────────────────────────────────────────────────────────────

const COLUMNS = [10, 14, 24, 10, 7, 26, 7] as const;
const VALUE = 3;
const AGE = 6;

function row(cells: readonly string[]): string {
  const padded = cells.map((cell, at) => {
    const width = COLUMNS[at] ?? 0;
    const text = cell.length > width - 1 ? `${cell.slice(0, width - 2)}…` : cell;
    return at === VALUE || at === AGE ? `${text.padStart(width - 1)} ` : text.padEnd(width);
  });
  return ` ${padded.join("")}`.trimEnd();
}

function deviceRows(device: DeviceLine, { gateway }: Board, { paint, now }: Look): string[] {
  const chosen = CHOSEN[device.driver] ?? [];
  const shown = chosen.flatMap((name) => device.values.find(({ metric }) => metric.refid === name || metric.name === name) ?? []);
  const model = CAST.find(({ rule }) => rule?.device === device.device)?.model ?? device.driver;
  const heads: readonly (readonly [string, string])[] = [
    [device.socket, device.device],
    ["", model.length > COLUMNS[1] - 1 ? (model.split(" ").at(-1) ?? "") : model],
  ];
  const more = device.values.length - shown.length;
  const lines = shown.map((value) => valueCells(value, now));
  if (device.wave.length > 0) lines.push(["pleth", ...pictureCells(device.wave)]);
  if (lines.length === 0) lines.push(["no reading yet", "", "", "", ""]);
  if (more > 0 && device.wave.length === 0) lines.push([`… and ${more} more`, "", "", "", ""]);
  const alive = gateway.presence === "online" && device.liveness === "streaming";
  return lines.map((cells, at) => {
    const [bed, name] = heads[at] ?? ["", ""];
    const text = row([bed, name, ...cells]);
    const mark = at === 0 ? (alive ? paint.green("●") : paint.red("●")) : " ";
    return `${mark}${colourOf(shown[at], alive, paint)(text.slice(1))}`;
  });
}

function colourOf(value: ValueLine | undefined, alive: boolean, paint: Paint): (text: string) => string {
  if (!alive) return paint.dim;
  return value !== undefined && value.validity !== 0 ? paint.yellow : same;
}

function valueCells({ metric, value, validity, reason, at }: ValueLine, now: bigint): string[] {
  return [metricName(metric), value ?? "–", value === null ? "" : unitName(metric), validityName(validity, reason), age(at, now)];
}

const age = (at: bigint, now: bigint): string => `${(Math.max(0, Number(now - at)) / 1e9).toFixed(1)} s`;

const BARS = [..."▁▂▃▄▅▆▇█"];
const PICTURE_COLUMNS = COLUMNS[3] + COLUMNS[4] + COLUMNS[5] - 2;

/** The last two seconds of a wave, spread over the columns behind its name. */
function pictureCells(samples: readonly number[]): string[] {
  const low = Math.min(...samples);
  const span = Math.max(1, Math.max(...samples) - low);
  const bars = Array.from({ length: PICTURE_COLUMNS }, (_, column) => {
    const sample = samples[Math.floor((column * samples.length) / PICTURE_COLUMNS)] ?? low;
    return BARS[Math.min(BARS.length - 1, Math.floor(((sample - low) * BARS.length) / span))];
  }).join("");
  // The value column is set to the right and has one blank behind it.
  const cuts = [0, COLUMNS[3] - 1, COLUMNS[3] + COLUMNS[4] - 1, PICTURE_COLUMNS];
  return [bars.slice(cuts[0], cuts[1]), bars.slice(cuts[1], cuts[2]), bars.slice(cuts[2], cuts[3]), ""];
}

// ── What is not right ───────────────────────────────────────────────────────────────────────────────────────────────

/** Rules are written by people; this one is a proposal for the port as it was seen. */
export const missingRule = (location: string): string => ruleText(location, { device: "oximeter-3", driver: "nonin", socket: "ICU-12/D" });

function blockedLines({ blocked }: Board, paint: Paint): string[] {
  if (blocked.length === 0) return [paint.dim(" BLOCKED  nothing")];
  return blocked.flatMap(({ location, reasons }) => [
    ` ${paint.red("BLOCKED")}  ${location}: ${reasons.join("; ")}: seen, reported, never opened. The rule that is missing:`,
    paint.cyan(`   - ${missingRule(location)}`),
  ]);
}

function alertBlock(alerts: readonly AlertLine[], { paint, now }: Look): string[] {
  if (alerts.length === 0) return [paint.dim(" ALERTS   none is active")];
  const newestFirst = alerts.toSorted((a, b) => Number((b.since ?? 0n) - (a.since ?? 0n)));
  const lines = newestFirst.slice(0, ALERTS_SHOWN).map(({ socket, device, name, word, since }, at) => {
    const text = `${socket} ${device}  ${name}${word === "" ? "" : ` (${word})`}${since === undefined ? "" : `, for ${age(since, now)}`}`;
    return ` ${at === 0 ? paint.yellow("ALERTS ") : "       "}  ${text}`;
  });
  const more = alerts.length - lines.length;
  return more > 0 ? [...lines, paint.dim(`          … and ${more} more`)] : lines;
}

// ── Ledgers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function ledgerLines({ counts }: Board, { tallies, status }: Scene, paint: Paint): string[] {
  const cells = (name: string, numbers: readonly (number | string)[]): string =>
    ` ${name.padEnd(16)}${numbers.map((number) => String(number).padStart(18)).join("")}`;
  return [
    paint.dim(cells("LEDGER", ["sent by device", "received here", "on the way", "nobody listened"])),
    ...tallies.map(({ device, sent, received, unheard, lost }: DeviceTally) =>
      cells(device, [`${sent} ${device.startsWith("vent") ? "answers" : "packets"}`, received, lost.length, unheard]),
    ),
    paint.dim(
      ` in them ${counts.observations} values, ${counts.waveBlocks} wave blocks, ${counts.alerts} alert edges; ${counts.duplicates} duplicates removed. ${agentsWord(status)}`,
    ),
  ];
}

function agentsWord(status: Scene["status"]): string {
  if (status === undefined) return "The agent does not answer.";
  const waiting = Object.values(status.ledger).reduce((sum, lane) => sum + lane.waiting, 0);
  return `Agent: ${waiting} waiting, ${status.unexplained} unexplained.`;
}

/** For a stdout that is no terminal: one line for each device, one for the ledgers. */
export function plainLines(board: Board, scene: Scene, now: bigint): string[] {
  const at = `${(scene.elapsedMs / 1000).toFixed(0).padStart(3)} s`;
  const devices = board.devices.map((device) => {
    const shown = (CHOSEN[device.driver] ?? []).flatMap(
      (name) => device.values.find(({ metric }) => metric.refid === name || metric.name === name) ?? [],
    );
    const values = shown.map((value) => {
      const [name = "", text = "", unit = "", validity = ""] = valueCells(value, now);
      return `${name} ${value.value === null ? validity : `${text} ${unit}`.trim()}`;
    });
    return `${at}  ${device.socket}  ${device.device}  ${device.liveness}  ${values.join(", ")}`;
  });
  const blocked = board.blocked.map(({ location, reasons }) => `${at}  BLOCKED ${location}: ${reasons.join("; ")}`);
  const ledger = scene.tallies.map(
    ({ device, sent, received, unheard }) => `${device} ${sent} sent, ${received} received, ${unheard} unheard`,
  );
  return [`${at}  gateway ${GATEWAY} ${board.gateway.presence}`, ...devices, ...blocked, `${at}  ledger  ${ledger.join("; ")}`];
}
