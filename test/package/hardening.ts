import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { hostArch, ROOT, WORKSHOP } from "../../config/package/target.ts";
import { start } from "./agent-process.ts";

/** The programs that show what a measure is good for: each lacks one. */
export type Controls = {
  /** Its flags are those of the packaged file, but `run` refuses no variable. */
  readonly unrefusing: string;
  /** Without the flags: Node obeys NODE_OPTIONS and signals. */
  readonly bare: string;
  /** "bare", but Node's options come from the command line. */
  readonly cli: string;
};

const PREBUILDS = join(ROOT, "node_modules/@serialport/bindings-cpp/prebuilds");
const ADDON =
  hostArch() === "x64" ? "linux-x64/@serialport+bindings-cpp.glibc.node" : "linux-arm64/@serialport+bindings-cpp.armv8.glibc.node";

export const ADDON_FILE = join(PREBUILDS, ADDON);

/** Takes about eight seconds; `folder` is the caller's to remove. */
export function buildControls(folder: string): Controls {
  execFileSync(process.execPath, [join(ROOT, "test/package/control-build.ts"), folder, ADDON_FILE], {
    env: { PATH: process.env.PATH ?? "" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const [unrefusing, bare, cli] = ["unrefusing", "bare", "cli"].map((name) => join(folder, name)) as [string, string, string];
  writeFileSync(cli, obeyingWords(readFileSync(bare)));
  chmodSync(cli, 0o755);
  return { unrefusing, bare, cli };
}

/** Before the length and the name of the program in it stands who may add to Node's options: 1 the environment, 2 the words. */
function obeyingWords(bytes: Buffer): Buffer {
  const length = Buffer.alloc(9);
  length.writeUInt8(1);
  length.writeBigUInt64LE(BigInt(MAIN.length), 1);
  const at = bytes.indexOf(Buffer.concat([length, MAIN]));
  if (at === -1) throw new RangeError("the control holds no program");
  bytes.writeUInt8(2, at);
  return bytes;
}
const MAIN = Buffer.from("../bedside.cjs");

/** A folder for what attacks leave, in the work tree: /tmp may be noexec. */
export const workshop = (): string => mkdtempSync(join(WORKSHOP, "hardening-"));

/** Foreign code, and where it shows that it has run. */
export type Evil = { readonly cjs: string; readonly mjs: string; readonly ran: () => boolean };
export function evilIn(folder: string): Evil {
  const proof = join(folder, "evil-ran");
  const [cjs, mjs] = [join(folder, "evil.cjs"), join(folder, "evil.mjs")];
  writeFileSync(cjs, `require("node:fs").writeFileSync(${JSON.stringify(proof)}, "")`);
  writeFileSync(mjs, `import fs from "node:fs"; fs.writeFileSync(${JSON.stringify(proof)}, "")`);
  // By the names that a library of ours asks for, if it is there.
  for (const name of ["bufferutil", "utf-8-validate"]) {
    mkdirSync(join(folder, "node_modules", name), { recursive: true });
    copyFileSync(cjs, join(folder, "node_modules", name, "index.js"));
  }
  return {
    cjs,
    mjs,
    ran: () => {
      const there = existsSync(proof);
      rmSync(proof, { force: true });
      return there;
    },
  };
}

/** A port on loopback that counts who comes, and answers nothing. */
export type Trap = { readonly port: number; readonly visitors: () => number; readonly stop: () => Promise<void> };
export async function openTrap(): Promise<Trap> {
  let count = 0;
  const server: Server = createServer((socket) => {
    count += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new RangeError("no port");
  return { port: address.port, visitors: () => count, stop: () => new Promise((resolve) => void server.close(() => resolve())) };
}

export type Ended = { readonly code: number | NodeJS.Signals; readonly output: string };
export async function ended(command: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const running = start(command, environment);
  const code = await running.ended;
  return { code, output: running.output() };
}
