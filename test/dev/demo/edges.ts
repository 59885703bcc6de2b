import { CAUSE, EDGE } from "../../../proto/messages.ts";
import type { Received } from "../../support/central.ts";
import type { LedgerEntry } from "../../support/emulated-device.ts";
import { type DeviceBook, TICK_NS } from "./book.ts";
import { isAlert, keyIn, named, type Of, type Share, type SharedEntry } from "./shares.ts";

export type EdgeFaults = { readonly lost: readonly string[]; readonly invented: readonly string[] };

/**
 * The alert records of a node against the conditions that its units tell. A new epoch knows no condition, so one that is present in
 * its first unit is an onset by start; what ends with the epoch has no clear. Which epoch a unit was told in is known by its report;
 * one without values belongs to the epoch of those around it. Where such a one may be of the talk with the agent before, what is told of
 * its conditions in that epoch is not judged. In the tick before a kill a unit's alerts may have arrived and its report not.
 */
export function alertFaults(
  { device, holds }: Pick<DeviceBook, "device" | "holds">,
  { place, entries, records }: Share,
  told: readonly { readonly record: Received; readonly entry: SharedEntry | undefined }[],
  isExcused: (entry: SharedEntry) => boolean,
): EdgeFaults {
  const lost: string[] = [];
  const invented: string[] = [];
  const known = Object.fromEntries(entries.flatMap(({ unit }) => Object.keys(unit.conditions).map((key) => [key, true])));
  const alerts = records.filter(isAlert);
  const attachments = Map.groupBy([...told.map(({ record }) => record), ...alerts].toSorted(byTime), attachmentOf);
  let from = 0;
  for (const [attachment, [first]] of attachments) {
    if (first === undefined) continue;
    const own = told.flatMap(({ record, entry }) => (attachmentOf(record) === attachment && entry !== undefined ? [entry] : []));
    const heard = new Set(own);
    const last = Math.max(from - 1, ...own.map((entry) => entries.indexOf(entry)));
    const begun = holds.findLast((hold) => hold.from <= first.at + TICK_NS)?.from ?? first.at;
    const isOf = (entry: SharedEntry): boolean => isMute(entry) && entry.firstByteAt >= begun;
    const units = entries.slice(from, last + 1).filter((entry) => heard.has(entry) || isOf(entry));
    const judged = units.slice(units.findLastIndex((entry) => isMute(entry) && isExcused(entry)) + 1);
    const open = new Set(units.slice(0, units.length - judged.length).flatMap(({ unit }) => Object.keys(unit.conditions)));
    const after = entries.slice(last + 1);
    const rest = after.slice(0, Math.max(0, after.findIndex((entry) => !isMute(entry)) + 1 || after.length));
    const mayBe = rest.filter((entry) => isMute(entry) || isExcused(entry));
    from = last + 1;
    const came = edgesReceived(
      alerts.filter((alert) => attachmentOf(alert) === attachment),
      known,
    );
    for (const condition of Object.keys({ ...known, ...Object.fromEntries(came) })) {
      const got = came.get(condition) ?? "";
      const [must, may] = open.has(condition) ? ["[SOC]*", ""] : patternOf(condition, judged, mayBe);
      if (new RegExp(`^${must}${may}$`).test(got)) continue;
      const what = `${named(device, place)}: ${condition} told [${inWords(got)}], was [${inWords(must)}] in ${attachment}`;
      (got.length < must.replaceAll(OPTIONAL, "").length ? lost : invented).push(what);
    }
  }
  return { lost, invented };
}

const isMute = ({ unit }: LedgerEntry): boolean => Object.keys(unit.observations).length === 0;
const byTime = (a: Received, b: Received): number => (a.at === b.at ? 0 : a.at < b.at ? -1 : 1);
const attachmentOf = ({ run, epoch }: Received): string => `run ${run.toString(16)}, epoch ${epoch}`;

/** Edges as letters, so that a pattern can say which may be missing. */
const EDGES = { S: "onset by start", O: "onset by device", C: "clear by device" } as const;
const OPTIONAL = /\(\?:CO\)\?|C\?/g;
const inWords = (edges: string): string => [...edges].map((edge) => EDGES[edge as keyof typeof EDGES] ?? edge).join(" ");

/**
 * What must be told of a condition, and what may be beyond it. Where a unit of which the device's paper does not name all says nothing of
 * a condition, a reader may have told that it is over, and tells of its return then.
 */
function patternOf(condition: string, units: readonly LedgerEntry[], beyond: readonly LedgerEntry[]): readonly [must: string, may: string] {
  let is = "unknown" as "unknown" | "absent" | "present" | "perhaps over";
  const edge = ({ unit }: LedgerEntry): string => {
    const present = unit.conditions[condition];
    const was = is;
    if (present === undefined) {
      if (unit.partial === true && was === "present") is = "perhaps over";
      return "";
    }
    is = present ? "present" : "absent";
    if (was === "perhaps over") return present ? "(?:CO)?" : "C";
    if (present) return was === "unknown" ? "S" : was === "absent" ? "O" : "";
    return was === "present" ? "C" : "";
  };
  const must = units.map(edge).join("");
  const further = beyond.map(edge).filter((one) => one !== "");
  if (further.length === 0) return [must, is === "perhaps over" ? "C?" : ""];
  return [must, further.reduceRight((rest, one) => `(?:${one}${rest})?`, "")];
}

/** A change of the word alone (LOW → HIGH) is no change of the state that the device's ledger has. */
function edgesReceived(alerts: readonly Of<"alert">[], known: Readonly<Record<string, boolean>>): ReadonlyMap<string, string> {
  const edges = new Map<string, string>();
  for (const { body } of alerts) {
    const { edge, cause } = body.alert;
    if (edge === EDGE.change) continue;
    const condition = keyIn(known, body.metric);
    const letter = edge === EDGE.clear ? "C" : cause === CAUSE.start ? "S" : "O";
    edges.set(condition, `${edges.get(condition) ?? ""}${letter}`);
  }
  return edges;
}
