import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, describe, expect, test } from "vitest";
import { checkOwnFolder } from "../../agent/effects/node/own-folder.ts";
import { dangerousAmong } from "../../agent/effects/node/process.ts";
import { readSmallFile } from "../../agent/effects/node/small-file.ts";
import { CREDENTIAL_MAX, fileVault } from "../../agent/effects/node/vault.ts";
import { Fault } from "../../agent/fault/fault.ts";

const folder = mkdtempSync(join(tmpdir(), "bedside-vault-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
function file(name: string, text: string, mode: number): string {
  writeFileSync(at(name), text);
  chmodSync(at(name), mode);
  return at(name);
}
async function faultOf(promise: Promise<unknown>): Promise<string> {
  const caught = await promise.catch((one: unknown) => one);
  expect(caught).toBeInstanceOf(Fault);
  return `${(caught as Fault).key}: ${(caught as Fault).message}`;
}

const good = { ca: file("ca", "authority", 0o644), cert: file("cert", "certificate", 0o644), key: file("key", "secret", 0o600) };

describe("a private key", () => {
  test("is taken with no more rights than reading and writing for its owner, also through a symbolic link (R04)", async () => {
    symlinkSync(good.key, at("link"));
    for (const [name, mode] of [
      ["key", 0o600],
      ["key", 0o400],
      ["link", 0o600],
    ] as const) {
      chmodSync(good.key, mode);
      const { key } = await fileVault({ ...good, key: at(name) }).credentials();
      expect(Buffer.from(key).toString()).toBe("secret");
    }
    chmodSync(good.key, 0o600);
  });

  test.each(["0640", "0604", "0620", "0602", "0601", "0700", "4600", "0666"])(
    "with the mode %s is not used, and the fault tells no part of it (R04, R05)",
    async (mode) => {
      const told = await faultOf(fileVault({ ...good, key: file("wide", "secret", Number.parseInt(mode, 8)) }).credentials());
      expect(told).toMatch(/^credentials\.too_open: .*wide has mode \d{4};/);
      expect(told).not.toContain("secret");
    },
  );
});

describe("what is named as a credential or a configuration", () => {
  const wanted = { max: 8, key: "credentials.unreadable", name: "broker.ca" } as const;

  test("is read up to its limit, and never beyond", async () => {
    expect((await readSmallFile(file("eight", "12345678", 0o600), wanted)).bytes).toHaveLength(8);
    expect(await faultOf(readSmallFile(file("nine", "123456789", 0o600), wanted))).toContain("larger than 8 bytes");
    // Tells that it has no byte, and gives more.
    expect(await faultOf(readSmallFile("/proc/self/status", wanted))).toContain("larger than 8 bytes");
    expect(await faultOf(readSmallFile(at("none"), wanted))).toBe(
      `credentials.unreadable: Cannot read broker.ca: ${at("none")} (it does not exist)`,
    );
  });

  test("and is a FIFO, a device or a folder is refused at once, whichever of the three it is (R04)", async () => {
    execFileSync("mkfifo", [at("fifo")]);
    mkdirSync(at("sub"));
    symlinkSync(at("fifo"), at("fifo-link"));
    for (const odd of [at("fifo"), at("fifo-link"), at("sub"), "/dev/zero", "/dev/null"]) {
      expect(await faultOf(readSmallFile(odd, wanted))).toContain("it is no regular file");
      for (const which of ["ca", "cert", "key"] as const)
        expect(await faultOf(fileVault({ ...good, [which]: odd }).credentials())).toMatch(/^credentials\.unreadable: .*no regular file/);
    }
    expect(CREDENTIAL_MAX).toBe(65_536);
  });
});

test("a folder into which others may write is not used, and one that is not there yet may be made (R04)", async () => {
  mkdirSync(at("own"));
  for (const mode of [0o700, 0o750, 0o755]) {
    chmodSync(at("own"), mode);
    await checkOwnFolder(at("own"));
  }
  for (const mode of [0o720, 0o702, 0o777, 0o1777]) {
    chmodSync(at("own"), mode);
    expect(await faultOf(checkOwnFolder(at("own")))).toMatch(/^state\.too_open: .*\(mode [0-7]{4}\)$/);
  }
  await checkOwnFolder(at("missing"));
  if (process.getuid?.() === 0) return;
  expect(await faultOf(checkOwnFolder("/"))).toContain("belongs to user 0");
});

test("variables that change the program from outside are named, also of kinds that nobody knows yet (R56)", () => {
  const names = [
    "PATH",
    "NODE_OPTIONS",
    "LD_PRELOAD",
    "NODE_OF_TOMORROW",
    "SSL_CERT_DIR",
    "OPENSSL_MODULES",
    "GCONV_PATH",
    "UV_USE_IO_URING",
  ];
  expect(dangerousAmong([...names, ...names])).toEqual(names.slice(1).sort());
});

test("what a service manager, a login and a terminal set is no danger", () => {
  const manager = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "RUNTIME_DIRECTORY", "STATE_DIRECTORY", "CONFIGURATION_DIRECTORY"];
  const more = ["CREDENTIALS_DIRECTORY", "INVOCATION_ID", "JOURNAL_STREAM", "LISTEN_FDS", "MAINPID", "SYSTEMD_EXEC_PID", "LOGS_DIRECTORY"];
  const login = [
    "HOME",
    "LANG",
    "LC_ALL",
    "LOGNAME",
    "PATH",
    "PWD",
    "SHELL",
    "SHLVL",
    "SSH_CONNECTION",
    "SUDO_USER",
    "TERM",
    "TMPDIR",
    "TZ",
    "USER",
  ];
  expect(dangerousAmong([...manager, ...more, ...login, "NO_COLOR", "http_proxy", "HTTPS_PROXY"])).toEqual([]);
});
