import { createCipheriv } from "node:crypto";
import { describe, expect, test } from "vitest";
import { nodeSeals } from "../../agent/effects/node/seals.ts";
import { Keyring } from "../../agent/spool/keyring.ts";
import { entropyOf, MemoryDisk } from "./fakes.ts";
import { Bench, namesIn } from "./spool-bench.ts";

const FILES = ["/state/spool.key", "/state/spool.key.copy"];
const ringOn = (disk: MemoryDisk, seed: number) => new Keyring({ disk, folder: "/state", entropy: entropyOf(seed), seals: nodeSeals() });

describe("a seal", () => {
  test("is AES-256-GCM, as a second writer of it has it, and opens what it sealed", () => {
    const [key, nonce, beside, plain] = [new Uint8Array(32).fill(1), new Uint8Array(12).fill(2), Uint8Array.of(3), Uint8Array.of(4, 5, 6)];
    const seal = nodeSeals()(key);
    const other = createCipheriv("aes-256-gcm", key, nonce).setAAD(beside);
    const whole = Buffer.concat([other.update(plain), other.final(), other.getAuthTag()]);
    expect(Buffer.from(seal.seal(nonce, beside, plain))).toEqual(whole);
    expect(seal.open(nonce, beside, whole)).toEqual(plain);
    expect(seal.open(nonce, Uint8Array.of(9), whole)).toBeUndefined();
    expect(seal.open(nonce, beside, whole.subarray(0, 10))).toBeUndefined();
  });
});

describe("the key of the spool", () => {
  test("is made once, is on flash before it is used, and is the same from then on", async () => {
    const disk = new MemoryDisk();
    const { id } = await ringOn(disk, 1).seal();
    expect(FILES.every((path) => disk.files.has(path))).toBe(true);
    expect((await ringOn(disk, 2).seal()).id).toBe(id);
    disk.fails = (operation) => operation === "open";
    await expect(ringOn(new MemoryDisk(), 3).seal()).resolves.toBeDefined();
    const refusing = new MemoryDisk();
    refusing.fails = (operation) => operation === "open";
    const ring = ringOn(refusing, 3);
    await expect(ring.seal()).rejects.toMatchObject({ key: "disk.failed" });
    refusing.fails = () => false;
    await expect(ring.seal()).resolves.toBeDefined();
  });

  test("outlives the loss of either copy, which is written anew; a disk that shows neither makes no other one", async () => {
    for (const path of FILES)
      for (const harm of ["remove", "alter", "empty"] as const) {
        const disk = new MemoryDisk();
        const { id } = await ringOn(disk, 1).seal();
        const bytes = disk.files.get(path)!;
        if (harm === "remove") disk.files.delete(path);
        if (harm === "alter") bytes[8]! ^= 1;
        if (harm === "empty") disk.files.set(path, new Uint8Array());
        expect((await ringOn(disk, 2).seal()).id, `${path} ${harm}`).toBe(id);
        expect(disk.files.get(FILES[0]!)).toEqual(disk.files.get(FILES[1]!));
      }
    const disk = new MemoryDisk();
    const { id } = await ringOn(disk, 1).seal();
    disk.fails = (operation) => operation === "read";
    await expect(ringOn(disk, 2).seal()).rejects.toMatchObject({ key: "disk.failed" });
    disk.fails = () => false;
    expect((await ringOn(disk, 2).seal()).id).toBe(id);
  });
});

describe("what waits on flash", () => {
  async function waiting() {
    const bench = await Bench.start();
    for (let count = 0; count < 5; count++) {
      bench.keep("report", 1, "heart rate seventy-two");
      await bench.pass(400);
    }
    const copy = bench.disk.copy();
    for (const path of [...copy.files.keys()]) if (path.startsWith("/run/")) copy.files.delete(path);
    return copy;
  }

  test("is legible nowhere on it", async () => {
    const disk = await waiting();
    const all = Buffer.concat([...disk.files.values()]);
    expect(all.length).toBeGreaterThan(1024 * 1024);
    expect(all.includes("seventy-two")).toBe(false);
    const next = await Bench.start({ disk, run: 8n });
    next.spool.connected();
    expect(namesIn(await next.everything()).filter((name) => name.startsWith("report"))).toHaveLength(5);
  });

  test("is lost with its key and counted, and the gateway goes on under a new one", async () => {
    const disk = await waiting();
    for (const path of FILES) disk.files.delete(path);
    const next = await Bench.start({ disk, run: 8n });
    expect([next.spool.keyLost?.context.records, next.waiting]).toEqual([5, 0]);
    next.keep("report", 1, "new");
    await next.pass(400);
    next.spool.connected();
    expect(namesIn(await next.everything())).toEqual(["report/1/0"]);
    expect(next.unexplained).toBe(0);
    await next.pass(10_100);
    const after = await Bench.start({ disk: next.disk.copy(), run: 9n });
    expect(after.spool.keyLost, "what is lost is told once, its files are used again").toBeUndefined();
  });
});
