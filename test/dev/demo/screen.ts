import type { AlertLine, Board } from "./board.ts";
import { CAST, GATEWAY } from "./cast.ts";
import type { Changes } from "./change.ts";
import { age, cellText, chosenOf, deviceRows } from "./device-rows.ts";
import type { DeviceTally } from "./ledger.ts";
import { SIGNERS } from "./office.ts";
import type { Scene } from "./play.ts";
import { ruleText } from "./stage.ts";

/** What a person sees: lines of at most `WIDTH` columns, made from the board and the ledgers. Pure. */
export const WIDTH = 100;

/** How much is shown: everything, or what a small window has room for. */
export type Measure = {
  /** More than one row a device: its model, a wave, what is below its port. */
  readonly rows: boolean;
  readonly alerts: number;
  readonly blanks: boolean;
  /** What a number means is said below it. */
  readonly words: boolean;
};
const FULL: Measure = { rows: true, alerts: 4, blanks: true, words: true };
const MEASURES: readonly Measure[] = [FULL, { ...FULL, alerts: 2 }, { ...FULL, alerts: 2, blanks: false }, { ...FULL, rows: false }];
const SMALL: Measure = { rows: false, alerts: 1, blanks: false, words: false };

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
    ...deviceRows(board, look, measure),
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
  return newestFirst.slice(0, measure.alerts).map(({ socket, device, place, name, word, since }, at, { length }) => {
    const text = `${socket} ${device}${place === "" ? "" : ` ${place}`}  ${name}${word === "" ? "" : ` (${word})`}${since === undefined ? "" : `, for ${age(since, now)}`}`;
    return ` ${at === 0 ? paint.yellow("ALERTS ") : "       "}  ${text}${at === length - 1 ? paint.dim(more) : ""}`;
  });
}

// ── Ledgers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Three devices a line: what it sent is what came, what is on its way, and what nobody listened to. */
function ledgerLines({ counts, gateway }: Board, { tallies, status }: Scene, paint: Paint): string[] {
  const { observations, waveBlocks, alerts, duplicates } = counts;
  const word = agentsWord(status, gateway.presence);
  const cells = tallies.map(({ device, sent, received, onTheWay, unheard }: DeviceTally) =>
    `${device} ${sent}=${received}+${onTheWay}+${unheard}`.padEnd(LEDGER_COLUMNS),
  );
  const lines = Array.from({ length: Math.ceil(cells.length / LEDGER_CELLS) }, (_, at) =>
    ` ${cells.slice(at * LEDGER_CELLS, (at + 1) * LEDGER_CELLS).join("")}`.trimEnd(),
  );
  return [
    paint.dim(" LEDGER   packets sent by each device = received here + on the way + nobody listened"),
    ...lines,
    paint.dim(` ${observations} values, ${waveBlocks} waves, ${alerts} alert edges, ${duplicates} duplicates. ${word}`),
  ];
}
const LEDGER_CELLS = 3;
const LEDGER_COLUMNS = 33;

function agentsWord(status: Scene["status"], presence: Board["gateway"]["presence"]): string {
  if (status === undefined) return presence === "stopped" ? "" : "Agent: no answer.";
  const waiting = Object.values(status.ledger).reduce((sum, lane) => sum + lane.waiting, 0);
  return `Agent: ${waiting} waiting, ${status.unexplained} unexplained.`;
}

/** For a stdout that is no terminal: one line for each device, one for the ledgers. */
export function plainLines(board: Board, scene: Scene): string[] {
  const at = `${(scene.elapsedMs / 1000).toFixed(0).padStart(3)} s`;
  const devices = board.devices.map((device) => {
    const values = chosenOf(device).map(cellText);
    const place = device.place === "" ? "" : ` ${device.place}`;
    return `${at}  ${device.socket}  ${device.device}${place}  ${device.liveness}  ${values.join(", ")}`;
  });
  const blocked = board.blocked.map(({ location, reasons }) => `${at}  BLOCKED ${location}: ${reasons.join("; ")}`);
  const changes = changeLines(scene.changes, PLAIN, SMALL).map((line) => `${at} ${line}`);
  const ledger = scene.tallies.map(
    ({ device, sent, received, unheard }) => `${device} ${sent} sent, ${received} received, ${unheard} unheard`,
  );
  return [`${at}  gateway ${GATEWAY} ${board.gateway.presence}`, ...devices, ...blocked, ...changes, `${at}  ledger  ${ledger.join("; ")}`];
}
