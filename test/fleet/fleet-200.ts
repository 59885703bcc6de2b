import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { hostArch, ROOT } from "../../config/package/target.ts";
import { subscribeRaw } from "../support/mosquitto.ts";
import { type RealGateway, startRealGateway } from "./real-gateways.ts";
import { openWard, type Ward } from "./ward.ts";

/**
 * `node test/fleet/fleet-200.ts [N]`: N protocol-level gateways in this process and three packaged agents with a device each, a real
 * broker, and bedside-fleet as it is packaged (or from source, and then it says so). Settings and admissions go to all of them.
 * Prints how long a push takes, until all have reported, messages and memory; ends with 1 where not all have applied it, or the
 * three do not run it by their own word.
 */
const count = Number(process.argv[2] ?? 200);
const packaged = join(ROOT, `dist/bedside-fleet-linux-${hostArch()}`);
if (existsSync(packaged)) process.env.BEDSIDE_FLEET ??= packaged;
const SIGNED = ["--generation", "next", "--by", "R. Mensah", "--reason", "a trial", "--passphrase-file", "passphrase", "--all", "--json"];
const SETTINGS = ["push", "settings.yaml", "--kind", "settings", "--key", "ops-1.pem", ...SIGNED];
const ADMISSIONS = ["push", "admissions.yaml", "--kind", "admissions", "--key", "bio-1.pem", ...SIGNED];
const WINDOW_MS = 2_000;
const REAL = ["gw-real-1", "gw-real-2", "gw-real-3"];
const LOOK_EVERY = 10;

/** Kilobytes; 0 where the process is gone. */
function memoryOf(pid: number, field: "VmHWM" | "VmRSS"): number {
  const path = `/proc/${pid}/status`;
  const status = existsSync(path) ? readFileSync(path, "utf8") : "";
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
}
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const mib = (kib: number): string => `${(kib / 1024).toFixed(0)} MiB`;
const deviceOf = (name: string): string => `dv-${name}`;

/** A command to its end; prints time and memory. */
async function run(ward: Ward, what: string, ...words: readonly string[]): Promise<string> {
  const begun = ward.begin(...words);
  let peak = 0;
  const look = setInterval(() => {
    peak = Math.max(peak, memoryOf(begun.child.pid ?? 0, "VmHWM"));
  }, LOOK_EVERY);
  const { code, ms, out, err } = await begun.ended;
  clearInterval(look);
  const took = `exit ${code}  ${(ms / 1000).toFixed(2)} s in all`;
  say(`${what.padEnd(28)} ${took}, tool at most ${mib(peak)}, broker ${mib(memoryOf(ward.broker.pid, "VmRSS"))}`);
  if (err !== "") say(err);
  return out;
}

/** Every message of gateways and of the tool, as the broker hands them on, by what it is. */
async function openCount(ward: Ward) {
  const counts = new Map<string, number>();
  const identity = ward.pki.issue({ cn: "consumer", kind: "client" });
  const line = await subscribeRaw({
    ...{ port: ward.broker.port, pki: ward.pki, identity, topic: "bedside/v1/#" },
    heard: ({ topic, retain }) => {
      const [, , , ...leaf] = topic.split("/");
      if (!retain) counts.set(leaf.join("/"), (counts.get(leaf.join("/")) ?? 0) + 1);
    },
  });
  return {
    /** Since the last time. */
    told: (): string => {
      const text = [...counts].map(([leaf, some]) => `${some} ${leaf}`).join(", ");
      counts.clear();
      return text;
    },
    stop: line.stop,
  };
}
type Count = Awaited<ReturnType<typeof openCount>>;

type Pushed = { readonly gateways: readonly { readonly is: string }[]; readonly sentMs: number; readonly answeredMs: number };
async function pushAll(ward: Ward, messages: Count, what: string, words: readonly string[]): Promise<void> {
  messages.told();
  const { gateways, sentMs, answeredMs } = JSON.parse(await run(ward, what, ...words)) as Pushed;
  const applied = gateways.filter(({ is }) => is === "applied").length;
  say(`  ${applied} of ${gateways.length} applied; all sent after ${sentMs} ms, all reported after ${answeredMs} ms`);
  if (applied < gateways.length) process.exitCode = 1;
  say(`  messages meanwhile: ${messages.told()}`);
}

/** What the three say themselves, over their own control sockets. */
async function checkReal(real: readonly RealGateway[]): Promise<void> {
  for (const { name, has, resident } of real) {
    await has({ windowMs: WINDOW_MS, device: deviceOf(name) });
    say(`  ${name}: window ${WINDOW_MS} ms, and ${deviceOf(name)} is read; ${mib(resident() / 1024)}`);
  }
}

const ward = await openWard();
const stops: (() => Promise<unknown>)[] = [];
try {
  const names = Array.from({ length: count }, (_, at) => `gw-${String(at + 1).padStart(4, "0")}`);
  ward.site(Object.fromEntries([...names, ...REAL].map((name, at) => [name, { ward: `w${at % 10}` }])));
  ward.write("settings.yaml", `pace: 1s\nwindow: ${WINDOW_MS}ms\n`);
  const messages = await openCount(ward);
  stops.push(messages.stop);
  say(`bedside-fleet: ${process.env.BEDSIDE_FLEET ?? "from source"}; broker idle ${mib(memoryOf(ward.broker.pid, "VmRSS"))}`);
  const started = performance.now();
  await Promise.all(names.map((name) => ward.gateway(name)));
  say(`${count} gateways are there after ${((performance.now() - started) / 1000).toFixed(2)} s`);
  const real: RealGateway[] = [];
  for (const [at, name] of REAL.entries()) {
    const one = await startRealGateway(ward, name, at + 1);
    stops.push(one.stop);
    real.push(one);
  }
  const rule = ({ name, location }: RealGateway): string =>
    `  - { when: { location: ${location} }, allow: true, device: ${deviceOf(name)}, driver: nonin, socket: "ICU/${name}" }\n`;
  ward.write("admissions.yaml", `rules:\n${real.map(rule).join("")}`);
  await run(ward, "status", "status", "--json");
  await pushAll(ward, messages, "push settings to all", SETTINGS);
  await pushAll(ward, messages, "push admissions to all", ADMISSIONS);
  await checkReal(real);
  await pushAll(ward, messages, "the same again", SETTINGS);
  await run(ward, "diff", "diff", "--json");
  await run(ward, "devices", "devices", "--json");
  await run(ward, "watch for 5 s", "watch", "--for", "5s", "--prometheus", "fleet.prom");
  say(`  ${readFileSync(ward.at("fleet.prom"), "utf8").split("\n").length - 1} lines of metrics`);
  say(`this process, with all gateways: ${mib(memoryOf(process.pid, "VmRSS"))}`);
} finally {
  for (const stop of stops.reverse()) await stop();
  await ward.stop();
}
