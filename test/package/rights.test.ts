import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, lstatSync, mkdirSync, readdirSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asRoot, through } from "../support/as-user.ts";
import { until } from "../support/until.ts";
import type { Running } from "./agent-process.ts";
import { type OrdinaryUser, ordinaryUser } from "./ordinary-user.ts";

/** Rights of files, as a user who has none beyond his own. */
const TOLD_MAX = 15_000;
const TEST_MAX = 30_000;

let user: OrdinaryUser;
beforeAll(async () => {
  user = await ordinaryUser();
});
afterAll(() => user?.stop());

const told = (running: Running, what: string): Promise<void> => until(`${what} is told`, () => running.output().includes(what), TOLD_MAX);
const stopped = async (running: Running): Promise<number | NodeJS.Signals> => {
  running.child.kill("SIGTERM");
  return running.ended;
};
const withoutKey = (output: string): void => {
  for (const line of user.keyText.split("\n")) if (line !== "" && !line.startsWith("-")) expect(output).not.toContain(line);
};
const skipped = (what: string): string => {
  process.stderr.write(`SKIPPED: ${what}\n`);
  return what;
};

test("the tests run as a user whom file rights hold back", () => {
  if (!asRoot) return;
  const [setpriv = "", ...words] = through(user.uid);
  expect(spawnSync(setpriv, [...words, "cat", "/etc/shadow"]).status).not.toBe(0);
  expect(spawnSync(setpriv, [...words, "cat", user.key]).status).toBe(0);
});

describe("a private key", () => {
  test.each(["0640", "0604", "0660", "0644"])(
    "with the mode %s ends the start with 3 and BED-138, and no part of it is told (R04, R05)",
    async (mode) => {
      chmodSync(user.key, Number.parseInt(mode, 8));
      const running = user.run();
      expect(await running.ended).toBe(3);
      chmodSync(user.key, 0o600);
      expect(running.output()).toMatch(/^BED-138 .*gw\.key has mode 0\d{3}; no more than 0600 is allowed +credentials\.too_open/);
      withoutKey(running.output());
    },
  );

  test("of another user ends the start with 3 and BED-138 (R04)", async (t) => {
    if (!asRoot) return t.skip(skipped("a key of another user; only root can give a file away"));
    // Readable through its group, so that it is the owner alone that is refused.
    copyFileSync(user.key, user.at("foreign.key"));
    chownSync(user.at("foreign.key"), 0, user.uid);
    chmodSync(user.at("foreign.key"), 0o640);
    user.configure({ key: user.at("foreign.key") });
    const running = user.run();
    expect(await running.ended).toBe(3);
    user.configure();
    expect(running.output()).toMatch(/^BED-138 .*foreign\.key belongs to user 0, and the agent runs as user \d+/);
  });

  test(
    "that opens to others while the agent runs is not used at the next connect, and is again when it is closed (R04)",
    async () => {
      const running = user.run();
      await told(running, "BED-102");
      expect(running.output()).not.toContain("BED-138");
      chmodSync(user.key, 0o644);
      await told(running, "BED-138");
      chmodSync(user.key, 0o600);
      const before = running.output().length;
      await until("it is used again", () => running.output().slice(before).includes("BED-102"), TOLD_MAX);
      withoutKey(running.output());
      expect(await stopped(running)).toBe(0);
    },
    TEST_MAX,
  );

  test(
    "behind a symbolic link is judged by the file it leads to (R04)",
    async () => {
      symlinkSync(user.key, user.at("link.key"));
      user.configure({ key: user.at("link.key") });
      const running = user.run();
      await told(running, "BED-102");
      expect(await stopped(running)).toBe(0);
      chmodSync(user.key, 0o604);
      const refused = user.run();
      expect(await refused.ended).toBe(3);
      chmodSync(user.key, 0o600);
      user.configure();
      expect(refused.output()).toContain("BED-138");
    },
    TEST_MAX,
  );
});

describe("what is no regular file", () => {
  test.each(["ca", "cert", "key"] as const)(
    "and is named as broker.%s neither blocks the agent nor fills its memory (R04)",
    async (which) => {
      execFileSync("mkfifo", [user.at("fifo")]);
      user.own(user.at("fifo"));
      for (const odd of [user.at("fifo"), "/dev/zero"]) {
        user.configure({ [which]: odd });
        const running = user.run();
        await told(running, `Cannot read broker.${which}: ${odd} (it is no regular file)`);
        expect(running.output()).toContain("BED-130");
        expect(await stopped(running)).toBe(0);
      }
      unlinkSync(user.at("fifo"));
      user.configure();
    },
    TEST_MAX,
  );

  test("and is named as the configuration ends the start at once with BED-501", async () => {
    execFileSync("mkfifo", [user.at("fifo")]);
    user.own(user.at("fifo"));
    for (const odd of ["/dev/zero", user.at("fifo"), user.folder, "/dev/stdin"]) {
      const running = user.run({ config: odd });
      expect(await running.ended).toBe(1);
      expect(running.output()).toContain(`BED-501  Cannot read ${odd} (it is no regular file)`);
    }
    unlinkSync(user.at("fifo"));
  });
});

describe("the state and runtime directories", () => {
  test(
    "are made for the agent alone, with all that is in them, whatever the mask (R04)",
    async () => {
      const [state, runtime] = [user.at("fresh"), join(user.runtime, "fresh")];
      const running = user.run({ state, runtime, mask: "000" });
      await told(running, "BED-102");
      const modes = [...treeOf(state), ...treeOf(runtime)];
      expect(modes.length).toBeGreaterThan(5);
      expect(
        modes.filter(({ kind }) => kind !== "socket").filter(({ mode, kind }) => mode !== (kind === "folder" ? 0o700 : 0o600)),
      ).toEqual([]);
      expect(modes.filter(({ kind, mode }) => kind === "socket" && (mode & 0o007) !== 0)).toEqual([]);
      expect(await stopped(running)).toBe(0);
    },
    TEST_MAX,
  );

  test.each(["0770", "0777", "1777"])(
    "that others may write into (%s) end the start with 3 and BED-406, and stay empty (R04)",
    async (mode) => {
      for (const which of ["state", "runtime"] as const) {
        const open = which === "state" ? user.at("open") : join(user.runtime, "open");
        mkdirSync(open);
        chmodSync(open, Number.parseInt(mode, 8));
        user.own(open);
        const running = user.run({ [which]: open });
        expect(await running.ended).toBe(3);
        expect(running.output()).toMatch(/^BED-406 {2}Other users may write into \S+open \(mode [01]77[07]\) +state\.too_open/);
        expect(readdirSync(open)).toEqual([]);
        execFileSync("rmdir", [open]);
      }
    },
  );

  test("of another user end the start with 3 and BED-406 (R04)", async (t) => {
    if (!asRoot) return t.skip(skipped("a folder of another user; only root can give one away"));
    mkdirSync(user.at("foreign"), { mode: 0o755 });
    const running = user.run({ state: user.at("foreign") });
    expect(await running.ended).toBe(3);
    expect(running.output()).toMatch(/^BED-406 .*foreign belongs to user 0, and the agent runs as user \d+/);
  });
});

type Seen = { readonly path: string; readonly kind: "folder" | "file" | "socket"; readonly mode: number };
/** The agent works on: a file that is written beside and renamed may be gone when its turn comes. */
function treeOf(path: string): readonly Seen[] {
  const seen = lstatSync(path, { throwIfNoEntry: false });
  if (seen === undefined) return [];
  const kind = seen.isDirectory() ? "folder" : seen.isSocket() ? "socket" : "file";
  const own: Seen = { path, kind, mode: seen.mode & 0o7777 };
  return [own, ...(kind === "folder" ? readdirSync(path).flatMap((name) => treeOf(join(path, name))) : [])];
}
