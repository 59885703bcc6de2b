import { type ChildProcess, spawn } from "node:child_process";
import { getEventListeners } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { nodeClock } from "../../agent/effects/node/clock.ts";
import { nodeEntropy } from "../../agent/effects/node/entropy.ts";
import { nodeHost } from "../../agent/effects/node/host.ts";
import { elapsed, Milliseconds, Minutes } from "../../config/units.ts";

const folder = mkdtempSync(join(tmpdir(), "bedside-host-"));
const children: ChildProcess[] = [];
const node = (name: string): string => JSON.stringify(new URL(`../../agent/effects/node/${name}.ts`, import.meta.url).href);
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** A program of its own, and its first words. */
async function run(script: string) {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["pipe", "pipe", "pipe"] });
  children.push(child);
  const first = new Promise<string>((said) => child.stdout.once("data", (part: Buffer) => said(part.toString().trim())));
  let errors = "";
  child.stderr.on("data", (part: Buffer) => (errors += part));
  const ended = new Promise<{ code: number | null; signal: string | null; errors: string }>((resolve) =>
    child.once("close", (code, signal) => resolve({ code, signal, errors })),
  );
  return { child, first, ended };
}

test("the monotonic clock does not go back, and a sleep lasts its time", async () => {
  const clock = nodeClock();
  const from = clock.now();
  await clock.sleep(Milliseconds(20), new AbortController().signal);
  expect(elapsed(from, clock.now())).toBeGreaterThan(18);
  expect(Math.abs(clock.wall() - Date.now())).toBeLessThan(1000);
});

test("an abort ends all sleeps at once, before or during them, and leaves no listener", async () => {
  const clock = nodeClock();
  const stop = new AbortController();
  const warned: string[] = [];
  const warn = (warning: Error) => warned.push(warning.message);
  process.on("warning", warn);
  const sleeps = Array.from({ length: 1000 }, () => clock.sleep(Minutes(60 * 24 * 60), stop.signal));
  await Promise.all(Array.from({ length: 1000 }, () => clock.sleep(Milliseconds(1), stop.signal)));
  expect(getEventListeners(stop.signal, "abort")).toHaveLength(1000);
  const from = clock.now();
  stop.abort();
  await Promise.all(sleeps);
  await clock.sleep(Minutes(1), stop.signal);
  expect(elapsed(from, clock.now())).toBeLessThan(5000);
  expect(getEventListeners(stop.signal, "abort")).toHaveLength(0);
  process.off("warning", warn);
  expect(warned).toEqual([]);
});

test("random bytes have the length asked for and differ", () => {
  const entropy = nodeEntropy();
  expect(entropy.bytes(0)).toEqual(new Uint8Array(0));
  expect(entropy.bytes(8)).toHaveLength(8);
  expect(entropy.bytes(16)).not.toEqual(entropy.bytes(16));
});

test("the host tells its boot id and how much memory there is", async () => {
  const host = nodeHost();
  expect(host.bootId).toBe(readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
  expect(host.bootId).toMatch(/^[0-9a-f-]{36}$/);
  const { resident, free } = await host.memory();
  expect(resident).toBeGreaterThan(10_000_000);
  const available = Number(/MemAvailable:\s+(\d+)/.exec(readFileSync("/proc/meminfo", "utf8"))?.[1]) * 1024;
  expect(Math.abs(free - available)).toBeLessThan(2 ** 30);
});

test("a host without a boot id is refused with the reason", () => {
  expect(() => nodeHost({ procRoot: folder })).toThrow(expect.objectContaining({ key: "agent.failed" }));
});

test("a clock is as good as its source says, and unsynced where none says anything", async () => {
  const runRoot = join(folder, "run");
  const host = nodeHost({ runRoot, chronyPort: 1 });
  expect(await host.clockQuality()).toEqual({ known: "unsynced", source: "none" });
  mkdirSync(join(runRoot, "chrony"), { recursive: true });
  expect(await host.clockQuality()).toEqual({ known: "unsynced", source: "chrony (no answer)" });
  mkdirSync(join(runRoot, "systemd/timesync"), { recursive: true });
  const file = join(runRoot, "systemd/timesync/synchronized");
  writeFileSync(file, "");
  const fresh = await host.clockQuality();
  expect(fresh).toMatchObject({ known: "synced", source: "timesyncd" });
  const yesterday = new Date(Date.now() - 86_400_000);
  utimesSync(file, yesterday, yesterday);
  const old = await host.clockQuality();
  expect(old).toMatchObject({ known: "holdover", source: "timesyncd" });
  expect([fresh, old].map((quality) => ("uncertainty" in quality ? Math.round(quality.uncertainty / 100) : 0))).toEqual([50, 136]);
  const ahead = new Date(Date.now() + 86_400_000);
  utimesSync(file, ahead, ahead);
  expect(await host.clockQuality(), "a clock that went back since").toEqual({ known: "unsynced", source: "timesyncd" });
});

test("a name is held by one process until it dies, killed or not, also a name longer than a socket's", async () => {
  const host = nodeHost();
  const names = [`test-${process.pid}`, `test-${process.pid}-${"x".repeat(200)}`, `test-${process.pid}-${"x".repeat(200)}y`];
  const { child, first, ended } = await run(`
    const { nodeHost } = await import(${node("host")});
    const host = nodeHost();
    console.log(await Promise.all(${JSON.stringify(names)}.map((name) => host.claim(name))).then(String));
    setInterval(() => undefined, 1000);`);
  expect(await first).toBe("true,true,true");
  expect(await Promise.all(names.map((name) => host.claim(name)))).toEqual([false, false, false]);
  child.kill("SIGKILL");
  await ended;
  expect(await Promise.all(names.map((name) => host.claim(name)))).toEqual([true, true, true]);
  expect(await host.claim(names[0] ?? "")).toBe(false);
});

test("holding a name does not keep the process alive", async () => {
  const { ended } = await run(`
    const { nodeHost } = await import(${node("host")});
    console.log(await nodeHost().claim("test-${process.pid}-alive"));`);
  expect(await ended).toMatchObject({ code: 0, errors: "" });
});

test("a reader that goes away does not end the process; later text is refused", async () => {
  const { child, first, ended } = await run(`
    const { nodeProcess } = await import(${node("process")});
    const self = nodeProcess("bedside-test");
    self.out("first\\n");
    process.stdin.once("data", () => {
      let lines = 0;
      const timer = setInterval(() => {
        if (self.out("more\\n") && lines++ < 1000) return;
        clearInterval(timer);
        self.err(lines < 1000 ? "refused" : "never refused");
        self.exit(7);
      }, 1);
    });`);
  expect(await first).toBe("first");
  child.stdout.destroy();
  child.stdin.write("go\n");
  expect(await ended).toMatchObject({ code: 7, errors: "refused" });
});

test("the first signal asks for an end by name, the second one is one, and ps shows the title", async () => {
  const { child, first, ended } = await run(`
    const { nodeProcess } = await import(${node("process")});
    const self = nodeProcess("bedside-test");
    const stop = self.stopSignal();
    stop.addEventListener("abort", () => self.err(String(stop.reason)));
    setInterval(() => undefined, 1000);
    self.out("ready\\n");`);
  await first;
  expect(readFileSync(`/proc/${child.pid}/comm`, "utf8").trim()).toBe("bedside-test");
  const stopped = new Promise((said) => child.stderr.once("data", (part: Buffer) => said(part.toString())));
  child.kill("SIGTERM");
  expect(await stopped).toBe("SIGTERM");
  child.kill("SIGINT");
  expect(await ended).toMatchObject({ code: null, signal: "SIGINT" });
});

test("asking the host leaves no descriptor", async () => {
  const host = nodeHost();
  const ask = async () => {
    await host.memory();
    await host.clockQuality();
    await host.claim(`test-${process.pid}-again`);
  };
  await ask();
  const before = readdirSync("/proc/self/fd").length;
  for (let round = 0; round < 20; round += 1) await ask();
  expect(readdirSync("/proc/self/fd").length).toBe(before);
});

test("the clock of work goes on with work and stands while the process waits", async () => {
  const clock = nodeClock();
  const idle = clock.worked();
  await clock.sleep(Milliseconds(200), new AbortController().signal);
  const before = clock.worked();
  expect(before - idle).toBeLessThan(150);
  // However little of a processor this machine has left, work goes on until it shows.
  const until = clock.now() + 10_000_000_000n;
  while (clock.now() < until && clock.worked() - before <= 5) Math.sqrt(2);
  expect(clock.worked() - before).toBeGreaterThan(5);
});
