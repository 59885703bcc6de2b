import { toHex } from "../bytes-text.ts";
import { EXIT } from "../command-line.ts";
import { KINDS, type Kind } from "../envelope/envelope.ts";
import { isFields } from "../settings/fields.ts";
import { type Bench, reasonsText, shortened } from "./push.ts";
import type { GatewayRow } from "./state.ts";
import { outcomeOf, runningOf, standingDocument, targetOf } from "./targets.ts";
import { plain } from "./trouble.ts";

/** What a gateway has against what was pushed. */
export type DiffRow = {
  readonly gateway: string;
  readonly kind: Kind;
  readonly same: boolean;
  readonly pushed: string;
  readonly stands: string;
  readonly runs: string;
  /** Paths in the body that differ: what runs → what was pushed. Undefined where what runs is not in the store. */
  readonly paths: readonly string[] | undefined;
};

const NONE = "none";
const LENGTH_TOLD = 12;
const mark = (generation: number, sha256: string): string => `${generation} (${sha256.slice(0, LENGTH_TOLD)})`;

export const diffOf = (bench: Bench): readonly DiffRow[] =>
  bench.ear.gateways.flatMap((gateway) => KINDS.flatMap((kind) => diffRow(bench, gateway, kind) ?? []));

function diffRow({ fx, ear, site, store }: Bench, gateway: string, kind: Kind): DiffRow | undefined {
  const view = ear.view(gateway);
  const standing = standingDocument(fx, view, kind, site.trust);
  const target = targetOf(store, view, kind, standing);
  const runs = runningOf(view.reported[kind]);
  const stands = standing.opened;
  if (target === undefined && runs === undefined && standing.trouble === undefined) return undefined;
  const known = runs === undefined ? undefined : (store.find(runs.sha256) ?? (stands?.sha256 === runs.sha256 ? stands : undefined));
  const isLost = target !== undefined && stands?.sha256 !== target.sha256;
  const differs = runs?.sha256 !== target?.sha256;
  return {
    gateway,
    kind,
    same: !differs && !isLost && standing.trouble === undefined,
    pushed: target === undefined ? NONE : mark(target.generation, target.sha256),
    stands: standing.trouble ?? (stands === undefined ? NONE : mark(stands.generation, stands.sha256)),
    runs: runs === undefined ? NONE : mark(runs.generation, runs.sha256),
    paths: !differs
      ? []
      : runs !== undefined && known === undefined
        ? undefined
        : differingPaths(known?.envelope.body, target?.envelope.body),
  };
}

/** One line for each place where the two differ: "pace: "100ms" → "250ms"". */
export function differingPaths(from: unknown, to: unknown, path = ""): readonly string[] {
  if (isFields(from) && isFields(to)) {
    const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])];
    return keys.flatMap((key) => differingPaths(from[key], to[key], path === "" ? key : `${path}.${key}`));
  }
  if (Array.isArray(from) && Array.isArray(to)) {
    const length = Math.max(from.length, to.length);
    return Array.from({ length }, (_, at) => differingPaths(from[at], to[at], `${path}[${at}]`)).flat();
  }
  const [before, after] = [JSON.stringify(from) ?? "-", JSON.stringify(to) ?? "-"];
  return before === after ? [] : [plain(`${path === "" ? "(all)" : path}: ${before} → ${after}`)];
}

export const diffExit = (rows: readonly DiffRow[]): number => (rows.every(({ same }) => same) ? EXIT.ok : EXIT.failed);

export function diffText(rows: readonly DiffRow[]): string {
  const lines = rows
    .filter(({ same }) => !same)
    .flatMap(({ gateway, kind, pushed, stands, runs, paths }) => [
      `${gateway}  ${kind}: runs ${runs}, pushed ${pushed}, the broker holds ${plain(stands)}`,
      ...(paths ?? ["what it runs is not in the store"]).map((line) => `    ${line}`),
    ]);
  const same = rows.filter((row) => row.same).length;
  return `${[...shortened(lines), `${same} of ${rows.length} documents are as they were pushed`].join("\n")}\n`;
}

// ── Why ──

export type WhyRow = { readonly gateway: string; readonly reasons: readonly string[] };

/** What a gateway gives as reasons: refusals, faults that stand, and that it is not there. */
export const whyOf = (bench: Bench, rows: readonly GatewayRow[]): readonly WhyRow[] =>
  rows.map((row) => ({ gateway: row.gateway, reasons: reasonsOf(bench, row) }));

function reasonsOf({ fx, ear, site, store }: Bench, row: GatewayRow): readonly string[] {
  const view = ear.view(row.gateway);
  const refusals = KINDS.flatMap((kind) => {
    const reported = view.reported[kind];
    const target = targetOf(store, view, kind, standingDocument(fx, view, kind, site.trust));
    const { is } = outcomeOf(reported, target);
    return (reported?.refusals ?? []).map((one) => {
      const last = target?.sha256 === toHex(one.sha256);
      return `${kind} ${mark(one.generation, toHex(one.sha256))} ${last && is === "reverted" ? "reverted" : "refused"}: ${reasonsText([one])}`;
    });
  });
  const documents = row.documents
    .filter(({ is }) => is === "lost" || is === "other")
    .map(({ kind, is, detail }) => `${kind} ${is}: ${detail}`);
  const away = row.state === "present" ? [] : [`it is ${row.state}: ${row.detail}`];
  return [
    ...away,
    ...refusals,
    ...documents,
    ...row.faults.map((key) => `fault ${key}`),
    ...row.strange.map((what) => `not believed: ${what}`),
  ];
}

export function whyExit(rows: readonly WhyRow[], states: readonly GatewayRow[]): number {
  if (rows.every(({ reasons }) => reasons.length === 0)) return EXIT.ok;
  return states.every(({ state }, at) => state !== "present" || rows[at]?.reasons.length === 0) ? EXIT.offline : EXIT.failed;
}

export function whyText(rows: readonly WhyRow[]): string {
  const lines = rows
    .filter(({ reasons }) => reasons.length > 0)
    .flatMap(({ gateway, reasons }) => [gateway, ...reasons.map((one) => `    ${one}`)]);
  const silent = rows.filter(({ reasons }) => reasons.length === 0).length;
  return `${[...lines, `${silent} of ${rows.length} gateways have nothing to complain of`].join("\n")}\n`;
}
