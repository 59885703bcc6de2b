import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");
const FOLDER = join(import.meta.dirname, "paper");
const SOURCES = ["record", "state", "config"].map((name) => `proto/bedside/v1/${name}.proto`);

export type Paper = { readonly name: string; readonly message: string; readonly text: string };

/** The hand-written messages: each says in its first line which message it is. */
export function papers(): readonly Paper[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".txtpb"))
    .sort()
    .map((name) => {
      const text = readFileSync(join(FOLDER, name), "utf8");
      const message = /^# proto-message: bedside\.v1\.(\w+)$/m.exec(text)?.[1];
      if (message === undefined) throw new TypeError(`${name} does not say which message it is`);
      return { name, message, text };
    });
}

/** protoc (Debian: protobuf-compiler), a second opinion that shares nothing with our codec. Throws where it is missing. */
export const protocEncode = (message: string, text: string): Uint8Array => new Uint8Array(protoc(`--encode=bedside.v1.${message}`, text));
export const protocDecode = (message: string, bytes: Uint8Array): string =>
  protoc(`--decode=bedside.v1.${message}`, bytes).toString("utf8");

const protoc = (mode: string, input: string | Uint8Array): Buffer =>
  execFileSync("protoc", ["-Iproto", mode, ...SOURCES], { cwd: ROOT, input, stdio: ["pipe", "pipe", "inherit"] });
