import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { DANGEROUS_NAMES } from "../../agent/effects/node/environment.table.ts";
import { hostArch } from "../../config/package/target.ts";
import { makeAuthority } from "../support/pki.ts";
import { until } from "../support/until.ts";
import { type Bed, BIRTH, heardFrom, makeBed, packagedFile, REPORTS, type Running, start } from "./agent-process.ts";
import { ATTACKS } from "./attacks.ts";
import { openDoors } from "./doors.ts";
import { buildControls, type Controls, type Evil, ended, evilIn, openTrap, type Trap, workshop } from "./hardening.ts";

/** What is packaged, against what could change it from outside. Beside each measure stands a program without it. */
const FILE = packagedFile(hostArch());
const NODE = process.execPath;
const HEARD_MAX = 20_000;
const TEST_MAX = 60_000;

const folder = workshop();
const at = (name: string): string => join(folder, name);
let evil: Evil;
let controls: Controls;
let bed: Bed;
let trap: Trap;
beforeAll(async () => {
  evil = evilIn(folder);
  controls = buildControls(folder);
  [bed, trap] = await Promise.all([makeBed(), openTrap()]);
}, 120_000);
afterAll(async () => {
  await bed?.stop();
  await trap?.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  for (const name of ["leak", "folder"]) rmSync(at(name), { recursive: true, force: true });
});

/** Runs until its birth is heard, hands it over, ends it. */
async function online(
  program: readonly string[],
  environment: Readonly<Record<string, string>>,
  look: (running: Running) => unknown,
): Promise<string> {
  const running = bed.run(program, environment);
  await heardFrom(bed, running, BIRTH, HEARD_MAX);
  await look(running);
  running.child.kill("SIGTERM");
  await running.ended;
  return running.output();
}

describe("of the variables that a loader, Node or a library obeys,", () => {
  /** Node or the loader ends before our first line, or takes another way. */
  const alone = ["LD_TRACE_LOADED_OBJECTS", "NODE_CHANNEL_FD", "NODE_REPL_EXTERNAL_MODULE"];

  test("every known one is refused by name, before anything is read or opened (R56)", async () => {
    const names = DANGEROUS_NAMES.filter((name) => !alone.includes(name));
    const { code, output } = await ended([FILE, "run", "--config", "/nowhere"], Object.fromEntries(names.map((name) => [name, ""])));
    expect(output).toContain(`BED-506  The environment variables ${names.join(", ")} are set`);
    expect(code).toBe(3);
  });

  test.each([
    "DEBUG",
    "LD_AUDIT",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "LOG_STREAM",
    "LOG_TOKENS",
    "MQTTJS_SOCKS_PROXY",
    "NODE_COMPILE_CACHE",
    "NODE_DEBUG",
    "NODE_EXTRA_CA_CERTS",
    "NODE_OF_A_LATER_VERSION",
    "NODE_OPTIONS",
    "NODE_PATH",
    "NODE_REDIRECT_WARNINGS",
    "NODE_TLS_REJECT_UNAUTHORIZED",
    "NODE_USE_SYSTEM_CA",
    "NODE_V8_COVERAGE",
    "OPENSSL_CONF",
    "SSLKEYLOGFILE",
    "SSL_CERT_FILE",
  ])("%s alone makes run end with 3 (R56)", async (name) => {
    const { code, output } = await ended([FILE, "run", "--config", "/nowhere"], { [name]: at("folder") });
    expect(output).toContain(`BED-506  The environment variable ${name} is set`);
    expect(code).toBe(3);
  });

  test("NODE_CHANNEL_FD is refused although Node takes it away before the program can see it (R56)", async () => {
    const child = spawn(FILE, ["run", "--config", "/nowhere"], {
      env: { PATH: process.env.PATH ?? "" },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    let output = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (output += text));
    expect(await new Promise((resolve) => child.once("close", resolve))).toBe(3);
    expect(output).toMatch(/^BED-506 .* NODE_CHANNEL_FD, /m);
  });

  test("NODE_REPL_EXTERNAL_MODULE keeps the file from starting, and runs in plain Node (R56)", async () => {
    const environment = { NODE_REPL_EXTERNAL_MODULE: evil.cjs };
    expect((await ended([FILE, "version"], environment)).code).toBe(9);
    expect(evil.ran()).toBe(false);
    await ended([NODE, "-i"], environment);
    expect(evil.ran()).toBe(true);
  });
});

/** Verbs that refuse nothing are safe by what is baked in. */
describe("without refusing it, the packaged file does not obey", () => {
  test.each(ATTACKS)("$name, which works without the measure (R56)", async ({ environment, worked, control }) => {
    const place = { folder, evil, bare: [controls.bare, "version"] };
    expect(worked(await ended([FILE, "version"], environment(place)), place), "on the packaged file").toBe(false);
    expect(worked(await ended(control(place), environment(place)), place), "on the control").toBe(true);
  });
});

describe("if run did not refuse them,", () => {
  test(
    "no variable would open the connection to the broker, divert it, or print what passes (R05, R56)",
    async () => {
      const environment = {
        NODE_OPTIONS: `--tls-keylog=${at("leak")} --require=${evil.cjs}`,
        SSLKEYLOGFILE: at("leak"),
        MQTTJS_SOCKS_PROXY: `socks5://127.0.0.1:${trap.port}`,
        DEBUG: "*",
        NODE_PATH: at("node_modules"),
      };
      // A copy beside foreign code: where a plain program would look for it.
      const beside = at("unrefusing-beside");
      copyFileSync(controls.unrefusing, beside);
      const output = await online([beside], environment, () => undefined);
      expect(existsSync(at("leak")), "keys of the connection").toBe(false);
      expect(trap.visitors(), "diverted").toBe(0);
      expect(output).not.toMatch(/mqttjs/i);
      expect(evil.ran(), "foreign code").toBe(false);
    },
    TEST_MAX,
  );

  test(
    "each of them works on a program without the measure",
    async () => {
      await online([controls.bare], { NODE_OPTIONS: `--tls-keylog=${at("leak")}` }, () => undefined);
      expect(readFileSync(at("leak"), "utf8")).toContain("CLIENT_TRAFFIC_SECRET_0");
      // The library for web sockets asks for this name.
      await ended([NODE, "-e", "require('bufferutil')"], { NODE_PATH: at("node_modules") });
      expect(evil.ran(), "foreign code").toBe(true);
      const mqtt = createRequire(import.meta.url).resolve("mqtt");
      const client = `require(${JSON.stringify(mqtt)}).connect({ protocol: "mqtt", host: "127.0.0.1", port: 1, reconnectPeriod: 0 }).on("error", () => process.exit())
      .on("close", () => process.exit())`;
      const { output } = await ended([NODE, "-e", client], { DEBUG: "mqttjs*", MQTTJS_SOCKS_PROXY: `socks5://127.0.0.1:${trap.port}` });
      expect(output).toContain("mqttjs");
      expect(trap.visitors()).toBeGreaterThan(0);
    },
    TEST_MAX,
  );

  test(
    "no variable would make it trust another authority than the configured one (R02, R56)",
    async () => {
      const trust = trustInto();
      const running = bed.run([controls.unrefusing], { ...trust.extra, ...trust.system, ...trust.all });
      await until(
        "the broker's authority is refused",
        () => /BED-1(?:10|21|25)/.test(running.output()) || running.output().includes("uplink.online"),
        HEARD_MAX,
      );
      running.child.kill("SIGTERM");
      await running.ended;
      trust.restore();
      expect(running.output()).toMatch(/BED-1(?:10|21|25)/);
      expect(running.output()).not.toContain("uplink.online");
      const client = `const tls = require("node:tls"), fs = require("node:fs"); const [,port, cert, key] = process.argv;
      tls.connect({ host: "localhost", port, cert: fs.readFileSync(cert), key: fs.readFileSync(key) }, () => { console.log("let in"); process.exit(); })`;
      const place = dirname(bed.state);
      for (const environment of [trust.extra, trust.system, trust.all]) {
        const words = ["-e", client, String(trust.port), join(place, "gw.crt"), join(place, "gw.key")];
        expect((await ended([NODE, ...words], environment)).output).toContain("let in");
        expect((await ended([NODE, ...words])).output).not.toContain("let in");
      }
    },
    TEST_MAX,
  );

  /** Another authority in the configuration, and the broker's own one in every variable that Node knows. */
  function trustInto() {
    const place = dirname(bed.state);
    const file = join(place, "bedside.yaml");
    const before = readFileSync(file, "utf8");
    writeFileSync(at("foreign.crt"), makeAuthority("another hospital").cert);
    writeFileSync(file, before.replace(join(place, "ca.crt"), at("foreign.crt")));
    return {
      extra: { NODE_EXTRA_CA_CERTS: join(place, "ca.crt") },
      system: { SSL_CERT_FILE: join(place, "ca.crt"), NODE_USE_SYSTEM_CA: "1" },
      all: { NODE_TLS_REJECT_UNAUTHORIZED: "0" },
      port: /port: (\d+)/.exec(before)?.[1],
      restore: () => writeFileSync(file, before),
    };
  }
});

describe("nothing in the file can stop, so only the refusal and the service's UnsetEnvironment stand against,", () => {
  test("what the loader has done before the first line (R56)", async () => {
    const library = /\/\S+libm\.so\.6/.exec((await ended([FILE], { LD_TRACE_LOADED_OBJECTS: "1" })).output)?.[0] ?? "";
    mkdirSync(at("lib"));
    copyFileSync(library, at("lib/libm.so.6"));
    for (const name of ["LD_PRELOAD", "LD_LIBRARY_PATH"]) {
      const value = name === "LD_PRELOAD" ? at("lib/libm.so.6") : at("lib");
      expect((await ended([FILE], { LD_TRACE_LOADED_OBJECTS: "1", [name]: value })).output).toContain(at("lib/libm.so.6"));
    }
    expect((await ended([FILE, "version"], { LD_AUDIT: at("none.so") })).output).toContain(at("none.so"));
  });

  test("the folder that NODE_COMPILE_CACHE names, and a NODE_CHANNEL_FD that is no channel (R56)", async () => {
    expect((await ended([FILE, "run", "--config", "/nowhere"], { NODE_COMPILE_CACHE: at("folder") })).code).toBe(3);
    expect(readdirSync(at("folder"))).toHaveLength(1);
    expect((await ended([FILE, "run", "--config", "/nowhere"], { NODE_CHANNEL_FD: "99" })).code).not.toBe(0);
  });

  test("a file of warnings, if there were one (R56)", async () => {
    const environment = { NODE_REDIRECT_WARNINGS: at("leak") };
    expect((await ended([FILE, "run", "--config", "/nowhere"], environment)).code).toBe(3);
    expect(existsSync(at("leak"))).toBe(false);
    await ended([NODE, "-e", "process.emitWarning('x')"], environment);
    expect(existsSync(at("leak"))).toBe(true);
  });

  test(
    "that NODE_DEBUG prints of connections, though never the private key (R05, R56)",
    async () => {
      const secret = readFileSync(join(dirname(bed.state), "gw.key"), "utf8")
        .split("\n")
        .filter((line) => line !== "" && !line.startsWith("-"));
      expect(secret.length).toBeGreaterThan(0);
      const output = await online([controls.unrefusing], { NODE_DEBUG: "*" }, () => undefined);
      expect(output).toMatch(/^(TLS|NET|STREAM) \d+:/m);
      for (const line of secret) expect(output).not.toContain(line);
    },
    TEST_MAX,
  );
});

test(
  "what a service manager or a proxy's administrator sets is neither refused nor obeyed (R56)",
  async () => {
    const before = trap.visitors();
    const proxy = `http://127.0.0.1:${trap.port}`;
    const environment = {
      HTTP_PROXY: proxy,
      HTTPS_PROXY: proxy,
      ALL_PROXY: proxy,
      https_proxy: proxy,
      TZ: "Pacific/Auckland",
      LANG: "de_DE.UTF-8",
    };
    await online(
      [FILE],
      { ...environment, RUNTIME_DIRECTORY: "/run/bedside", STATE_DIRECTORY: "/var/lib/bedside", WATCHDOG_PID: "1" },
      () => undefined,
    );
    expect(trap.visitors()).toBe(before);
    await ended([NODE, "-e", "fetch('http://broker.invalid/').catch(() => undefined)"], { ...environment, NODE_USE_ENV_PROXY: "1" });
    expect(trap.visitors(), "the control").toBeGreaterThan(before);
  },
  TEST_MAX,
);

describe("Node's own options as words", () => {
  test.each([
    "--inspect=127.0.0.1:0",
    "--inspect-brk=127.0.0.1:0",
    "--require",
    "--import",
    "--eval=process.exit(77)",
    "--print=77",
    "--version",
    "--node-options",
    "--experimental-sea-config=x",
    "--prof",
    "-e",
  ])("%s is not understood, and does nothing (R56)", async (word) => {
    const whole =
      {
        "--require": `--require=${evil.cjs}`,
        "--import": `--import=${evil.mjs}`,
        "--node-options": `--node-options=--require=${evil.cjs}`,
      }[word] ?? word;
    for (const words of [[whole, "version"], ...(word === "-e" ? [[whole], ["version", whole]] : [])]) {
      const { code, output } = await ended([FILE, ...words]);
      expect(code).toBe(2);
      expect(output).toContain("BED-510");
      expect(output).not.toMatch(/Debugger listening|^77$|^v24/m);
      expect(evil.ran()).toBe(false);
    }
  });

  test("are obeyed by programs without the measure", async () => {
    expect((await ended([NODE, "--eval=process.exit(77)"])).code).toBe(77);
    expect((await ended([NODE, "--version"])).output).toMatch(/^v24/);
    expect((await ended([NODE, "--inspect=127.0.0.1:0", "-e", "0"])).output).toContain("Debugger listening");
    await ended([controls.cli, `--node-options=--require=${evil.cjs}`, "version"]);
    expect(evil.ran()).toBe(true);
  });
});

test("text is not run as code, and no object has a door to what all inherit from, unless the flags are missing (R56)", async () => {
  expect((await ended([controls.unrefusing, "tricks"])).output).toBe("code from text refused, __proto__ gone\n");
  expect((await ended([controls.bare, "tricks"])).output).toBe("code from text runs, __proto__ open\n");
});

describe("SIGUSR1", () => {
  const doors = (running: Running): readonly string[] => openDoors(running.child.pid!);

  test(
    "opens no debugger in a running agent, however often it comes (R17, R56)",
    async () => {
      await online([FILE], {}, async (running) => {
        for (let round = 0; round < 3; round++) {
          running.child.kill("SIGUSR1");
          await heardFrom(bed, running, REPORTS, HEARD_MAX);
          expect(doors(running)).toEqual([]);
        }
      });
    },
    TEST_MAX,
  );

  test(
    "opens none while the agent starts, from the moment that Node has the signals in hand (R17, R56)",
    async () => {
      const running = bed.run([FILE]);
      await until("the signal is held or ignored", () => holdsSignal(running.child.pid!, 10), HEARD_MAX);
      const heard = heardFrom(bed, running, BIRTH, HEARD_MAX);
      let going = true;
      const done = heard.finally(() => {
        going = false;
      });
      while (going) {
        running.child.kill("SIGUSR1");
        expect(doors(running)).toEqual([]);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await done;
      running.child.kill("SIGTERM");
      expect(await running.ended).toBe(0);
    },
    TEST_MAX,
  );

  test("in the first moments of a start ends the program, or does nothing (R56)", async () => {
    for (const after of [0, 1, 2, 4, 8, 16]) {
      const running = start([FILE, "version"]);
      await new Promise((resolve) => setTimeout(resolve, after));
      running.child.kill("SIGUSR1");
      expect([0, "SIGUSR1"]).toContain(await running.ended);
      expect(running.output()).not.toContain("Debugger");
    }
  });

  test(
    "opens one in a program without the flag",
    async () => {
      await online([controls.bare], { NODE_OPTIONS: "--inspect-port=0" }, async (running) => {
        running.child.kill("SIGUSR1");
        await until("a door opens", () => doors(running).length > 0, HEARD_MAX);
      });
    },
    TEST_MAX,
  );

  function holdsSignal(pid: number, signal: number): boolean {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const held = ["SigBlk", "SigIgn", "SigCgt"].map((name) =>
      BigInt(`0x${new RegExp(`${name}:\\s*([0-9a-f]+)`).exec(status)?.[1] ?? "0"}`),
    );
    return held.some((mask) => (mask >> BigInt(signal - 1)) % 2n === 1n);
  }
});
