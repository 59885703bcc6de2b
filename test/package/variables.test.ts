import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { expect, test } from "vitest";
import { DANGEROUS_FAMILIES, DANGEROUS_NAMES } from "../../agent/effects/node/environment.table.ts";
import { dangerousAmong } from "../../agent/effects/node/process.ts";
import { hostArch, ROOT } from "../../config/package/target.ts";
import { packagedFile } from "./agent-process.ts";

/** Looked at, and let through, with the reason. */
const HARMLESS: Readonly<Record<string, readonly string[]>> = {
  "how text looks": ["FORCE_COLOR", "NO_COLOR", "TERM", "TZ"],
  "read on Windows only": [
    "COMPUTERNAME",
    "SystemRoot",
    "TEMP",
    "TMP",
    "USERDNSDOMAIN",
    "USERPROFILE",
    "VBOX_INSTALL_PATH",
    "VBOX_MSI_INSTALL_PATH",
    "WINDIR",
    "comspec",
    "firmware_type",
    "windir",
  ],
  "HTTP, which the agent does not speak": [
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "UNDICI_NO_WASM_SIMD",
    "http_proxy",
    "https_proxy",
    "no_proxy",
  ],
  "containers, which the agent does not ask": ["DOCKER_SOCKET", "DOCKER_SOCKET_TIMEOUT"],
  "web sockets, which the agent does not use": ["WS_NO_BUFFER_UTIL", "WS_NO_UTF_8_VALIDATE"],
  "Node's own test runner and file patterns": ["JEST_WORKER_ID", "__MINIMATCH_TESTING_PLATFORM__"],
};

test("the service unsets exactly the variables that the agent knows by name (R56)", () => {
  const unit = readFileSync(join(ROOT, "config/host/bedside.service"), "utf8");
  const named = unit
    .split("\n")
    .filter((line) => line.startsWith("UnsetEnvironment="))
    .flatMap((line) => line.slice("UnsetEnvironment=".length).split(" "));
  expect(named.sort()).toEqual([...DANGEROUS_NAMES].sort());
});

test("the table is sorted, and each family has a member that is known", () => {
  expect(DANGEROUS_NAMES).toEqual([...new Set(DANGEROUS_NAMES)].sort());
  for (const family of DANGEROUS_FAMILIES)
    expect(
      DANGEROUS_NAMES.some((name) => name.startsWith(family)),
      family,
    ).toBe(true);
});

test("every variable that Node's own help or any code in the packaged file names is refused, or known to be harmless (R56)", () => {
  const help = execFileSync(process.execPath, ["--help"], { encoding: "utf8" });
  const told = help.slice(help.indexOf("Environment variables:")).match(/^[A-Z][A-Z0-9_]+/gm) ?? [];
  const file = readFileSync(packagedFile(hostArch()), "latin1");
  const read = [...file.matchAll(/process\.env\.([A-Za-z_][A-Za-z0-9_]*)/g)].map(([, name = ""]) => name);
  expect(told.length).toBeGreaterThan(10);
  expect(read.length).toBeGreaterThan(20);
  const names = [...new Set([...told, ...read])];
  const refused = dangerousAmong(names);
  expect(names.filter((name) => !refused.includes(name)).sort()).toEqual(Object.values(HARMLESS).flat().sort());
});
