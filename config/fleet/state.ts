import { columns, EXIT } from "../command-line.ts";
import { KINDS, type Kind } from "../envelope/envelope.ts";
import { type DeviceRow, devicesOf } from "./devices.ts";
import { beyondSaid } from "./generations.ts";
import { type Bench, reasonsText, shortened } from "./push.ts";
import type { Labels } from "./site.ts";
import { outcomeOf, runningOf, standingDocument, targetOf } from "./targets.ts";
import { plain } from "./trouble.ts";
import type { Standing } from "./view.ts";

/** All that is known of a gateway, for people, programs and Prometheus. */
export type GatewayRow = {
  readonly gateway: string;
  readonly labels: Labels;
  readonly state: Standing["is"];
  readonly detail: string;
  readonly healthAgeSeconds: number | undefined;
  readonly version: string | undefined;
  readonly documents: readonly DocumentRow[];
  readonly devices: readonly DeviceRow[];
  readonly faults: readonly string[];
  readonly unexplained: number;
  readonly uptimeSeconds: number | undefined;
  readonly residentBytes: number | undefined;
  /** Messages that are not believed, and why. */
  readonly strange: readonly string[];
};
export type DocumentRow = {
  readonly kind: Kind;
  /** lost: what was pushed does not stand at the broker any more · nothing: none was pushed, none runs. */
  readonly is: "applied" | "trial" | "waiting" | "nothing" | "other" | "refused" | "reverted" | "lost";
  readonly pushed: number | undefined;
  readonly runs: number | undefined;
  readonly detail: string;
};

/** Waits for what more listening may show, then tells. */
export async function readState(bench: Bench, within: number): Promise<readonly GatewayRow[]> {
  const { fx, ear } = bench;
  await ear.until(() => {
    const doubtful = ear.gateways.filter((gateway) => !ear.standing(gateway).certain).length;
    if (doubtful > 0) fx.progress(`listening for health of ${doubtful} gateways`);
    return doubtful === 0;
  }, within);
  return stateOf(bench);
}

export const stateOf = (bench: Bench): readonly GatewayRow[] => bench.ear.gateways.map((gateway) => rowOf(bench, gateway));

function rowOf(bench: Bench, gateway: string): GatewayRow {
  const { ear, site } = bench;
  const view = ear.view(gateway);
  const standing = ear.standing(gateway);
  const health = view.health?.said;
  const birth = view.presence?.said.state.kind === "birth" ? view.presence.said.state.birth : undefined;
  return {
    gateway,
    labels: site.gateways.get(gateway) ?? {},
    state: standing.is,
    detail: standing.detail,
    healthAgeSeconds: standing.healthAge === undefined ? undefined : Math.round(standing.healthAge / 1000),
    version: birth === undefined ? undefined : plain(birth.version),
    documents: KINDS.map((kind) => documentRow(bench, gateway, kind)),
    devices: devicesOf(bench, gateway),
    faults: standing.is === "present" ? (health?.faults ?? []).map(plain) : [],
    unexplained: health?.ledger?.unexplained ?? 0,
    uptimeSeconds: health === undefined ? undefined : health.uptimeMs / 1000,
    residentBytes: health?.residentBytes,
    strange: [
      ...Object.entries(view.strange).map(([leaf, what]) => plain(`${leaf}: ${what}`)),
      ...KINDS.flatMap((kind) => beyondSaid(bench, view, kind) ?? []),
    ],
  };
}

function documentRow({ fx, ear, site, store }: Bench, gateway: string, kind: Kind): DocumentRow {
  const view = ear.view(gateway);
  const standing = standingDocument(fx, view, kind, site.trust);
  const target = targetOf(store, view, kind, standing);
  const outcome = outcomeOf(view.reported[kind], target);
  const row = { kind, pushed: target?.generation, runs: runningOf(view.reported[kind])?.generation };
  if (standing.trouble !== undefined) return { ...row, is: outcome.is, detail: plain(standing.trouble) };
  if (target !== undefined && standing.opened?.sha256 !== target.sha256)
    return { ...row, is: "lost", detail: `the broker does not hold it any more:  bedside-fleet push ${store.pathOf(target)} ${gateway}` };
  if (outcome.is === "refused" || outcome.is === "reverted") return { ...row, is: outcome.is, detail: reasonsText(outcome.reasons) };
  return { ...row, is: outcome.is, detail: outcome.is === "other" ? "it runs what was not pushed from here" : "" };
}

/** A document that is as it is to be. */
export const isSettled = ({ is }: DocumentRow): boolean => is === "applied" || is === "nothing";

/** 0: all is as it should be · 4: only gateways are missing · 1: something else. */
export function stateExit(rows: readonly GatewayRow[]): number {
  const wrong = rows
    .filter(({ state }) => state === "present")
    .some((row) => row.unexplained > 0 || row.documents.some((one) => !isSettled(one)));
  if (wrong) return EXIT.failed;
  return rows.some(({ state }) => state !== "present") ? EXIT.offline : EXIT.ok;
}

export function stateText(rows: readonly GatewayRow[]): string {
  const lines = rows.map((row) => [
    row.gateway,
    row.state,
    row.healthAgeSeconds === undefined ? "-" : `${row.healthAgeSeconds} s`,
    ...row.documents.map(({ is, pushed, runs }) =>
      is === "nothing" ? "-" : is === "applied" ? `${runs}` : `${runs ?? "-"} (${pushed ?? "-"} ${is})`,
    ),
    `${row.devices.filter(({ is }) => is === "present").length}/${row.devices.filter(({ is }) => is !== "unexpected").length}`,
    row.faults.length === 0 ? "-" : row.faults.join(","),
    [row.detail, ...row.strange].filter((text) => text !== "").join("; "),
  ]);
  const told = columns([["GATEWAY", "STATE", "HEALTH", "SETTINGS", "ADMISSIONS", "DEVICES", "FAULTS", ""], ...lines]);
  return `${[...shortened(told), summaryOf(rows)].join("\n")}\n`;
}

export function summaryOf(rows: readonly GatewayRow[]): string {
  const present = rows.filter(({ state }) => state === "present").length;
  const settled = rows.filter(({ documents }) => documents.every(isSettled)).length;
  const unexplained = rows.reduce((sum, row) => sum + row.unexplained, 0);
  return `${rows.length} gateways: ${present} present, ${settled} at target; unexplained records: ${unexplained}`;
}
