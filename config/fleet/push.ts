import { EXIT } from "../command-line.ts";
import type { Kind } from "../envelope/envelope.ts";
import { documentBytes, type Opened, type Store, signDocument, type Wish } from "./documents.ts";
import type { Effects } from "./effects.ts";
import { beyondText, type Known, knownGenerations, newerKnown, nextGenerations, stepMistake } from "./generations.ts";
import type { Signer } from "./keys.ts";
import type { Ear } from "./listen.ts";
import type { Site } from "./site.ts";
import { isSame, type Outcome, outcomeOf, standingDocument, targetOf } from "./targets.ts";
import { plain, Trouble } from "./trouble.ts";

/** What became of a push at one gateway. */
export type PushRow = {
  readonly gateway: string;
  readonly kind: Kind;
  readonly generation: number;
  readonly sha256: string;
  readonly is: "applied" | "refused" | "reverted" | "overtaken" | "offline" | "timed out";
  readonly detail: string;
};
/** Documents by gateway; each is pushed as it is. */
export type Plan = ReadonlyMap<string, Opened>;
export type Bench = { readonly fx: Effects; readonly site: Site; readonly store: Store; readonly ear: Ear };

/**
 * A document for each gateway that is to have this body. One that was signed before for the same body and stands or was kept is
 * taken again, so that a push that was interrupted goes on where it was; for the others one is signed.
 */
export function planBody(
  bench: Bench,
  wish: Omit<Wish, "generation" | "audience"> & { readonly generation: number | "next" },
  signer: Signer,
): Plan {
  const { fx, site, store, ear } = bench;
  const plan = new Map<string, Opened>();
  const rest = new Map<string, Known>();
  const body = JSON.stringify(wish.body);
  for (const gateway of ear.gateways) {
    const view = ear.view(gateway);
    const target = targetOf(store, view, wish.kind, standingDocument(fx, view, wish.kind, site.trust));
    const failed = ["refused", "reverted"].includes(outcomeOf(view.reported[wish.kind], target).is);
    const same = target !== undefined && JSON.stringify(target.envelope.body) === body && Date.parse(target.envelope.expires) > fx.now();
    if (same && !failed && (wish.generation === "next" || wish.generation === target.generation)) plan.set(gateway, target);
    else rest.set(gateway, knownGenerations(bench, view, wish.kind, signer));
  }
  const { generation: wished } = wish;
  const wanted = wished === "next" ? nextGenerations(rest) : new Map([...rest.keys()].map((gateway) => [gateway, wished]));
  refuseStep(wish.kind, wanted, rest);
  for (const [generation, some] of Map.groupBy(wanted, ([, generation]) => generation)) {
    const audience = some.map(([gateway]) => gateway);
    const signed = signDocument(fx, { ...wish, generation, audience }, signer);
    for (const gateway of audience) plan.set(gateway, signed);
  }
  return plan;
}

/** What a gateway says and nobody signed moves nothing; a person is told. */
export function tellBeyond(bench: Bench, kind: Kind, signer?: Signer): void {
  const lines = bench.ear.gateways.flatMap((gateway) => {
    const text = beyondText(kind, knownGenerations(bench, bench.ear.view(gateway), kind, signer));
    return text === undefined ? [] : [`warning  ${gateway}: ${text}; it does not count. If it is right, sign with a higher --generation`];
  });
  if (lines.length > 0) bench.fx.note(`${shortened(lines).join("\n")}\n`);
}

/** Throws Trouble `document.step`. */
export function refuseStep(kind: Kind, wanted: ReadonlyMap<string, number>, known: ReadonlyMap<string, Known>): void {
  const lines = [...wanted].flatMap(([gateway, generation]) => {
    const one = known.get(gateway);
    const mistake = one === undefined ? undefined : stepMistake(kind, generation, one);
    return mistake === undefined ? [] : [`${gateway}: ${mistake}`];
  });
  if (lines.length > 0) throw new Trouble("document.step", ["A generation is too far from what is known", ...shortened(lines)].join("\n"));
}

/** The same document for all. Throws Trouble `document.no_gateway`. */
export function planDocument(gateways: readonly string[], opened: Opened): Plan {
  const strangers = gateways.filter((gateway) => !opened.envelope.audience.includes(gateway));
  if (strangers.length > 0) throw new Trouble("document.no_gateway", `It is not for ${some(strangers)}`);
  return new Map(gateways.map((gateway) => [gateway, opened]));
}

/** What became of it; milliseconds from the first message to the last PUBACK, and to the last answer. */
export type Pushed = { readonly rows: readonly PushRow[]; readonly sent: number; readonly answered: number };

/** Publishes what does not stand yet, and waits for what the gateways report. Safe to do again. */
export async function carryOut(
  bench: Bench,
  plan: Plan,
  { within, signer }: { readonly within: number; readonly signer: Signer | undefined },
): Promise<Pushed> {
  const { fx, site, store, ear } = bench;
  refuseOlder(bench, plan);
  const taking = takingOf(bench, plan, signer);
  for (const [opened, some] of Map.groupBy(taking, ([, opened]) => opened)) {
    store.keep(
      opened,
      some.map(([gateway]) => gateway),
    );
  }
  const missing = taking.filter(([gateway, opened]) => {
    const { opened: stands } = standingDocument(fx, ear.view(gateway), opened.envelope.kind, site.trust);
    return stands === undefined || !isSame(stands, opened);
  });
  const start = fx.mono();
  const count = { sent: 0 };
  const lanes = Array.from({ length: Math.min(ear.window, missing.length) }, async () => {
    for (let next = missing.pop(); next !== undefined; next = missing.pop()) {
      await publish(bench, next);
      count.sent += 1;
      fx.progress(`pushed to ${count.sent}, ${missing.length} to go`);
    }
  });
  await Promise.all(lanes);
  const sent = fx.mono() - start;
  const done = (gateway: string, opened: Opened): boolean => {
    const { is } = outcomeAt(bench, gateway, opened);
    if (is !== "waiting" && is !== "trial") return true;
    const { is: stands, certain } = ear.standing(gateway);
    return certain && stands !== "present";
  };
  await ear.until(() => {
    const open = [...plan].filter(([gateway, opened]) => !done(gateway, opened)).length;
    fx.progress(`${plan.size - open} of ${plan.size} have answered`);
    return open === 0;
  }, within);
  const rows = [...plan].map(([gateway, opened]) => rowOf(bench, gateway, opened));
  return { rows, sent, answered: fx.mono() - start };
}

async function publish({ ear }: Bench, [gateway, opened]: readonly [string, Opened]): Promise<void> {
  const leaf = `down/desired/${opened.envelope.kind}`;
  const code = await ear.publish(gateway, leaf, documentBytes(opened));
  if (code >= 0x80)
    throw new Trouble("broker.forbidden", `The broker does not let this operator write ${leaf} of ${gateway} (0x${code.toString(16)})`);
}

/** Nothing is sent where a gateway has, or is to have, a newer one: an old document would take the newer one's place at the broker. */
function refuseOlder(bench: Bench, plan: Plan): void {
  const lines = [...plan].flatMap(([gateway, opened]) => {
    const { kind } = opened.envelope;
    const higher = newerKnown(bench, bench.ear.view(gateway), opened);
    return higher < opened.generation ? [] : [`${gateway}: ${kind} ${opened.generation} is not above ${higher}, which it has`];
  });
  if (lines.length === 0) return;
  throw new Trouble(
    "document.older",
    [`Nothing was pushed: ${lines.length} of ${plan.size} gateways have a document as new or newer`, ...shortened(lines)].join("\n"),
  );
}

/**
 * Without the gateways that say that they run something newer: their word alone stops nobody else's push. Where they say what does
 * not count they are sent it. Throws Trouble `document.step`.
 */
function takingOf(bench: Bench, plan: Plan, signer: Signer | undefined): readonly (readonly [string, Opened])[] {
  const known = new Map(
    [...plan].map(([gateway, { envelope }]) => [gateway, knownGenerations(bench, bench.ear.view(gateway), envelope.kind, signer)]),
  );
  for (const [kind, some] of Map.groupBy(plan, ([, { envelope }]) => envelope.kind))
    refuseStep(kind, new Map(some.map(([gateway, { generation }]) => [gateway, generation])), known);
  return [...plan].filter(([gateway, opened]) => {
    const outcome = outcomeAt(bench, gateway, opened);
    return outcome.is !== "other" || outcome.runs.generation > (known.get(gateway)?.reported ?? 0);
  });
}

const outcomeAt = ({ ear }: Bench, gateway: string, opened: Opened): Outcome =>
  outcomeOf(ear.view(gateway).reported[opened.envelope.kind], opened);

function rowOf(bench: Bench, gateway: string, opened: Opened): PushRow {
  const { envelope, generation, sha256 } = opened;
  const row = { gateway, kind: envelope.kind, generation, sha256 };
  const outcome = outcomeAt(bench, gateway, opened);
  switch (outcome.is) {
    case "applied":
      return { ...row, is: "applied", detail: "" };
    case "refused":
    case "reverted":
      return { ...row, is: outcome.is, detail: reasonsText(outcome.reasons) };
    case "other":
      return { ...row, is: "overtaken", detail: `it runs ${outcome.runs.generation} (${outcome.runs.sha256.slice(0, 12)})` };
    case "trial":
    case "waiting":
    case "nothing": {
      const { is, detail } = bench.ear.standing(gateway);
      if (is !== "present") return { ...row, is: "offline", detail: `${detail}; it takes the document when it comes back` };
      if (outcome.is === "trial") return { ...row, is: "timed out", detail: "it is still on trial" };
      return { ...row, is: "timed out", detail: `it is there, but has not reported${namelessText(bench, row)}` };
    }
  }
}

/** Of what it could not verify, a gateway may not even tell the hash: it may be this document, or another's. */
function namelessText({ ear }: Bench, { gateway, kind }: Pick<PushRow, "gateway" | "kind">): string {
  const [nameless] = (ear.view(gateway).reported[kind]?.refusals ?? []).filter(({ sha256 }) => sha256.length === 0);
  return nameless === undefined ? "" : `; of something that it did not verify it says ${reasonsText([nameless])}`;
}

export const reasonsText = (reasons: readonly { readonly key: string; readonly path?: string; readonly text?: string }[]): string =>
  reasons
    .map(({ key, path = "", text = "" }) => plain(`${key}${path === "" ? "" : ` at ${path}`}${text === "" ? "" : `: ${text}`}`))
    .join("; ");

/** Worst first. */
export function pushExit(rows: readonly PushRow[]): number {
  const any = (...wanted: readonly PushRow["is"][]): boolean => rows.some(({ is }) => wanted.includes(is));
  if (any("reverted", "overtaken")) return EXIT.failed;
  if (any("refused")) return EXIT.refused;
  if (any("timed out")) return EXIT.timedOut;
  return any("offline") ? EXIT.offline : EXIT.ok;
}

export function pushText({ rows, sent, answered }: Pushed): string {
  const counts = Map.groupBy(rows, ({ is }) => is);
  const told = rows.filter(({ is }) => is !== "applied" || rows.length <= LINES_MAX);
  const lines = told.map(
    ({ gateway, kind, generation, is, detail }) => `${gateway}  ${kind} ${generation}  ${is}${detail === "" ? "" : `  ${detail}`}`,
  );
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  const summary = `${[...counts].map(([is, some]) => `${some.length} ${is}`).join(", ")}  (sent in ${seconds(sent)}, answered in ${seconds(answered)})`;
  return `${[...shortened(lines), summary].join("\n")}\n`;
}

const LINES_MAX = 40;
export const shortened = (lines: readonly string[]): readonly string[] =>
  lines.length <= LINES_MAX ? lines : [...lines.slice(0, LINES_MAX), `… and ${lines.length - LINES_MAX} more (--json tells all)`];
const some = (names: readonly string[]): string =>
  names.length <= 3 ? names.join(", ") : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
