import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ROOT } from "../../config/package/target.ts";

/** What the one who plays systemd saw. `at` in seconds. */
export type Happening = { readonly at: number } & (
  | { readonly what: "started" | "silent"; readonly pid: number }
  | { readonly what: "heard"; readonly message: string }
  | { readonly what: "ended"; readonly code: number }
);
export type ServiceManager = {
  readonly seen: readonly Happening[];
  readonly heard: (message: string) => number;
  readonly started: () => readonly (Happening & { readonly what: "started" | "silent" })[];
  /** What the service said on standard error. */
  readonly log: () => string;
  /** Stops the service as systemd would, and waits for its end. */
  readonly stop: () => Promise<void>;
};

/** Keeps a program alive as systemd would: a datagram socket that the real systemd-notify speaks to, a limit, SIGKILL, a restart. */
export function startServiceManager(limitSeconds: number, command: readonly string[]): ServiceManager {
  const child = spawn("python3", [join(ROOT, "test/support/service-manager.py"), String(limitSeconds), ...command], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const seen: Happening[] = [];
  let log = "";
  createInterface({ input: child.stdout }).on("line", (line) => seen.push(JSON.parse(line) as Happening));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
  const ended = once(child, "close");
  const started = () => seen.filter((one): one is Happening & { what: "started" | "silent" } => one.what === "started");
  return {
    seen,
    heard: (message) => seen.filter((one) => one.what === "heard" && one.message === message).length,
    started,
    log: () => log,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      await ended;
    },
  };
}
