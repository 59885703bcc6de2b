import type { AlertLine, Board, DeviceLine, ValueLine } from "./board.ts";
import { CAST, GATEWAY } from "./cast.ts";
import type { Changes } from "./change.ts";
import type { DeviceTally } from "./ledger.ts";
import { SIGNERS } from "./office.ts";
import type { Scene } from "./play.ts";
import { ruleText } from "./stage.ts";
import { metricName, unitName, validityName } from "./words.ts";

/** What a person sees: lines of at most `WIDTH` columns, made from the board and the ledgers. Pure. */
export const WIDTH = 100;

/** Metrics of a driver that are shown, by reference id or the device's own name, most wanted first; the others are counted. */
const CHOSEN: Readonly<Record<string, readonly string[]>> = {
  nonin: ["MDC_PULS_OXIM_SAT_O2", "MDC_PULS_OXIM_PULS_RATE"],
  "puritan-bennett-840": ["f9", "f71", "f70", "f72", "f73", "f87", "f77"],
};
/** How much is shown: everything, or what a small window has room for. */
type Measure = {
  readonly metrics: number;
  readonly alerts: number;
  readonly waves: boolean;
  readonly blanks: boolean;
  /** What a number means is said below it. */
  readonly words: boolean;
};
const FULL: Measure = { metrics: 7, alerts: 3, waves: true, blanks: true, words: true };
const MEASURES: readonly Measure[] = [FULL, { ...FULL, metrics: 6 }, { ...FULL, metrics: 5 }];
const SMALL: Measure = { metrics: 2, alerts: 1, waves: false, blanks: false, words: false };

export type Paint = Readonly<Record<"bold" | "dim" | "red" | "green" | "yellow" | "cyan", (text: string) => string>>;
const sgr =
  (code: number) =>
  (text: string): string =>
    `\x1b[${code}m${text}\x1b[0m`;
export const COLOURS: Paint = { bold: sgr(1), dim: sgr(2), red: sgr(31), green: sgr(32), yellow: sgr(33), cyan: sgr(36) };
const same = (text: string): string => text;
export const PLAIN: Paint = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };

export type Look = {
  readonly paint: Paint;
  readonly brokerPort: number;
  readonly seconds: number | undefined;
  readonly now: bigint;
  readonly rows: number;
};

export function screen(board: Board, scene: Scene, look: Look): string[] {
  const pictures = MEASURES.map((measure) => lines(board, scene, look, measure));
  return pictures.find(({ length }) => length <= look.rows) ?? lines(board, scene, look, SMALL);
}

function lines(board: Board, scene: Scene, look: Look, measure: Measure): string[] {
  const { paint } = look;
  const blank = measure.blanks ? [""] : [];
  return [
    titleLine(scene, look),
    ...(measure.blanks
      ? [paint.dim(" emulated devices → serial lines → the agent as packaged → MQTT 5 over mutual TLS 1.3 → this table")]
      : []),
    ...blank,
    gatewayLine(board, scene, look),
    ...blank,
    paint.dim(row(["BED", "DEVICE", "READING", "VALUE", "UNIT", "VALIDITY", "AGE"])),
    ...board.devices.flatMap((device) => deviceRows(device, board, look, measure)),
    ...blank,
    ...blockedLines(board, paint),
    ...changeLines(scene.changes, paint, measure),
    ...blank,
    ...alertBlock(board.alerts, look, measure),
    ...blank,
    ...ledgerLines(board, scene, paint),
    ...blank,
    paint.dim(` ${lastLine(scene)}`),
  ];
}

function lastLine({ doing, changes }: Scene): string {
  if (doing !== "") return `… ${doing}`;
  return `Ctrl-C ends it${changes.forged === undefined ? ", after the changes" : ""}: what it started is stopped, what it wrote is removed.`;
}

function titleLine({ elapsedMs }: Scene, { paint, seconds, brokerPort }: Look): string {
  const left = " Bedside demo";
  const time = `${(elapsedMs / 1000).toFixed(0)} s${seconds === undefined ? "" : ` of ${seconds} s`}`;
  return `${paint.bold(left)}${`broker at 127.0.0.1:${brokerPort}   ${time} `.padStart(WIDTH - left.length)}`;
}

function gatewayLine({ gateway }: Board, { restarts, down }: Scene, { paint }: Look): string {
  const head = ` GATEWAY  ${GATEWAY}   `;
  switch (gateway.presence) {
    case "not heard yet":
      return `${head}${paint.yellow("○ not heard yet")}`;
    case "lost":
      return `${head}${paint.red("✕ LOST: the broker tells its last will.")} The demo killed it and starts it again.`;
    case "stopped":
      return `${head}${paint.yellow("○ stopped in good order")}`;
    case "online": {
      const killed = restarts === 0 ? "" : `   killed ${restarts === 1 ? "once" : `${restarts} times`}, started again each time`;
      const run = `start ${gateway.start}, run ${gateway.run.slice(0, 8)}${killed}`;
      // The will comes when the broker has noticed; the demo knows it at once.
      return down
        ? `${head}${paint.red("✕ killed just now")}   ${paint.dim(run)}`
        : `${head}${paint.green("● online")}   ${paint.dim(run)}`;
    }
  }
}

// ── Readings ────────────────────────────────────────────────────────────────────────────────────────────────────────

const COLUMNS = [10, 16, 23, 10, 7, 25, 7] as const;
/** Set to the right. */
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

function deviceRows(device: DeviceLine, { gateway }: Board, { paint, now }: Look, measure: Measure): string[] {
  const shown = chosenOf(device).slice(0, measure.metrics);
  const model = CAST.find(({ rule }) => rule.device === device.device)?.model ?? device.driver;
  const heads = [[device.socket, device.device], ...wrapped(model, COLUMNS[1] - 1).map((part) => ["", part] as const)] as const;
  const more = device.values.length - shown.length;
  const alive = gateway.presence === "online" && device.liveness === "streaming";
  const rows = shown.map((value, at) => {
    const text = row([...(heads[at] ?? ["", ""]), ...valueCells(value, now)]);
    return colourOf(value, alive, paint)(text.slice(1));
  });
  if (rows.length === 0) rows.push(paint.dim(row([...heads[0], "no reading yet"]).slice(1)));
  if (device.wave.length > 0) {
    if (measure.waves)
      rows.push(
        `${row(["", "", "pleth, last 2 s"]).slice(1).padEnd(PICTURE_FROM)}${(alive ? paint.green : paint.dim)(picture(device.wave))}`,
      );
  } else if (more > 0) rows.push(paint.dim(row(["", "", `… and ${more} more metrics`]).slice(1)));
  return rows.map((text, at) => `${at > 0 ? " " : alive ? paint.green("●") : paint.red("●")}${text}`);
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && `${last} ${word}`.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

const chosenOf = ({ driver, values }: DeviceLine): readonly ValueLine[] =>
  (CHOSEN[driver] ?? []).flatMap((name) => values.find(({ metric }) => metric.refid === name || metric.name === name) ?? []);

function colourOf(value: ValueLine | undefined, alive: boolean, paint: Paint): (text: string) => string {
  if (!alive) return paint.dim;
  return value !== undefined && value.validity !== 0 ? paint.yellow : same;
}

function valueCells({ metric, value, validity, reason, at }: ValueLine, now: bigint): string[] {
  return [metricName(metric), value ?? "–", value === null ? "" : unitName(metric), validityName(validity, reason), age(at, now)];
}

const age = (at: bigint, now: bigint): string => `${(Math.max(0, Number(now - at)) / 1e9).toFixed(1)} s`;

const BARS = [..."▁▂▃▄▅▆▇█"];
const PICTURE_FROM = COLUMNS[0] + COLUMNS[1] + COLUMNS[2];
const PICTURE_COLUMNS = COLUMNS[3] + COLUMNS[4] + COLUMNS[5] + COLUMNS[6] - 1;

/** The last two seconds of a wave, spread over the columns behind its name. */
function picture(samples: readonly number[]): string {
  const low = Math.min(...samples);
  const span = Math.max(1, Math.max(...samples) - low);
  return Array.from({ length: PICTURE_COLUMNS }, (_, column) => {
    const sample = samples[Math.floor((column * samples.length) / PICTURE_COLUMNS)] ?? low;
    return BARS[Math.min(BARS.length - 1, Math.floor(((sample - low) * BARS.length) / span))];
  }).join("");
}

// ── What is not right ───────────────────────────────────────────────────────────────────────────────────────────────

function blockedLines({ blocked }: Board, paint: Paint): string[] {
  const ours = CAST.filter(({ location }) => blocked.some((one) => one.location === location));
  const others = blocked
    .filter(({ location }) => !ours.some((part) => part.location === location))
    .map(({ location, path }) => `${path} (${location})`);
  const named = others.length > 2 ? `${others.slice(0, 2).join(", ")} and ${others.length - 2} more` : others.join(", ");
  return [
    ...(blocked.length === 0 ? [paint.dim(" BLOCKED  nothing")] : []),
    ...ours.flatMap(({ location, rule }) => [
      ` ${paint.red("BLOCKED")}  ${location}   no rule names it: seen, reported, never opened. Missing is a signed change with`,
      paint.cyan(` - ${ruleText(location, rule)}`),
    ]),
    ...(others.length === 0 ? [] : [paint.dim(`${ours.length === 0 ? " BLOCKED  only" : "          likewise"} of this machine: ${named}`)]),
  ];
}

/** What somebody asked the gateway to do differently, and what came of it. */
function changeLines({ signed, forged }: Changes, paint: Paint, { words, blanks }: Measure): string[] {
  if (signed === undefined) return [];
  const line = (name: string, atMs: number, what: string, came: string): string =>
    ` ${name.padEnd(9)}${`${Math.round(atMs / 1000)} s`.padStart(5)}  ${what.padEnd(CHANGE_COLUMNS)}${came}`;
  const after = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  const { appliedMs, readMs } = signed;
  const applied = appliedMs === undefined ? paint.yellow("pushed …") : paint.green(`● APPLIED after ${after(appliedMs)}`);
  const read = readMs === undefined ? "" : `, read after ${after(readMs)}`;
  const what = `read demo-4 too; signed by ${SIGNERS.hospital.by}`;
  const lines = [line("CHANGES", signed.atMs, what, `${applied}${read}`)];
  if (forged !== undefined) {
    const { refused } = forged;
    const came =
      refused === undefined ? paint.yellow("pushed …") : paint.green(`✕ REFUSED after ${after(refused.afterMs)}, ${refused.number}`);
    lines.push(line("", forged.atMs, "read nothing any more; a stranger's key", `${came}${forged.goesOn ? ", all go on" : ""}`));
    if (refused !== undefined && words) lines.push(paint.dim(`${" ".repeat(10)}${refused.number}: ${refused.what}.`));
  }
  return blanks ? ["", ...lines] : lines;
}
const CHANGE_COLUMNS = 40;

function alertBlock(alerts: readonly AlertLine[], { paint, now }: Look, measure: Measure): string[] {
  if (alerts.length === 0) return [paint.dim(" ALERTS   none is active")];
  const newestFirst = alerts.toSorted((a, b) => Number((b.since ?? 0n) - (a.since ?? 0n)));
  const more = alerts.length > measure.alerts ? `   … and ${alerts.length - measure.alerts} more` : "";
  return newestFirst.slice(0, measure.alerts).map(({ socket, device, name, word, since }, at, { length }) => {
    const text = `${socket} ${device}  ${name}${word === "" ? "" : ` (${word})`}${since === undefined ? "" : `, for ${age(since, now)}`}`;
    return ` ${at === 0 ? paint.yellow("ALERTS ") : "       "}  ${text}${at === length - 1 ? paint.dim(more) : ""}`;
  });
}

// ── Ledgers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function ledgerLines({ counts, gateway }: Board, { tallies, status }: Scene, paint: Paint): string[] {
  const cells = (name: string, numbers: readonly (number | string)[]): string =>
    ` ${name.padEnd(15)}${numbers.map((number) => String(number).padStart(18)).join("")}`;
  const { observations, waveBlocks, alerts, duplicates } = counts;
  const word = agentsWord(status, gateway.presence);
  return [
    paint.dim(cells("LEDGER", ["sent by device", "received here", "on the way", "nobody listened"])),
    ...tallies.map(({ device, sent, received, onTheWay, unheard }: DeviceTally) =>
      cells(device, [`${sent} ${device.startsWith("vent") ? "answers" : "packets"}`, received, onTheWay, unheard]),
    ),
    paint.dim(` ${observations} values, ${waveBlocks} waves, ${alerts} alert edges, ${duplicates} duplicates. ${word}`),
  ];
}

function agentsWord(status: Scene["status"], presence: Board["gateway"]["presence"]): string {
  if (status === undefined) return presence === "stopped" ? "" : "Agent: no answer.";
  const waiting = Object.values(status.ledger).reduce((sum, lane) => sum + lane.waiting, 0);
  return `Agent: ${waiting} waiting, ${status.unexplained} unexplained.`;
}

/** For a stdout that is no terminal: one line for each device, one for the ledgers. */
export function plainLines(board: Board, scene: Scene, now: bigint): string[] {
  const at = `${(scene.elapsedMs / 1000).toFixed(0).padStart(3)} s`;
  const devices = board.devices.map((device) => {
    const values = chosenOf(device).map((value) => {
      const [name = "", text = "", unit = "", validity = ""] = valueCells(value, now);
      return `${name} ${value.value === null ? validity : `${text} ${unit}`.trim()}`;
    });
    return `${at}  ${device.socket}  ${device.device}  ${device.liveness}  ${values.join(", ")}`;
  });
  const blocked = board.blocked.map(({ location, reasons }) => `${at}  BLOCKED ${location}: ${reasons.join("; ")}`);
  const changes = changeLines(scene.changes, PLAIN, SMALL).map((line) => `${at} ${line}`);
  const ledger = scene.tallies.map(
    ({ device, sent, received, unheard }) => `${device} ${sent} sent, ${received} received, ${unheard} unheard`,
  );
  return [`${at}  gateway ${GATEWAY} ${board.gateway.presence}`, ...devices, ...blocked, ...changes, `${at}  ledger  ${ledger.join("; ")}`];
}
