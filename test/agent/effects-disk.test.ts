import { execFileSync, spawnSync } from "node:child_process";
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { diskFile, nodeDisk } from "../../agent/effects/node/disk.ts";
import { Fault } from "../../agent/fault/fault.ts";
import { asRoot, NOBODY, through } from "../support/as-user.ts";

const folder = mkdtempSync(join(tmpdir(), "bedside-disk-"));
const memory = existsSync("/dev/shm") ? mkdtempSync("/dev/shm/bedside-disk-") : undefined;
const disk = nodeDisk();
const DISK = JSON.stringify(new URL("../../agent/effects/node/disk.ts", import.meta.url).href);
afterAll(() => {
  for (const each of [folder, memory]) if (each !== undefined) rmSync(each, { recursive: true, force: true });
});

async function faultOf(action: () => Promise<unknown> | undefined): Promise<Fault> {
  try {
    await action();
  } catch (caught) {
    if (caught instanceof Fault) return caught;
    throw caught;
  }
  return expect.fail("nothing was thrown");
}

test("names come sorted, and a missing folder has none", async () => {
  const own = join(folder, "names");
  expect(await disk.list(own)).toEqual([]);
  await disk.makeFolder(join(own, "deep"));
  for (const name of ["b", "a", "B", "10", "9"]) writeFileSync(join(own, name), "");
  expect(await disk.list(own)).toEqual(["10", "9", "B", "a", "b", "deep"]);
  expect((await faultOf(() => disk.list(join(own, "a")))).key).toBe("disk.denied");
});

test("a folder that cannot be made is a fault at once, also where the file system knows no folders", async () => {
  for (const refused of ["/proc/bedside", "/proc/bedside/state"])
    expect((await faultOf(() => disk.makeFolder(refused))).key).toBe("disk.denied");
  writeFileSync(join(folder, "a-file"), "");
  for (const below of ["a-file", "a-file/state"]) {
    const { key, message } = await faultOf(() => disk.makeFolder(join(folder, below)));
    expect([key, message]).toEqual(["disk.denied", expect.stringContaining("a file lies where a folder is expected")]);
  }
  await disk.makeFolder(join(folder, "one", "two", "three"));
  await disk.makeFolder(join(folder, "one", "two", "three"));
  expect(await disk.list(join(folder, "one", "two"))).toEqual(["three"]);
});

test("files and folders are for the service alone, whatever the mask", async () => {
  const own = join(folder, "modes");
  const mask = spawnSync(process.execPath, [
    "--input-type=module",
    "-e",
    `process.umask(0); const { nodeDisk } = await import(${DISK}); const disk = nodeDisk();
     await disk.makeFolder(process.argv[1]); await (await disk.open(process.argv[1] + "/file", "create")).close();`,
    own,
  ]);
  expect(mask.stderr.toString()).toBe("");
  expect(statSync(own).mode & 0o777).toBe(0o700);
  expect(statSync(join(own, "file")).mode & 0o777).toBe(0o600);
});

test("what is written at a place is read there, also past the old end", async () => {
  const path = join(folder, "places");
  const file = await disk.open(path, "create");
  try {
    await file.write(0, Uint8Array.of(1, 2, 3));
    await file.write(5, Uint8Array.of(9));
    await file.sync();
    expect(await file.read(0, 100)).toEqual(Uint8Array.of(1, 2, 3, 0, 0, 9));
    expect(await file.read(1, 2)).toEqual(Uint8Array.of(2, 3));
    expect(await file.read(50, 4)).toEqual(new Uint8Array(0));
  } finally {
    await file.close();
  }
  expect(await disk.read(path)).toEqual(Uint8Array.of(1, 2, 3, 0, 0, 9));
  const again = await disk.open(path, "existing");
  expect(await again.read(0, 1)).toEqual(Uint8Array.of(1));
  await again.close();
  await (await disk.open(path, "create")).close();
  expect(await disk.read(path)).toEqual(new Uint8Array(0));
});

test("a write for this turn is in the file when the call returns", async () => {
  const path = join(memory ?? folder, "ring");
  const file = await disk.open(path, "create");
  try {
    file.writeNow(4, Uint8Array.of(7, 8));
    expect([...readFileSync(path)]).toEqual([0, 0, 0, 0, 7, 8]);
  } finally {
    await file.close();
  }
});

test("a missing file reads as undefined, cannot be opened, and is as good as removed", async () => {
  const path = join(folder, "missing");
  expect(await disk.read(path)).toBeUndefined();
  const fault = await faultOf(() => disk.open(path, "existing"));
  expect([fault.key, fault.context.errno, fault.message]).toEqual(["disk.denied", "ENOENT", expect.stringContaining(path)]);
  await disk.remove(path);
});

test("a rename takes the place of the old file, and its folder can be made durable", async () => {
  writeFileSync(join(folder, "new"), "new");
  writeFileSync(join(folder, "old"), "old");
  await disk.rename(join(folder, "new"), join(folder, "old"));
  await disk.syncFolder(folder);
  expect(Buffer.from((await disk.read(join(folder, "old"))) ?? []).toString()).toBe("new");
  expect(existsSync(join(folder, "new"))).toBe(false);
  expect((await faultOf(() => disk.syncFolder(join(folder, "nowhere")))).key).toBe("disk.denied");
});

test("a full disk is told as full, by either kind of write", async () => {
  const file = diskFile("/dev/full", await open("/dev/full", "r+"));
  try {
    expect((await faultOf(() => file.write(0, Uint8Array.of(1)))).key).toBe("disk.full");
    expect(() => file.writeNow(0, Uint8Array.of(1))).toThrow(expect.objectContaining({ key: "disk.full" }));
  } finally {
    await file.close();
  }
});

test("after a failed sync the file is never synced again", async () => {
  // A character device answers fdatasync with EINVAL.
  const file = diskFile("/dev/full", await open("/dev/full", "r+"));
  try {
    expect((await faultOf(() => file.sync())).context.errno).toBe("EINVAL");
    const second = await faultOf(() => file.sync());
    expect([second.key, second.context.errno]).toEqual(["disk.failed", undefined]);
  } finally {
    await file.close();
  }
});

/** What a program prints that runs on a file system of its own; undefined, told aloud, where none can be mounted. */
function mountedApart(script: string, name: string, words: readonly string[]): string | undefined {
  const mounted = join(folder, name);
  mkdirSync(mounted);
  const apart = process.getuid?.() === 0 ? ["--mount"] : ["--mount", "--map-root-user"];
  const done = spawnSync("unshare", [...apart, "sh", "-c", script, mounted, process.execPath, ...words]);
  if (done.status === 0) return done.stdout.toString().trim();
  console.warn(`NOT TESTED: ${name} disk, because no file system can be mounted here (${String(done.stderr).trim()})`);
  return undefined;
}

test("a read-only disk is told as read-only", (context) => {
  const script = `mount -t tmpfs -o ro none "$0" && exec "$1" --input-type=module -e "$2" "$0/file"`;
  const told = mountedApart(script, "read-only", [
    `const { nodeDisk } = await import(${DISK});
     try { await nodeDisk().open(process.argv[1], "create"); } catch (caught) { console.log(caught.key); }`,
  ]);
  if (told === undefined) return context.skip();
  expect(told).toBe("disk.read_only");
});

test("a disk without room for one more file says so, since it looks empty to whoever looks for space", (context) => {
  const script = `mount -t tmpfs -o size=1M,nr_inodes=2 none "$0" && exec "$1" --input-type=module -e "$2" "$0"`;
  const told = mountedApart(script, "small", [
    `const { nodeDisk } = await import(${DISK}); const disk = nodeDisk(); const at = process.argv[1];
     await (await disk.open(at + "/1", "create")).close();
     try { await disk.open(at + "/2", "create"); } catch (caught) { console.log(caught.key, caught.message); }`,
  ]);
  if (told === undefined) return context.skip();
  expect(told).toMatch(/^disk\.full No more files fit on the disk of \S+\/small\/2: it has too many small ones/);
});

// biome-ignore format: a table is read by eye.
const IN_THE_WAY: readonly (readonly [what: string, make: (path: string) => void, says: RegExp])[] = [
  ["a folder",               (path) => mkdirSync(path),                                  /is a folder, where a file is expected|is no ordinary file/],
  ["a link to a good file",  (path) => { writeFileSync(`${path}.to`, "x"); symlinkSync(`${path}.to`, path); }, /is a link, and links are not followed/],
  ["a link to nothing",      (path) => symlinkSync(`${path}.nowhere`, path),             /is a link, and links are not followed/],
  ["a link in a circle",     (path) => symlinkSync(path, path),                          /is a link, and links are not followed/],
  ["a pipe nobody writes",   (path) => void execFileSync("mkfifo", [path]),              /is no ordinary file/],
  ["a path through a file",  (path) => { writeFileSync(path, ""); },                     /a file lies where a folder is expected/],
];
for (const [what, make, says] of IN_THE_WAY)
  test(`${what} in the place of a file is told as such, not as a failing disk, and is left as it is`, async () => {
    const at = join(mkdtempSync(join(folder, "way-")), "it");
    make(at);
    const path = what === "a path through a file" ? join(at, "below") : at;
    const before = readdirSync(join(at, "..")).sort();
    for (const action of [() => disk.read(path), () => disk.open(path, "existing"), () => disk.open(path, "create")]) {
      const fault = await faultOf(action);
      expect([fault.key, fault.message]).toEqual(["disk.denied", expect.stringMatching(says)]);
      expect(fault.message).toContain(path);
    }
    expect(readdirSync(join(at, "..")).sort()).toEqual(before);
    if (existsSync(`${at}.to`)) expect(readFileSync(`${at}.to`, "utf8")).toBe("x");
  });

test("a name that is too long, a file without a right to it and one file too many each have their own words", () => {
  const mine = mkdtempSync(join(tmpdir(), "bedside-mine-"));
  const program = `const { nodeDisk } = await import(${DISK}); const disk = nodeDisk(); const at = process.argv[1];
    const tell = (action) => action().then(() => console.log("nothing"), (caught) => console.log(caught.key, caught.message));
    await tell(() => disk.open(at + "/" + "x".repeat(300), "create"));
    await tell(() => disk.open(at + "/secret", "existing"));
    const files = []; await tell(async () => { for (;;) files.push(await disk.open(at + "/mine", "create")); });`;
  try {
    writeFileSync(join(mine, "secret"), "x", { mode: 0 });
    if (asRoot) chownSync(mine, NOBODY, NOBODY);
    const words = [...through(NOBODY), process.execPath, "--input-type=module", "-e", program, mine];
    const done = spawnSync("prlimit", ["--nofile=64:64", ...words]);
    const lines = done.stdout.toString().trim().split("\n");
    expect(lines, done.stderr.toString()).toHaveLength(3);
    expect(lines[0]).toMatch(/^disk\.denied The name .* is too long \(ENAMETOOLONG\)$/);
    expect(lines[1]).toMatch(/^disk\.denied No right to use \S+ \(EACCES\)$/);
    expect(lines[2]).toMatch(/^disk\.too_many \S+ would be one open file too many \(EMFILE\)$/);
  } finally {
    rmSync(mine, { recursive: true, force: true });
  }
});

test("a file that is far too long to be one of the agent's is not read into memory", async () => {
  const path = join(folder, "long");
  execFileSync("truncate", ["--size=20G", path]);
  expect((await faultOf(() => disk.read(path))).message).toMatch(/is longer than 16777216 bytes/);
});

test("a folder has one name, however its path is written, and knows the folders above it", async () => {
  const own = join(mkdtempSync(join(folder, "place-")), "state");
  mkdirSync(own);
  symlinkSync(own, `${own}-link`);
  const [name] = await disk.lineage(own);
  for (const path of [`${own}/`, `${own}/../state`, `${own}-link`, `.${"/..".repeat(process.cwd().split("/").length - 1)}${own}`])
    expect((await disk.lineage(path))[0], path).toBe(name);
  const missing = await disk.lineage(join(`${own}-link`, "not", "yet"));
  expect(missing).toEqual(await disk.lineage(join(own, "not", "yet")));
  expect(missing.indexOf(name!)).toBe(2);
  expect((await disk.lineage(join(own, "not", "other")))[0]).not.toBe(missing[0]);
  expect(await disk.lineage("/")).toHaveLength(1);
});

test("a folder tells how much is free, and whether it is in memory", async (context) => {
  const free = await disk.free(folder);
  const column = (name: string) =>
    Number(
      execFileSync("df", [`--output=${name}`, "-B1", folder])
        .toString()
        .split("\n")[1],
    );
  // Others write meanwhile: within a gigabyte is near enough to tell the right field from a wrong one.
  expect(Math.abs(free.bytes - column("avail"))).toBeLessThan(2 ** 30);
  expect(free.inodes).toBeGreaterThan(0);
  expect(await disk.isTmpfs("/proc")).toBe(false);
  if (memory === undefined) {
    console.warn("NOT TESTED: tmpfs is recognised, because there is no /dev/shm");
    return context.skip();
  }
  expect(await disk.isTmpfs(memory)).toBe(true);
});

test("opening, failing and closing leave no descriptor", async () => {
  const path = join(folder, "descriptors");
  const before = readdirSync("/proc/self/fd").length;
  for (let round = 0; round < 20; round += 1) {
    const file = await disk.open(path, "create");
    await file.write(0, Uint8Array.of(1));
    await file.sync();
    await file.close();
    await disk.syncFolder(folder);
    await faultOf(() => disk.open(join(path, "below"), "create"));
  }
  expect(readdirSync("/proc/self/fd").length).toBe(before);
});
