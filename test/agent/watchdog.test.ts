import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, type TestContext, test } from "vitest";
import type { Watchdog } from "../../agent/effects/effects.ts";
import { nodeWatchdog } from "../../agent/effects/node/watchdog.ts";
import { until } from "../support/until.ts";

/** In place of systemd-notify: notes what it was told, and does what the test says. */
function teller(t: TestContext, then: string) {
  const folder = mkdtempSync(join(tmpdir(), "bedside-notify-"));
  t.onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [program, told] = [join(folder, "notify"), join(folder, "told")];
  writeFileSync(told, "");
  writeFileSync(program, `#!/bin/sh\necho "$@" >> ${told}\n${then}\n`);
  chmodSync(program, 0o755);
  return { program, told: () => readFileSync(told, "utf8").split("\n").filter(Boolean) };
}
const watched = (program: string, more: Readonly<Record<string, string>> = {}): Watchdog =>
  nodeWatchdog({ environment: { NOTIFY_SOCKET: "@nobody", WATCHDOG_USEC: "300000", ...more }, programs: [program] });
/** Turns of an agent, until it holds. */
async function turns(watchdog: Watchdog, holds: () => boolean): Promise<void> {
  await until("the teller was started", () => {
    if (holds()) return true;
    watchdog.alive(() => "2 of 2 admitted devices speak");
    return false;
  });
}

test("where nobody listens, nothing is told and nothing is started", () => {
  const watchdog = nodeWatchdog({ environment: { WATCHDOG_USEC: "300000" }, programs: ["/nowhere"] });
  watchdog.ready();
  watchdog.alive(() => "fine");
  watchdog.stopping();
  expect(watchdog).toMatchObject({ limit: undefined, fault: undefined });
});

test("each turn that comes in time tells that the agent is alive, some times within the limit", async (t) => {
  const { program, told } = teller(t, "");
  const watchdog = watched(program);
  expect(watchdog.limit).toBe(300);
  watchdog.ready();
  const began = performance.now();
  await turns(watchdog, () => told().length >= 4);
  expect(performance.now() - began, "a third of the limit each").toBeGreaterThan(290);
  expect(new Set(told())).toEqual(new Set(["READY=1 WATCHDOG=1 STATUS=2 of 2 admitted devices speak"]));
  watchdog.stopping();
  await turns(watchdog, () => told().at(-1) === "STOPPING=1");
  const after = told().length;
  watchdog.alive(() => "late");
  await new Promise((later) => setTimeout(later, 150));
  expect(told(), "and nothing after that").toHaveLength(after);
});

test("a start that takes long asks for more time, and does not call itself started", async (t) => {
  const { program, told } = teller(t, "");
  const watchdog = watched(program);
  await turns(watchdog, () => told().length >= 2);
  expect(new Set(told())).toEqual(new Set(["EXTEND_TIMEOUT_USEC=15000000"]));
  watchdog.stopping();
  await turns(watchdog, () => told().includes("STOPPING=1"));
});

test("a teller that hangs is ended, told as a fault, and no second one is started beside it", async (t) => {
  const { program, told } = teller(t, "exec sleep 60");
  const watchdog = watched(program);
  watchdog.ready();
  await turns(watchdog, () => watchdog.fault !== undefined);
  expect(told()).toHaveLength(1);
  expect(watchdog.fault).toMatchObject({ key: "watchdog.unheard" });
  expect(watchdog.fault?.message).toContain("SIGKILL");
  await turns(watchdog, () => told().length === 2);
});

test("what is told while a telling hangs is told after it", async (t) => {
  const { program, told } = teller(t, 'case "$1" in READY=1) exec sleep 60;; esac');
  const watchdog = watched(program);
  watchdog.ready();
  await turns(watchdog, () => told().length === 1);
  watchdog.stopping();
  await turns(watchdog, () => told().includes("STOPPING=1"));
  expect(told()).toHaveLength(2);
});

test("a teller that is missing or refused is a fault, which is over when it works again", async (t) => {
  const missing = watched("/nowhere/systemd-notify");
  missing.ready();
  missing.alive(() => "fine");
  expect(missing.fault?.message).toContain("not there");

  const { program, told } = teller(t, '[ "$(wc -l < "$(dirname "$0")/told")" -gt 1 ]');
  const watchdog = watched(program);
  watchdog.ready();
  await turns(watchdog, () => watchdog.fault !== undefined);
  expect(watchdog.fault?.message).toContain("ended with 1");
  await turns(watchdog, () => watchdog.fault === undefined);
  expect(told().length).toBeGreaterThanOrEqual(2);

  chmodSync(program, 0o600);
  await turns(watchdog, () => watchdog.fault !== undefined);
  expect(watchdog.fault?.message).toContain("EACCES");
});

test("a limit that means another process, or is none, is not taken for ours", () => {
  for (const wrong of [{ WATCHDOG_PID: "1" }, { WATCHDOG_USEC: "0" }, { WATCHDOG_USEC: "soon" }])
    expect(watched("/nowhere", wrong).limit).toBeUndefined();
  expect(watched("/nowhere", { WATCHDOG_PID: String(process.pid) }).limit).toBe(300);
});
