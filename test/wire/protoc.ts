import { execFileSync } from "node:child_process";
import { resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");
const SOURCES = ["record", "state", "config"].map((name) => `proto/bedside/v1/${name}.proto`);

/** protoc (Debian: protobuf-compiler), a second opinion that shares nothing with our codec. Throws where it is missing. */
export const protocEncode = (message: string, text: string): Uint8Array => new Uint8Array(protoc(`--encode=bedside.v1.${message}`, text));
export const protocDecode = (message: string, bytes: Uint8Array): string =>
  protoc(`--decode=bedside.v1.${message}`, bytes).toString("utf8");

const protoc = (mode: string, input: string | Uint8Array): Buffer =>
  execFileSync("protoc", ["-Iproto", mode, ...SOURCES], { cwd: ROOT, input, stdio: ["pipe", "pipe", "inherit"] });
