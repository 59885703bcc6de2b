import { ask, configure } from "./emulator-bed.ts";
import { configured, enable, ranged, tracesText, type WaveUnit } from "./emulator-curves.ts";
import { PAGE_FORMS } from "./emulator-pages.ts";
import { answers, asks, asksAgain, calls, forgets, type MedibusState, quietened, TIMES } from "./emulator-state.ts";
import { CODE, type Heard } from "./emulator-wire.ts";

/** What the device does with what it hears. */

export function hear(state: MedibusState, heard: Heard, at: number): MedibusState {
  switch (heard.heard) {
    case "command":
      return obey(state, heard.code, heard.argument, at);
    case "answer":
      return answered(state, heard.code, heard.content, at);
    case "broken command":
      return state.session.phase === "open" ? answers(state, CODE.negative, at) : state;
    case "wait":
      return { ...state, line: { ...state.line, held: at + TIMES.hold } };
    case "go on":
      return { ...state, line: { ...state.line, held: at } };
    case "cancel":
      // What is under way is broken off; the host asks again.
      return { ...state, line: { ...state.line, slow: [], busyUntil: at } };
    case "enable":
      return state.session.phase === "open" ? { ...state, curves: enable(state.curves, heard, at) } : state;
  }
}

function obey(state: MedibusState, code: number, argument: string, at: number): MedibusState {
  if (code === CODE.initialise) return initialised(state, at);
  const { session } = state;
  if (session.phase !== "open") return state;
  const early = session.host === "unknown" || at < session.ready;
  switch (code) {
    case CODE.nothing:
      return answers(state, code, at);
    case CODE.stop:
      return calls(answers(state, code, at), at + TIMES.icc, at);
    case CODE.identify:
      return early ? state : answers(state, code, at, identityText(state), told({ "medibus.version": state.identity.medibus }));
    case CODE.configureData:
      return early ? state : answers({ ...state, bed: configure(state.bed, argument) }, code, at);
  }
  if (session.host === "unknown" && state.demandsId) return state;
  switch (code) {
    case CODE.clock:
      return answers(state, code, at, clockText(state, at), told({ "medibus.time": clockText(state, at) }, clockText(state, at)));
    case CODE.curves:
      return answers(state, code, at, tracesText(state.curves.traces));
    case CODE.configureCurves: {
      const quiet = quietened(state, at);
      return answers({ ...quiet, curves: configured(quiet.curves, argument) }, code, at);
    }
  }
  return PAGE_FORMS[code] === undefined ? answers(state, code, at) : page(state, code, at);
}

const told = (observations: WaveUnit["observations"], deviceTime?: string): WaveUnit => ({
  ...{ observations, waves: {}, conditions: {} },
  ...(deviceTime === undefined ? {} : { deviceTime }),
});

function page(state: MedibusState, code: number, at: number): MedibusState {
  const { bed, content, conclusion } = ask(state.bed, code);
  return answers({ ...state, bed }, code, at, content, conclusion === undefined ? undefined : { waves: {}, ...conclusion });
}

/** ICC of the host: everything begins anew, and the device asks in its answer who is there. */
function initialised(state: MedibusState, at: number): MedibusState {
  const fresh: MedibusState = { ...forgets(state, at), asked: undefined, session: { phase: "open", host: "unknown", ready: 0 } };
  return answers(fresh, CODE.initialise, at, "", undefined, CODE.identify);
}

function answered(state: MedibusState, code: number, content: string, at: number): MedibusState {
  const { asked } = state;
  if (asked === undefined) return state;
  if (code === CODE.negative) return asksAgain(state, at);
  if (code !== asked.code) return state;
  const free: MedibusState = { ...state, asked: undefined };
  if (code === CODE.initialise) return asks({ ...free, session: { phase: "open", host: "unknown", ready: 0 } }, CODE.identify, at);
  if (code === CODE.identify && state.session.phase === "open") return acquainted(free, content, at);
  return free;
}

/** Number of the host, its name, its own version and that of its MEDIBUS. */
const FULL_ID = /^[0-9A-F]{4}'[^']{1,32}'\d\d\.\d\d:\d\d\.\d\d$/;
function acquainted(state: MedibusState, content: string, at: number): MedibusState {
  if (state.demandsId && !FULL_ID.test(content)) return calls(state, at + TIMES.icc, at);
  const known = state.session.phase === "open" && state.session.host === "told";
  return known ? state : { ...state, session: { phase: "open", host: "told", ready: at + TIMES.ready } };
}

/** The device measures over another range: it says so, and sends no curve until it is configured again. */
export function changes(state: MedibusState, at: number): MedibusState {
  const quiet = quietened(state, at);
  return asks({ ...quiet, curves: ranged(quiet.curves), change: Number.POSITIVE_INFINITY }, CODE.curvesChanged, at);
}

const identityText = ({ identity: { id, name, software, medibus } }: MedibusState): string => `${id}'${name}'${software}:${medibus}`;

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAI", "JUN", "JUL", "AUG", "SEP", "OKT", "NOV", "DEZ"];
function clockText({ clock }: MedibusState, at: number): string {
  const now = new Date(clock + at);
  const two = (value: number): string => String(value).padStart(2, "0");
  const time = [now.getUTCHours(), now.getUTCMinutes(), now.getUTCSeconds()].map(two).join(":");
  return `${time}${two(now.getUTCDate())}-${MONTHS[now.getUTCMonth()]}-${two(now.getUTCFullYear() % 100)}`;
}
