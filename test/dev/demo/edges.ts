import { CAUSE, EDGE } from "../../../proto/messages.ts";
import type { Received } from "../../support/central.ts";
import type { LedgerEntry } from "../../support/emulated-device.ts";
import { type DeviceBook, excuse, type Faults, type Of } from "./ledger.ts";

/** condition → its edges in order, as "onset by device", "onset by start", "clear by device". */
type Edges = ReadonlyMap<string, readonly string[]>;

/**
 * The alert records of a device against the conditions that its units tell. A new epoch knows no condition, so one that is
 * present in its first unit is an onset by start; what ends with the epoch has no clear. In the tick before a kill a unit's
 * alerts may have arrived and its report not.
 */
export function alertFaults(
  book: DeviceBook,
  own: readonly Received[],
  reports: readonly Of<"report">[],
  matched: readonly (number | undefined)[],
): Faults {
  const lost: string[] = [];
  const invented: string[] = [];
  const alerts = own.filter((record): record is Of<"alert"> => record.body.kind === "alert");
  const attachments = new Set([...reports, ...alerts].map(attachmentOf));
  for (const attachment of attachments) {
    const units = reports.flatMap((report, at) => (attachmentOf(report) === attachment ? (matched[at] ?? []) : []));
    const got = edgesReceived(
      alerts.filter((alert) => attachmentOf(alert) === attachment),
      book,
    );
    const least = edgesSent(units.map((unit) => book.sent[unit]!));
    const next = units.length === 0 ? undefined : book.sent[units.at(-1)! + 1];
    const mayBe = next !== undefined && excuse(next, book.holds) === "killed" ? [next] : [];
    const most = edgesSent([...units.map((unit) => book.sent[unit]!), ...mayBe]);
    for (const condition of new Set([...got.keys(), ...most.keys()])) {
      const [came, must, may] = [got, least, most].map((edges) => edges.get(condition) ?? []) as [string[], string[], string[]];
      const what = `${book.device}: ${condition} told [${came.join(", ")}], was [${must.join(", ")}] in ${attachment}`;
      if (must.some((edge, at) => came[at] !== edge)) lost.push(what);
      else if (came.length > may.length || came.some((edge, at) => may[at] !== edge)) invented.push(what);
    }
  }
  return { lost, invented };
}

const attachmentOf = ({ run, epoch }: Received): string => `run ${run.toString(16)}, epoch ${epoch}`;

function edgesSent(units: readonly LedgerEntry[]): Edges {
  const edges = new Map<string, string[]>();
  const known = new Map<string, boolean>();
  for (const { unit } of units) {
    for (const [condition, present] of Object.entries(unit.conditions)) {
      const before = known.get(condition);
      known.set(condition, present);
      if (present === (before ?? false)) continue;
      const edge = present ? `onset by ${before === undefined ? "start" : "device"}` : "clear by device";
      edges.set(condition, [...(edges.get(condition) ?? []), edge]);
    }
  }
  return edges;
}

/** A change of the word alone (LOW → HIGH) is no change of the state that the device's ledger has. */
function edgesReceived(alerts: readonly Of<"alert">[], { keyOf }: DeviceBook): Edges {
  const edges = new Map<string, string[]>();
  for (const { body } of alerts) {
    const { edge, cause } = body.alert;
    if (edge === EDGE.change) continue;
    const told = `${edge === EDGE.onset ? "onset" : "clear"} by ${cause === CAUSE.start ? "start" : "device"}`;
    const condition = keyOf(body.metric);
    edges.set(condition, [...(edges.get(condition) ?? []), told]);
  }
  return edges;
}
