import type { Board, DeviceLine, ValueLine, WaveLine } from "./board.ts";
import { CAST } from "./cast.ts";
import type { Look, Measure, Paint } from "./screen.ts";
import { metricName, unitName, validityName } from "./words.ts";

/** The readings of the room: a line or two for each device, and one for each device below its port. */

/** Of a driver, by reference id or the device's own name, most wanted first: as many are shown as there is room for. */
const CHOSEN: Readonly<Record<string, readonly string[]>> = {
  nonin: ["MDC_PULS_OXIM_SAT_O2", "MDC_PULS_OXIM_PULS_RATE"],
  "masimo-ascii": ["MDC_PULS_OXIM_SAT_O2", "MDC_PULS_OXIM_PULS_RATE", "MDC_PULS_OXIM_PERF_REL"],
  "puritan-bennett-840": ["f9", "f71", "f70", "f72", "f73", "f87", "f77"],
  "philips-intellivue": [
    ...["MDC_ECG_HEART_RATE", "MDC_PULS_OXIM_SAT_O2", "MDC_PRESS_BLD_ART_ABP_SYS", "MDC_PRESS_BLD_ART_ABP_DIA"],
    ...["MDC_RESP_RATE", "MDC_PRESS_BLD_NONINV_MEAN"],
  ],
  "ge-dri": [
    "MDC_ECG_HEART_RATE",
    "MDC_PULS_OXIM_SAT_O2",
    "MDC_PRESS_BLD_ART_ABP_MEAN",
    "MDC_CONC_AWAY_CO2_ET",
    "MDC_PRESS_BLD_NONINV_MEAN",
  ],
  "draeger-medibus": ["MDC_VOL_AWAY_TIDAL_EXP", "MDC_VENT_VOL_MINUTE_EXP", "MDC_VENT_PRESS_AWAY_MAX", "MDC_VENT_PRESS_AWAY_END_EXP_POS"],
  "bbraun-bcc": ["MDC_FLOW_FLUID_PUMP", "MDC_DRUG_NAME_TYPE", "MDC_VOL_FLUID_DELIV"],
};
const CHOSEN_WAVES = ["MDC_ECG_ELEC_POTL_II", "MDC_PULS_OXIM_PLETH", "MDC_PRESS_AWAY"];

const BED_COLUMNS = 10;
const DEVICE_COLUMNS = 20;
const READING_COLUMNS = 60;
const AGE_COLUMNS = 8;
const WAVE_NAME_COLUMNS = 17;
/** A device, its node below the port in front of it, and what both are shown by. */
const heading = (bed: string, device: string): string =>
  `${bed.padEnd(BED_COLUMNS)}${cut(device, DEVICE_COLUMNS - 1).padEnd(DEVICE_COLUMNS)}`;

export function deviceRows({ devices, gateway }: Board, { paint, now }: Look, measure: Measure): string[] {
  return [...Map.groupBy(devices, ({ device }) => device).values()].flatMap((lines) => {
    const own = lines.find(({ place }) => place === "") ?? lines[0]!;
    const below = lines.filter((line) => line !== own);
    const isAlive = gateway.presence === "online" && lines.some(({ liveness }) => liveness === "streaming");
    const told = below.length > 0 && !measure.rows ? below : [own];
    const cells = told.flatMap((line) => cellsOf(line, measure.rows));
    const dot = isAlive ? paint.green("●") : paint.red("●");
    const head = `${dot}${heading(own.socket, own.device)}`;
    const first = `${head}${below.length > 0 && measure.rows ? nodesText(below, paint) : cellsText(cells, isAlive, paint)}${ageText(lines, now)}`;
    if (!measure.rows) return [first];
    const model = heading("", modelOf(own));
    const wave = CHOSEN_WAVES.flatMap((name) => own.waves.find(({ metric }) => metric.refid === name) ?? [])[0];
    const second =
      below.length > 0 ? [] : wave === undefined ? [moreOf(cells, model, isAlive, paint)] : [waveRow(wave, model, isAlive, paint)];
    const nodes = below.map((line, at) => {
      const mark = line.liveness === "streaming" ? "" : ` ${line.liveness}`;
      const lead = at === 0 ? model : heading("", "");
      return ` ${lead}${cellsText([{ text: `${line.place.padEnd(5)}`, isGood: true }, ...cellsOf(line, true)], isAlive, paint)}${mark}`;
    });
    return [first, ...second, ...nodes];
  });
}

const modelOf = ({ device, driver }: DeviceLine): string => CAST.find(({ rule }) => rule.device === device)?.model ?? driver;
const cut = (text: string, width: number): string => (text.length > width ? `${text.slice(0, width - 1)}…` : text);

// ── Cells ───────────────────────────────────────────────────────────────────────────────────────────────────────────

type Cell = { readonly text: string; readonly isGood: boolean };

export const chosenOf = ({ driver, values }: DeviceLine): readonly ValueLine[] =>
  (CHOSEN[driver] ?? []).flatMap((name) => values.find(({ metric }) => metric.refid === name || metric.name === name) ?? []);

/** Of a device below a port in one line with others only the first value. */
function cellsOf(line: DeviceLine, isWhole: boolean): readonly Cell[] {
  const chosen = chosenOf(line);
  const shown = line.place === "" || isWhole ? chosen : chosen.slice(0, 1);
  if (shown.length === 0)
    return [{ text: `${line.place} ${line.values.length === 0 ? "no reading yet" : "–"}`.trimStart(), isGood: false }];
  return shown.map((value) => {
    const text = cellText(value);
    return { text: line.place === "" || isWhole ? text : `${line.place} ${text}`, isGood: value.validity === 0 };
  });
}

export function cellText({ metric, value, validity, reason }: ValueLine): string {
  const name = metricName(metric);
  const why = validity === 0 ? "" : ` (${reason === undefined ? validityName(validity, undefined) : reason.replaceAll("_", " ")})`;
  return `${name} ${value === null ? "–" : `${value} ${unitName(metric)}`.trim()}${why}`;
}

const GAP = "   ";

function fitting(cells: readonly Cell[]): readonly Cell[] {
  let width = -GAP.length;
  return cells.filter(({ text }) => {
    width += GAP.length + text.length;
    return width <= READING_COLUMNS;
  });
}

function cellsText(cells: readonly Cell[], isAlive: boolean, paint: Paint): string {
  const shown = fitting(cells);
  const width = shown.reduce((sum, { text }) => sum + text.length, (shown.length - 1) * GAP.length);
  const colour = ({ isGood }: Cell): ((text: string) => string) => (!isAlive ? paint.dim : isGood ? (text) => text : paint.yellow);
  return `${shown.map((cell) => colour(cell)(cell.text)).join(GAP)}${" ".repeat(Math.max(0, READING_COLUMNS - width))}`;
}

/** What did not fit into the first line. */
function moreOf(cells: readonly Cell[], model: string, isAlive: boolean, paint: Paint): string {
  const rest = cells.slice(fitting(cells).length);
  return ` ${model}${rest.length === 0 ? "" : cellsText(rest, isAlive, paint)}`.trimEnd();
}

const nodesText = (below: readonly DeviceLine[], paint: Paint): string => {
  const text = `${below.length} ${below.length === 1 ? "device" : "devices"} below this port`;
  return paint.dim(text.padEnd(READING_COLUMNS));
};

/** Of the newest value or sample. */
function ageText(lines: readonly DeviceLine[], now: bigint): string {
  const times = lines.flatMap(({ values }) => values.map(({ at }) => at));
  const newest = times.toSorted((a, b) => (a < b ? -1 : 1)).at(-1);
  return newest === undefined ? "" : age(newest, now).padStart(AGE_COLUMNS);
}
export const age = (at: bigint, now: bigint): string => `${(Math.max(0, Number(now - at)) / 1e9).toFixed(1)} s`;

// ── Waves ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const BARS = [..."▁▂▃▄▅▆▇█"];

function waveRow({ metric, samples }: WaveLine, model: string, isAlive: boolean, paint: Paint): string {
  const columns = READING_COLUMNS + AGE_COLUMNS - WAVE_NAME_COLUMNS;
  return ` ${model}${paint.dim(metricName(metric).padEnd(WAVE_NAME_COLUMNS))}${(isAlive ? paint.green : paint.dim)(picture(samples, columns))}`;
}

/** The last seconds of a wave, spread over the columns: of each column the sample that is farthest from the middle. */
function picture(samples: readonly number[], columns: number): string {
  const low = Math.min(...samples);
  const span = Math.max(1, Math.max(...samples) - low);
  const middle = low + span / 2;
  return Array.from({ length: columns }, (_, column) => {
    const from = Math.floor((column * samples.length) / columns);
    const own = samples.slice(from, Math.max(from + 1, Math.floor(((column + 1) * samples.length) / columns)));
    const sample = own.reduce((far, one) => (Math.abs(one - middle) > Math.abs(far - middle) ? one : far), own[0] ?? low);
    return BARS[Math.min(BARS.length - 1, Math.floor(((sample - low) * BARS.length) / span))];
  }).join("");
}
