import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { nodeDisk } from "../../agent/effects/node/disk.ts";
import { Fault } from "../../agent/fault/fault.ts";

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
  expect((await faultOf(() => disk.list(join(own, "a")))).key).toBe("disk.failed");
});

test("a folder that cannot be made is a fault at once, also where the file system knows no folders", async () => {
  for (const refused of ["/proc/bedside", "/proc/bedside/state"])
    expect((await faultOf(() => disk.makeFolder(refused))).key).toBe("disk.failed");
  writeFileSync(join(folder, "a-file"), "");
  expect((await faultOf(() => disk.makeFolder(join(folder, "a-file")))).key).toBe("disk.failed");
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
  expect([fault.key, fault.context.errno, fault.message]).toEqual(["disk.failed", "ENOENT", expect.stringContaining(path)]);
  await disk.remove(path);
});

test("a rename takes the place of the old file, and its folder can be made durable", async () => {
  writeFileSync(join(folder, "new"), "new");
  writeFileSync(join(folder, "old"), "old");
  await disk.rename(join(folder, "new"), join(folder, "old"));
  await disk.syncFolder(folder);
  expect(Buffer.from((await disk.read(join(folder, "old"))) ?? []).toString()).toBe("new");
  expect(existsSync(join(folder, "new"))).toBe(false);
  expect((await faultOf(() => disk.syncFolder(join(folder, "nowhere")))).key).toBe("disk.failed");
});

test("a full disk is told as full, by either kind of write", async () => {
  const file = await disk.open("/dev/full", "existing");
  try {
    expect((await faultOf(() => file.write(0, Uint8Array.of(1)))).key).toBe("disk.full");
    expect(() => file.writeNow(0, Uint8Array.of(1))).toThrow(expect.objectContaining({ key: "disk.full" }));
  } finally {
    await file.close();
  }
});

test("after a failed sync the file is never synced again", async () => {
  // A character device answers fdatasync with EINVAL.
  const file = await disk.open("/dev/full", "existing");
  try {
    expect((await faultOf(() => file.sync())).context.errno).toBe("EINVAL");
    const second = await faultOf(() => file.sync());
    expect([second.key, second.context.errno]).toEqual(["disk.failed", undefined]);
  } finally {
    await file.close();
  }
});

test("a read-only disk is told as read-only", (context) => {
  const mounted = join(folder, "mounted");
  mkdirSync(mounted);
  const script = `mount -t tmpfs -o ro none "$0" && exec "$1" --input-type=module -e "$2" "$0/file"`;
  const create = `const { nodeDisk } = await import(${DISK});
    try { await nodeDisk().open(process.argv[1], "create"); } catch (caught) { console.log(caught.key); }`;
  const apart = process.getuid?.() === 0 ? ["--mount"] : ["--mount", "--map-root-user"];
  const done = spawnSync("unshare", [...apart, "sh", "-c", script, mounted, process.execPath, create]);
  if (done.status !== 0) {
    console.warn(`NOT TESTED: read-only disk, because no file system can be mounted here (${String(done.stderr).trim()})`);
    context.skip();
  }
  expect(done.stdout.toString().trim()).toBe("disk.read_only");
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
