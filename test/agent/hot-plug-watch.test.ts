import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FolderWatch, watchDevices } from "../../agent/effects/node/port-watch.ts";
import { until } from "../support/until.ts";

let dev: string;
let watch: FolderWatch;
beforeEach(() => {
  dev = mkdtempSync(join(tmpdir(), "bedside-dev-"));
  watch = watchDevices(dev);
});
afterEach(() => {
  watch.close();
  rmSync(dev, { recursive: true, force: true });
});

const WAIT_MS = 5000;
async function stirs(what: string): Promise<void> {
  await until(`${what} stirs`, () => watch.stirred(), WAIT_MS, { everyMs: 2 });
  // Whatever belongs to it comes, so that the next wait is for the next thing.
  await pause(20);
  watch.stirred();
}

test("a node that comes or goes stirs", async () => {
  watch.refresh();
  expect(watch.stirred()).toBe(false);
  symlinkSync("/dev/null", join(dev, "ttyUSB0"));
  await stirs("a node came");
  rmSync(join(dev, "ttyUSB0"));
  await stirs("a node went");
});

test("folders of USB buses that come, go and come again are watched, though they were not there in the beginning", async () => {
  watch.refresh();
  const bus = join(dev, "bus/usb/001");
  mkdirSync(bus, { recursive: true });
  await stirs("the folder bus came");
  watch.refresh();
  writeFileSync(join(bus, "002"), "");
  await stirs("a device came");
  rmSync(join(dev, "bus"), { recursive: true });
  await stirs("all went");
  watch.refresh();
  mkdirSync(bus, { recursive: true });
  await stirs("the folder came again");
  watch.refresh();
  writeFileSync(join(bus, "003"), "");
  await stirs("a device came into the new folder");
});

test("a folder that was exchanged for another one of the same name is watched itself", async () => {
  watch.refresh();
  renameSync(dev, `${dev}-old`);
  mkdirSync(dev);
  await stirs("it was moved away");
  watch.refresh();
  symlinkSync("/dev/null", join(dev, "ttyUSB0"));
  await stirs("a node came into the new one");
  rmSync(`${dev}-old`, { recursive: true });
});

test("a folder that is not there is no fault and tells nothing", () => {
  const nowhere = watchDevices(join(dev, "nowhere"));
  nowhere.refresh();
  expect(nowhere.stirred()).toBe(false);
  nowhere.close();
});

test("a folder that somebody writes to without end is let go, so that it does not keep the processor awake", async () => {
  watch.refresh();
  const noisy = join(dev, "noise");
  const end = Date.now() + WAIT_MS;
  let quiet = 0;
  // Each round is seen as long as the folder is watched.
  while (quiet < 3) {
    if (Date.now() > end) expect.fail("it is still watched");
    for (let write = 0; write < 50; write++) {
      writeFileSync(noisy, String(write));
      rmSync(noisy);
    }
    await pause(5);
    quiet = watch.stirred() ? 0 : quiet + 1;
  }
  watch.refresh();
  writeFileSync(noisy, "");
  await pause(20);
  expect(watch.stirred(), "it rests for a while").toBe(false);
});

test("a host that gives no more notifications is no fault: only the second remains", (t) => {
  const module = new URL("../../agent/effects/node/port-watch.ts", import.meta.url).href;
  const script = `
    const { watchDevices } = await import(${JSON.stringify(module)});
    const { writeFileSync } = await import("node:fs");
    const watch = watchDevices(process.argv[1]);
    watch.refresh();
    writeFileSync(process.argv[1] + "/ttyUSB0", "");
    setTimeout(() => console.log("stirred:", watch.stirred()), 100);`;
  const none = 'echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"';
  const words = ["--user", "--map-root-user", "sh", "-c", none, "sh", process.execPath, "--input-type=module", "-e", script, dev];
  const ended = spawnSync("unshare", words, { encoding: "utf8" });
  if (/unshare/.test(ended.stderr)) {
    console.warn(`NOT TESTED: a host without notifications, because this one allows no user namespace: ${ended.stderr}`);
    return t.skip();
  }
  expect([ended.status, ended.stdout.trim()]).toEqual([0, "stirred: false"]);
});
