import { EXIT } from "../command-line.ts";
import { devicesExit, devicesText } from "./devices.ts";
import { diffExit, diffOf, diffText, whyExit, whyOf, whyText } from "./diff.ts";
import { documentBytes, type Opened, openStore, readBodyFile, readDocument, signDocument } from "./documents.ts";
import type { Effects } from "./effects.ts";
import { storedGeneration } from "./generations.ts";
import { newKey, openSigner, type Passphrase, type Signer, trustLine } from "./keys.ts";
import { listen } from "./listen.ts";
import { type Bench, carryOut, planBody, planDocument, pushExit, pushText, refuseStep, tellBeyond } from "./push.ts";
import { readSite, type Site, selectGateways } from "./site.ts";
import { readState, stateExit, stateText } from "./state.ts";
import { Trouble, troubleRow, troubleText } from "./trouble.ts";
import { watch, writePrometheus } from "./watch.ts";
import { durationOf, generationOf, kindOf, readWords, USAGE, type Words, wanted } from "./words.ts";

declare const __BEDSIDE_VERSION__: string | undefined;
declare const __BEDSIDE_BUILD__: string | undefined;

/** What central operations run: what was typed, then each verb. Resolves with the exit code. */
export async function runFleet(fx: Effects): Promise<number> {
  try {
    return await obey(fx, readWords(fx.words));
  } catch (caught) {
    const trouble = caught instanceof Trouble ? caught : bug(fx, caught);
    if (fx.words.includes("--json")) fx.out(`${JSON.stringify({ trouble: troubleRow(trouble) })}\n`);
    else fx.note(`${troubleText(trouble)}\n`);
    return trouble.exit;
  }
}

function bug(fx: Effects, caught: unknown): Trouble {
  if (caught instanceof Error) fx.note(`${caught.stack}\n`);
  return new Trouble("bug", caught instanceof Error ? caught.message : String(caught), { cause: caught });
}

async function obey(fx: Effects, words: Words): Promise<number> {
  switch (words.verb) {
    case "help":
      fx.out(USAGE);
      return EXIT.ok;
    case "version":
      return version(fx, words);
    case "keys":
      return keys(fx, words);
    case "sign":
      return sign(fx, words);
    case "push":
      return onBroker(fx, words, (bench) => push(bench, words));
    case "watch":
      return onBroker(fx, words, (bench) =>
        watch(bench, {
          forMs: words.options["--for"] === undefined ? Number.POSITIVE_INFINITY : durationOf(words, "--for", ""),
          json: words.flags.has("--json"),
          prometheus: words.options["--prometheus"],
        }),
      );
    case "status":
    case "diff":
    case "why":
    case "devices":
      return onBroker(fx, words, (bench) => look(bench, words));
  }
}

function version(fx: Effects, { flags }: Words): number {
  const said = typeof __BEDSIDE_VERSION__ === "string" ? __BEDSIDE_VERSION__ : "0.0.0-source";
  const build = typeof __BEDSIDE_BUILD__ === "string" ? __BEDSIDE_BUILD__ : "source";
  fx.out(flags.has("--json") ? `${JSON.stringify({ version: said, build })}\n` : `bedside-fleet ${said} (${build})\n`);
  return EXIT.ok;
}

const passphraseOf = ({ options, flags }: Words): Passphrase => ({
  file: options["--passphrase-file"],
  none: flags.has("--no-passphrase"),
});

async function keys(fx: Effects, words: Words): Promise<number> {
  const [what, file, ...others] = words.rest;
  if (what !== "new" || file === undefined || others.length > 0)
    throw new Trouble("usage", "keys new FILE --id ID --role operations|biomedical");
  const id = wanted(words, "--id", "ops-1");
  const role = wanted(words, "--role", "operations");
  const key = await newKey(fx, { file, id, role, passphrase: passphraseOf(words) });
  if (words.flags.has("--json")) fx.out(`${JSON.stringify({ file, public: `${file}.pub`, id, role, line: trustLine(key) })}\n`);
  else fx.out(`${trustLine(key)}\n`);
  fx.note(`${file} is the private key: keep it where only its owner reads it. The line above belongs into the gateways' trust list.\n`);
  return EXIT.ok;
}

// ── Documents ──

async function sign(fx: Effects, words: Words): Promise<number> {
  const [file, ...names] = words.rest;
  if (file === undefined) throw new Trouble("usage", "sign wants the YAML file of the body");
  const { kind, by, reason, validFor } = wishOf(words);
  const generation = generationOf(words, { next: false }) as number;
  const { site, folder } = siteOf(fx, words);
  const audience = chosen(site, words, names);
  const body = readBodyFile(fx, file, kind);
  const store = openStore(fx, under(folder, site.store));
  const pushed = new Map(audience.map((gateway) => [gateway, storedGeneration(store, gateway, kind)]));
  refuseStep(kind, new Map(audience.map((gateway) => [gateway, generation])), pushed);
  const signer = await openSigner(fx, wanted(words, "--key", "ops-1.pem"), passphraseOf(words));
  const opened = signDocument(fx, { kind, by, reason, validFor, generation, audience, body }, signer);
  const out = words.options["--out"] ?? `${file.replace(/\.ya?ml$/, "")}.signed`;
  fx.write(out, documentBytes(opened), { mode: 0o644, fresh: true });
  tellDocument(fx, words, opened, out);
  return EXIT.ok;
}

const wishOf = (words: Words) => ({
  kind: kindOf(words),
  by: wanted(words, "--by", '"R. Mensah"'),
  reason: wanted(words, "--reason", '"broker moved"'),
  validFor: durationOf(words, "--valid", "30d"),
});

function tellDocument(fx: Effects, { flags }: Words, { envelope, sha256, generation }: Opened, file: string): void {
  const { kind, audience, expires } = envelope;
  if (flags.has("--json")) fx.out(`${JSON.stringify({ file, kind, generation, sha256, audience, expires })}\n`);
  else fx.out(`${file}: ${kind} ${generation} (${sha256.slice(0, 12)}), for ${audience.length} gateways, until ${expires}\n`);
}

async function push(bench: Bench, words: Words): Promise<number> {
  const { fx, site, ear } = bench;
  const [file = ""] = words.rest;
  const within = durationOf(words, "--within", "60s");
  let plan: ReturnType<typeof planDocument>;
  let signer: Signer | undefined;
  if (words.options["--key"] === undefined) {
    const opened = readDocument(fx, file, { trust: site.trust, now: fx.now() });
    tellBeyond(bench, opened.envelope.kind);
    plan = planDocument(ear.gateways, opened);
  } else {
    const wish = { ...wishOf(words), generation: generationOf(words, { next: true }) };
    const body = readBodyFile(fx, file, wish.kind);
    signer = await openSigner(fx, wanted(words, "--key", "ops-1.pem"), passphraseOf(words));
    tellBeyond(bench, wish.kind, signer);
    plan = planBody(bench, { ...wish, body }, signer);
  }
  const pushed = await carryOut(bench, plan, { within, signer });
  const { rows, sent, answered } = pushed;
  if (words.flags.has("--json"))
    fx.out(`${JSON.stringify({ gateways: rows, sentMs: Math.round(sent), answeredMs: Math.round(answered) })}\n`);
  else fx.out(pushText(pushed));
  return pushExit(rows);
}

// ── What needs the broker ──

async function onBroker(fx: Effects, words: Words, work: (bench: Bench) => Promise<number>): Promise<number> {
  const { site, folder } = siteOf(fx, words);
  const gateways = words.verb === "push" ? pushedTo(fx, site, words) : selectGateways(site, { names: words.rest, labels: words.labels });
  const store = openStore(fx, under(folder, site.store));
  const ear = await listen(fx, site, gateways);
  try {
    return await work({ fx, site, store, ear });
  } finally {
    ear.end();
  }
}

/** A signed document names its gateways itself; a body goes where somebody says. Mistakes are told before the broker is reached. */
function pushedTo(fx: Effects, site: Site, words: Words): readonly string[] {
  const [file, ...names] = words.rest;
  if (file === undefined) throw new Trouble("usage", "push wants a signed document, or the YAML file of a body with --key");
  if (words.options["--key"] !== undefined) {
    wishOf(words);
    readBodyFile(fx, file, kindOf(words));
    return chosen(site, words, names);
  }
  const unused = ["--kind", "--generation", "--by", "--reason", "--valid"].find((name) => Object.hasOwn(words.options, name));
  if (unused !== undefined) throw new Trouble("usage", `${unused} goes with --key: what is signed already is pushed as it is`);
  const { audience } = readDocument(fx, file, { trust: site.trust, now: fx.now() }).envelope;
  const all = names.length === 0 && Object.keys(words.labels).length === 0;
  return selectGateways(site, { names: all ? audience : names, labels: words.labels });
}

function chosen(site: Site, words: Words, names: readonly string[]): readonly string[] {
  if (names.length === 0 && Object.keys(words.labels).length === 0 && !words.flags.has("--all"))
    throw new Trouble("usage", `${words.verb} wants to know for whom: names of gateways, -l LABEL=VALUE, or --all`);
  return selectGateways(site, { names, labels: words.labels });
}

async function look(bench: Bench, words: Words): Promise<number> {
  const { fx } = bench;
  const json = words.flags.has("--json");
  const states = await readState(bench, durationOf(words, "--within", "30s"));
  const tell = (rows: readonly object[], text: string): void => fx.out(json ? `${JSON.stringify({ [words.verb]: rows })}\n` : text);
  const file = words.options["--prometheus"];
  if (file !== undefined) writePrometheus(fx, file, states);
  if (words.verb === "devices") {
    const rows = states.flatMap(({ devices }) => devices);
    tell(rows, devicesText(rows));
    return devicesExit(rows);
  }
  if (words.verb === "diff") {
    const rows = diffOf(bench);
    tell(rows, diffText(rows));
    return diffExit(rows);
  }
  if (words.verb === "why") {
    const rows = whyOf(bench, states);
    tell(rows, whyText(rows));
    return whyExit(rows, states);
  }
  tell(states, stateText(states));
  return stateExit(states);
}

/** Paths in the site file start at its folder. */
function siteOf(fx: Effects, { options }: Words): { readonly site: Site; readonly folder: string } {
  const file = options["--site"] ?? "fleet.yaml";
  const site = readSite(new TextDecoder().decode(fx.read(file, "site.unreadable")), file);
  const folder = file.includes("/") ? file.slice(0, file.lastIndexOf("/") + 1) : "";
  const { ca, cert, key, ...reach } = site.broker;
  return { site: { ...site, broker: { ...reach, ca: under(folder, ca), cert: under(folder, cert), key: under(folder, key) } }, folder };
}
const under = (folder: string, path: string): string => (path.startsWith("/") ? path : folder + path);
