import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { hostArch, ROOT } from "../../config/package/target.ts";
import { openWard } from "./ward.ts";

/**
 * `node test/fleet/fleet-200.ts [N]`: N gateways in this process, a real broker, and bedside-fleet as it is packaged (or from source,
 * and then it says so). Prints how long a push takes to all, until all have reported, messages and memory.
 */
const count = Number(process.argv[2] ?? 200);
const packaged = join(ROOT, `dist/bedside-fleet-linux-${hostArch()}`);
if (existsSync(packaged)) process.env.BEDSIDE_FLEET ??= packaged;
const SIGNED = ["--generation", "next", "--by", "R. Mensah", "--reason", "a trial", "--passphrase-file", "passphrase"];
const LOOK_EVERY = 10;

/** Kilobytes; 0 where the process is gone. */
function memoryOf(pid: number, field: "VmHWM" | "VmRSS"): number {
  const path = `/proc/${pid}/status`;
  const status = existsSync(path) ? readFileSync(path, "utf8") : "";
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
}
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const mib = (kib: number): string => `${(kib / 1024).toFixed(0)} MiB`;

const ward = await openWard();
const run = async (what: string, ...words: readonly string[]): Promise<string> => {
  const begun = ward.begin(...words);
  let peak = 0;
  const look = setInterval(() => {
    peak = Math.max(peak, memoryOf(begun.child.pid ?? 0, "VmHWM"));
  }, LOOK_EVERY);
  const { code, ms, out, err } = await begun.ended;
  clearInterval(look);
  say(
    `${what.padEnd(28)} exit ${code}  ${(ms / 1000).toFixed(2)} s in all, tool at most ${mib(peak)}, broker ${mib(memoryOf(ward.broker.pid, "VmRSS"))}`,
  );
  if (err !== "") say(err);
  return out;
};
try {
  const names = Array.from({ length: count }, (_, at) => `gw-${String(at + 1).padStart(4, "0")}`);
  ward.site(Object.fromEntries(names.map((name, at) => [name, { ward: `w${at % 10}` }])));
  ward.write("settings.yaml", "pace: 1s\nwindow: 2s\n");
  say(`bedside-fleet: ${process.env.BEDSIDE_FLEET ?? "from source"}; broker idle ${mib(memoryOf(ward.broker.pid, "VmRSS"))}`);
  const started = performance.now();
  const gateways = await Promise.all(names.map((name) => ward.gateway(name)));
  say(`${count} gateways are there after ${((performance.now() - started) / 1000).toFixed(2)} s`);
  const messages = (): number => gateways.reduce((sum, one) => sum + one.count().sent + one.count().heard, 0);
  await run("status", "status", "--json");
  const before = messages();
  const words = ["push", "settings.yaml", "--kind", "settings", "--key", "ops-1.pem", ...SIGNED, "--all", "--json"];
  const pushed = JSON.parse(await run("push to all", ...words)) as { gateways: { is: string }[]; sentMs: number; answeredMs: number };
  say(
    `  ${pushed.gateways.filter(({ is }) => is === "applied").length} applied; all sent after ${pushed.sentMs} ms, all reported after ${pushed.answeredMs} ms`,
  );
  say(`  ${messages() - before} messages of gateways meanwhile (${count} documents, ${count} reports, the rest is health)`);
  const again = JSON.parse(await run("the same again", ...words)) as typeof pushed;
  say(`  all answered after ${again.answeredMs} ms, nothing sent`);
  await run("diff", "diff", "--json");
  await run("devices", "devices", "--json");
  await run("watch for 5 s", "watch", "--for", "5s", "--prometheus", "fleet.prom");
  say(`  ${readFileSync(ward.at("fleet.prom"), "utf8").split("\n").length - 1} lines of metrics`);
  say(`this process, with all gateways: ${mib(memoryOf(process.pid, "VmRSS"))}`);
} finally {
  await ward.stop();
}
