import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { Ended, Evil } from "./hardening.ts";

/** What an attack has at hand: a folder of its own, foreign code in it, and a program without the flags. */
export type Place = { readonly folder: string; readonly evil: Evil; readonly bare: readonly string[] };
export type Attack = {
  readonly name: string;
  readonly environment: (place: Place) => Readonly<Record<string, string>>;
  /** Whether it did, after the program has ended. */
  readonly worked: (run: Ended, place: Place) => boolean;
  /** What it works on. */
  readonly control: (place: Place) => readonly string[];
};

const plain = (): readonly string[] => [process.execPath, "--eval", "0"];
const bare = (place: Place): readonly string[] => place.bare;
const ENGINE = "foreign-engine.so";

/** By environment, on verbs that refuse nothing. */
export const ATTACKS: readonly Attack[] = [
  {
    name: "NODE_OPTIONS=--require",
    environment: ({ evil }) => ({ NODE_OPTIONS: `--require=${evil.cjs}` }),
    worked: (_, { evil }) => evil.ran(),
    control: bare,
  },
  {
    name: "NODE_OPTIONS=--import",
    environment: ({ evil }) => ({ NODE_OPTIONS: `--import=${evil.mjs}` }),
    worked: (_, { evil }) => evil.ran(),
    control: plain,
  },
  {
    name: "NODE_OPTIONS=--inspect",
    environment: () => ({ NODE_OPTIONS: "--inspect=127.0.0.1:0" }),
    worked: ({ output }) => output.includes("Debugger listening"),
    control: bare,
  },
  {
    name: "NODE_OPTIONS that mean nothing",
    environment: () => ({ NODE_OPTIONS: "--nonsense" }),
    worked: ({ code }) => code !== 0,
    control: bare,
  },
  {
    name: "OPENSSL_CONF with foreign code",
    environment: ({ folder }) => ({ OPENSSL_CONF: foreignConfiguration(folder) }),
    // There is no such file, and the complaint about it says that it would have been loaded.
    worked: ({ output }) => output.includes(ENGINE),
    control: bare,
  },
  {
    name: "NODE_V8_COVERAGE",
    environment: ({ folder }) => ({ NODE_V8_COVERAGE: join(folder, "folder") }),
    worked: (_, { folder }) => existsSync(join(folder, "folder")),
    control: plain,
  },
];

function foreignConfiguration(folder: string): string {
  const file = join(folder, "openssl.cnf");
  const engine = `engine_id = evil\ndynamic_path = ${join(folder, ENGINE)}\ninit = 1\n`;
  writeFileSync(file, `nodejs_conf = a\n[a]\nengines = b\n[b]\nevil = c\n[c]\n${engine}`);
  return file;
}
