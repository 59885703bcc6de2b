import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { MESSAGES } from "../../drivers/philips-intellivue/request.ts";
import { type EmulateWords, emulate } from "../dev/emulate.ts";
import { openPtyReader } from "./pty-reader.ts";
import { until } from "./until.ts";

/** `./build.sh dev emulate`, as a driver's author types it. */

const DEV = resolve(import.meta.dirname, "../dev/dev.ts");
const TEST_MS = 60_000;
const folder = realpathSync(mkdtempSync(join(tmpdir(), "bedside-emulate-test-")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Run = {
  readonly path: Promise<string>;
  readonly err: () => string;
  readonly code: Promise<number | null>;
  readonly interrupt: () => void;
};
function start(...words: readonly string[]): Run {
  const child = spawn(process.execPath, [DEV, "emulate", ...words], { stdio: ["ignore", "pipe", "pipe"] });
  let err = "";
  let out = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const path = new Promise<string>((done) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
      if (out.endsWith("\n")) done(out.trim());
    });
  });
  const code = new Promise<number | null>((done) => child.once("close", (status) => done(status)));
  return { path, err: () => err, code, interrupt: () => child.kill("SIGINT") };
}
const sentBy = (err: string): string => [...err.matchAll(/^→ ([0-9a-f]+)$/gm)].map(([, hex]) => hex).join("");

describe.concurrent("dev emulate", () => {
  test(
    "plays a device with its faults, tells each as it happens, and what was recorded plays the same bytes again",
    async () => {
      const script = join(folder, "night.faults");
      const first = start(
        "nonin",
        "--seed",
        "7",
        "--for",
        "3s",
        "--record",
        script,
        "--fault",
        "garbage:every=2,cut:every=3",
        "--fault",
        "repeat:every=4",
      );
      const path = await first.path;
      const reader = openPtyReader(path);
      expect(await first.code).toBe(0);
      reader.close();
      expect(existsSync(path)).toBe(false);
      expect(readFileSync(script, "utf8")).toMatch(
        /^# .*\ndevice nonin\nseed 7\nnoise:bytes=40,every=2\ncut:every=3\nrepeat:times=1,every=4\n$/,
      );
      for (const told of [
        /^! \d+\.\d\d s {2}noise: message 2, followed by noise$/m,
        /^! .* cut: message 3, \d of 5 bytes leave$/m,
        /^! .* repeat: message 4, sent again$/m,
      ])
        expect(first.err()).toMatch(told);

      const again = start("--script", script, "--for", "3s");
      const read = openPtyReader(await again.path);
      expect(await again.code).toBe(0);
      read.close();
      const [a, b] = [sentBy(first.err()), sentBy(again.err())];
      const both = Math.min(a.length, b.length);
      expect(both, "most of three seconds").toBeGreaterThan(2 * 700);
      expect(a.slice(0, both) === b.slice(0, both)).toBe(true);
    },
    TEST_MS,
  );

  test(
    "takes the port away and gives it back",
    async () => {
      const run = start("puritan-bennett-840", "--fault", "unplug@500ms+1s");
      const path = await run.path;
      const comes = (what: string, so: () => boolean): Promise<void> => until(what, so, 20_000, { everyMs: 20, said: run.err });
      expect(existsSync(path)).toBe(true);
      await comes("the port is gone", () => !existsSync(path));
      expect(run.err()).toMatch(/^! 0\.50 s {2}unplugged: the port is gone$/m);
      await comes("it is back", () => existsSync(path));
      await comes("and said to be", () => /^! 1\.50 s {2}plugged in again$/m.test(run.err()));
      run.interrupt();
      expect(await run.code).toBe(0);
      expect(existsSync(path), "nothing is left").toBe(false);
    },
    TEST_MS,
  );

  test(
    "plays a capture as a device, and ends with it",
    async () => {
      const capture = resolve(DEV, "../../../drivers/masimo-ascii/captures/emulated-rad-5.capture.jsonl");
      const run = start(capture, "--speed", "20");
      const reader = openPtyReader(await run.path);
      expect(await run.code, run.err()).toBe(0);
      reader.close();
      const recorded = readFileSync(capture, "utf8")
        .split("\n")
        .map((line) => /"dir":"rx","hex":"([0-9a-f]+)"/.exec(line)?.[1] ?? "");
      expect(sentBy(run.err())).toBe(recorded.join(""));
      expect(run.err()).toContain("The capture has ended.");
    },
    TEST_MS,
  );

  test(
    "ends a capture loudly where the device is asked something else",
    async () => {
      const run = start(resolve(DEV, "../../../drivers/puritan-bennett-840/captures/emulated-cut.capture.jsonl"));
      const path = await run.path;
      writeFileSync(path, "HELLO\r");
      expect(await run.code, run.err()).toBe(1);
      expect(run.err()).toMatch(/^FAILED: expected was question 1 of 4, .*"RSET\\rSNDF\\r".*; heard was .*"HELLO\\r"/m);
    },
    TEST_MS,
  );

  test(
    "plays a monitor on the network, prints its address, and tells what it hears and answers",
    async () => {
      const run = start("philips-intellivue", "--udp");
      const [host, port] = (await run.path).split(":");
      expect([host, Number(port) > 0]).toEqual(["127.0.0.1", true]);
      const client = createSocket("udp4");
      const answered = once(client, "message") as Promise<[Buffer]>;
      // It may be deaf to the first requests.
      const asking = setInterval(() => client.send(MESSAGES.ASSOCIATE.encode({ pollTicks: 320_000 }), Number(port), host), 200);
      const [answer] = await answered;
      clearInterval(asking);
      expect(answer[0], "accepted").toBe(0x0e);
      client.close();
      run.interrupt();
      expect(await run.code).toBe(0);
      expect(run.err()).toContain(`→ ${answer.toString("hex")}\n`);
      expect(run.err()).toMatch(/^← 0dec/m);
    },
    TEST_MS,
  );

  const NONE: EmulateWords = { device: undefined, fault: [], script: undefined, record: undefined, seed: undefined, for: undefined };
  const written = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  test.each<readonly [Partial<EmulateWords>, RegExp]>([
    [{}, /needs a device, for example/],
    [{ device: "toaster" }, /no emulated device "toaster"; there are: .*nonin/],
    [{ device: "constructor" }, /no emulated device "constructor"/],
    [
      { device: "nonin", fault: ["flip:evry=2"] },
      /"evry=2" in "flip:evry=2" was not understood: this fault takes every, bits, for example/,
    ],
    [{ device: "nonin", fault: ["swap@1s:toaster"] }, /no emulated device "toaster" to swap for/],
    [{ device: "puritan-bennett-840", fault: ["checksum"] }, /has no checksum/],
    [{ device: "nonin", seed: "-3" }, /--seed takes a whole number/],
    [{ device: "nonin", for: "ever" }, /--for takes a time such as 20s/],
    [{ device: "nonin", script: "/nowhere/x" }, /the script cannot be read: .*\/nowhere\/x/],
    [{ device: "nonin", record: "/nowhere/x" }, /\/nowhere\/x/],
    [{ script: written("bad", "device nonin\nsilense@3s\n") }, /bad, line 2: "silense" is no fault/],
    [{ device: "nonin", script: written("other", "device puritan-bennett-840\n") }, /the script is for puritan-bennett-840, not for nonin/],
    [{ device: "/nowhere/x.capture.jsonl" }, /no such file/],
    [{ device: written("none.jsonl", "hello\n") }, /none\.jsonl, line 1 is no header of a capture/],
    [{ device: "x.jsonl", fault: ["flip"] }, /a capture is played as it is/],
    [{ device: "x.jsonl", speed: "fast" }, /--speed takes a number/],
    [{ device: "nonin", speed: "2" }, /--speed goes with a capture/],
    [{ device: "nonin", udp: true }, /nonin is on no network/],
    [{ device: "philips-intellivue", udp: true, fault: ["unplug@1s"] }, /nothing can be unplugged on the network/],
  ])("says what is wrong with %o", async (words, told) => {
    expect(await emulate({ ...NONE, ...words })).toMatch(told);
  });

  test(
    "answers wrong words with usage and exit code 2, never with a stack",
    async () => {
      const run = start("nonin", "--fualt", "flip");
      expect(await run.code).toBe(2);
      expect(run.err()).toMatch(/^dev: Unknown option '--fualt'/);
      expect(run.err()).toContain("faults: KIND@FROM+TIME:PARAMETERS");
      expect(run.err()).not.toMatch(/\n {4}at /);
    },
    TEST_MS,
  );
});
