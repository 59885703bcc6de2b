import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ROOT } from "../../config/package/target.ts";

const UNIT = join(ROOT, "config/host/bedside.service");
const text = readFileSync(UNIT, "utf8");
const SCORE_MAX = 1.5;
/** R53, less what the next start may take on a slow machine. */
const HUNG_MAX_S = 30 - 5;

const lineOf = (name: string, unit = text): string | undefined => new RegExp(`^${name}=(.*)$`, "m").exec(unit)?.[1];

test("a hung agent is ended and started again within 30 s, by the times that the service names (R53)", () => {
  expect(Number(lineOf("WatchdogSec")) + Number(lineOf("RestartSec"))).toBeLessThanOrEqual(HUNG_MAX_S);
  expect(lineOf("Restart")).toBe("always");
  // systemd-notify is a process of its own, and what a killed run had stamped lies in the runtime directory.
  expect([lineOf("NotifyAccess"), lineOf("RuntimeDirectoryPreserve"), lineOf("StartLimitIntervalSec")]).toEqual(["all", "yes", "0"]);
});

test("a kind of serial line that a module brings is known when the service starts, or its first adapter would be refused", () => {
  for (const module of ["usbserial", "cdc_acm"]) {
    expect(lineOf("Wants")).toContain(`modprobe@${module}.service`);
    expect(text).toMatch(new RegExp(`^After=.*modprobe@${module}\\.service`, "m"));
  }
});

test("the page that the service names is put there by the instructions, and taken away again", () => {
  const page = lineOf("Documentation")?.replace(/^file:/, "") ?? "";
  const instructions = readFileSync(join(ROOT, "config/host/INSTALL.md"), "utf8");
  expect(instructions).toContain(`install -D -m 644 ${basename(page)} ${page}\n`);
  expect(instructions.slice(instructions.indexOf("Take out:"))).toContain(`\`${dirname(page)}\``);
});

const tool = (() => {
  try {
    return execFileSync("systemd-analyze", ["--version"], { encoding: "utf8" }).split("\n")[0];
  } catch {
    // Not a machine with systemd's tools.
    return undefined;
  }
})();
if (tool === undefined)
  console.error("\n*** NOT TESTED: systemd-analyze is not here, so nobody checked the service and its sandbox (R18) ***\n");

describe.skipIf(tool === undefined)("by systemd's own words", () => {
  const folder = mkdtempSync(join(tmpdir(), "bedside-unit-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const written = (name: string, unit: string): string => {
    writeFileSync(join(folder, name), unit);
    return join(folder, name);
  };
  const score = (path: string): number => {
    const said = execFileSync("systemd-analyze", ["security", "--offline=true", "--no-pager", path], { encoding: "utf8" });
    return Number(/Overall exposure level for \S+: ([\d.]+)/.exec(said)?.[1]);
  };

  test(`the sandbox of the service is at most ${SCORE_MAX} of 10 exposed (R18)`, () => {
    expect(score(UNIT)).toBeLessThanOrEqual(SCORE_MAX);
    // The measure measures: without one line of it the service is more exposed.
    expect(score(written("weaker.service", text.replace("NoNewPrivileges=yes\n", "")))).toBeGreaterThan(SCORE_MAX);
  });

  test("each line of the service is understood", () => {
    // The program is not installed here.
    const here = text.replace("/usr/local/bin/bedside", "/bin/true");
    // Whatever it thinks of this machine's own services.
    const verify = (unit: string, name: string): readonly string[] =>
      spawnSync("systemd-analyze", ["verify", written(name, unit)], { encoding: "utf8" })
        .stderr.split("\n")
        // Where systemd is only unpacked, its own units are not found.
        .filter((line) => line.includes(name) && !/Unit \S+ not found\.$/.test(line));
    expect(verify(here, "bedside.service")).toEqual([]);
    expect(verify(`${here}\n[Service]\nWatchdogSec=soon\n`, "wrong.service")).toHaveLength(1);
  });
});
