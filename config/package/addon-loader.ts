import { createHash } from "node:crypto";
import { closeSync, constants as files, openSync, writeSync } from "node:fs";
import { constants as system } from "node:os";
import process from "node:process";
import { getRawAsset } from "node:sea";
import { Fault } from "../../agent/fault/fault.ts";

/**
 * Stands in the one file for the module of @serialport/bindings-cpp that looks for its add-on on disk.
 * The add-on lies in the file itself. Linux loads code from files only, so it is written to one that has no name: nobody
 * else can open it, and nothing is left behind. Loaded where serialport is first imported; throws Fault `agent.addon`.
 */
declare const __ADDON_SHA256__: string;

export const binding = loadAddon();

function loadAddon(): unknown {
  const bytes = new Uint8Array(getRawAsset("serialport.node"));
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found !== __ADDON_SHA256__) {
    throw new Fault("agent.addon", "The serial add-on inside the program file is damaged", { expected: __ADDON_SHA256__, found });
  }
  const reasons: string[] = [];
  for (const folder of folders()) {
    try {
      return loadFrom(folder, bytes);
    } catch (cause) {
      reasons.push(`${folder}: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  }
  throw new Fault("agent.addon", `The serial add-on cannot be loaded from any folder (${reasons.join("; ")})`, { folders: reasons.length });
}

/** Memory first; a service manager's /run is often mounted noexec, and a hardened host's /tmp too. */
function folders(): string[] {
  const runtime = option("--runtime-dir") ?? process.env.RUNTIME_DIRECTORY;
  const state = option("--state-dir") ?? process.env.STATE_DIRECTORY;
  return ["/dev/shm", runtime, state, "/tmp"].filter((folder) => folder?.startsWith("/") === true) as string[];
}

/** Read here once more because the add-on is loaded by an import, which takes no arguments. */
function option(name: string): string | undefined {
  const words = process.argv.slice(2);
  const joined = words.find((word) => word.startsWith(`${name}=`));
  if (joined !== undefined) return joined.slice(name.length + 1);
  const at = words.indexOf(name);
  return at === -1 ? undefined : words[at + 1];
}

function loadFrom(folder: string, bytes: Uint8Array): unknown {
  // O_TMPFILE; Node does not name it, and O_DIRECTORY, which is part of it, differs by architecture.
  const nameless = files.O_DIRECTORY | 0o20000000;
  const written = openSync(folder, nameless | files.O_RDWR | files.O_EXCL, 0o500);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(written, bytes, at);
    // Linux refuses to run what somebody holds open for writing, so it is opened again for reading alone.
    const readable = openSync(`/proc/self/fd/${written}`, files.O_RDONLY);
    try {
      const loaded: { exports: unknown } = { exports: {} };
      // The C library knows libraries by their path: a second add-on must not get the same descriptor number.
      process.dlopen(loaded, `/proc/self/fd/${readable}`, system.dlopen.RTLD_NOW);
      return loaded.exports;
    } finally {
      closeSync(readable);
    }
  } finally {
    closeSync(written);
  }
}
