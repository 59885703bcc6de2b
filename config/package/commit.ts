import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import process from "node:process";
import { ROOT } from "./target.ts";

/** What the file was made from. The time of the build itself would make each file another. */
export type Commit = {
  /** Twelve digits, with "+changed" where the work tree differs from it; "unknown" without git. */
  readonly build: string;
  /** Milliseconds since 1970; 0 without git. */
  readonly committedAt: number;
};

export function sourceCommit(): Commit {
  const commit = git(["rev-parse", "--short=12", "HEAD"]);
  if (commit === undefined) return { build: "unknown", committedAt: 0 };
  const clean = git(["status", "--porcelain", "--untracked-files=no"]) === "";
  return { build: clean ? commit : `${commit}+changed`, committedAt: Number(git(["show", "--no-patch", "--format=%ct", "HEAD"])) * 1000 };
}

/**
 * Of this folder's own repository: neither does one around it count, nor is its own refused because another user owns it.
 * Otherwise the same source would make another file there.
 */
function git(words: readonly string[]): string | undefined {
  const env = { ...process.env, GIT_CEILING_DIRECTORIES: resolve(ROOT, "..") };
  const result = spawnSync("git", ["-c", `safe.directory=${ROOT}`, ...words], {
    ...{ cwd: ROOT, env, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  });
  return result.status === 0 ? result.stdout.trim() : undefined;
}
