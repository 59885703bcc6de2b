import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { openRoom, type StartOptions } from "../support/agent.ts";
import { type CrashDisk, must, openCrashDisk } from "./crash-disk.ts";
import { type Dice, diceOf, endOf } from "./kills.ts";
import { openWard, type Place, type Verdict, type Ward } from "./ward.ts";

/** Power cuts: the packaged file lives on a disk that writes everything down; then the disk is made as a cut would have left it. */
export type ImagesWanted = {
  readonly images: number;
  readonly seed: number;
  /** Of the images, those on which the packaged file is started. */
  readonly starts: number;
  /** How late beyond its window a commit may be: a second, where nothing else is said. */
  readonly slackMs?: number;
  /** Another program than the packaged file. */
  readonly program?: readonly string[];
  /** How often the scene is played; each time the agent is killed once. */
  readonly scenes?: number;
  readonly say?: (line: string) => void;
};
export type ImagesVerdict = {
  readonly clean: boolean;
  readonly images: number;
  readonly ways: Readonly<Record<string, number>>;
  /** Names that had been read and had not come when the power went, of all images. */
  readonly owed: number;
  readonly lost: number;
  readonly odd: number;
  readonly unmountable: number;
  /** Images that the kernel took only after e2fsck. */
  readonly repaired: number;
  /** Names on an image that no subscriber was ever told. */
  readonly unknown: number;
  /** Names that a cut cost, within the window. */
  readonly within: number;
  /** How long before the end of its agent what was lost had been read. */
  readonly age_ms: { readonly p50?: number; readonly p99?: number; readonly max?: number };
  readonly examples: readonly string[];
};
export type StartsVerdict = {
  readonly clean: boolean;
  readonly names: number;
  readonly missing: number;
  readonly conflicting: number;
  /** Runs whose end is told otherwise than it was. */
  readonly wrong: number;
  readonly ends: Readonly<Record<string, number>>;
  readonly examples: readonly string[];
};
export type PowerVerdict = { readonly lived: Verdict; readonly cut: ImagesVerdict; readonly starts: StartsVerdict | undefined };

const GATEWAY = "gw-crash";
const DEVICES = 3;
const SLACK_MS = 1000;
/** How long the broker answers, is silent, is gone, and comes back, at most. */
const ACT_MS = { answers: 1500, silent: 3500, gone: 3000, back: 1500 };

export async function playPowerCuts(wanted: ImagesWanted): Promise<PowerVerdict> {
  const { images, seed, starts: count, program, scenes = 1, slackMs = SLACK_MS, say = () => undefined } = wanted;
  const ward = await openWard();
  const out = mkdtempSync(join(tmpdir(), "bedside-starts-"));
  let disk: CrashDisk | undefined;
  try {
    disk = await openCrashDisk();
    const lived = await livesOn(disk, ward, { dice: diceOf(seed), scenes, ...(program === undefined ? {} : { program }) });
    say(`${scenes} scenes were played: ${JSON.stringify(lived.ends)}, ${lived.records} records`);
    const words = [
      "judge",
      disk.log,
      disk.base,
      ward.ledgers,
      "--images",
      String(images),
      "--seed",
      String(seed),
      "--slack-ms",
      String(slackMs),
    ];
    const cut = (await crashImages([...words, "--starts", String(count), "--out", out])) as ImagesVerdict;
    say(`${cut.images} images: ${cut.lost} names lost outside the window`);
    const starts = count === 0 ? undefined : await startAll(out, ward.ledgers, program);
    return { lived, cut, starts };
  } finally {
    await ward.stop();
    await disk?.stop();
    rmSync(out, { recursive: true, force: true });
  }
}

type Lives = { readonly dice: Dice; readonly scenes: number; readonly program?: readonly string[] };

async function livesOn(disk: CrashDisk, ward: Ward, { dice, scenes, ...how }: Lives): Promise<Verdict> {
  const place = await ward.open(GATEWAY, { devices: DEVICES });
  const { stateDir } = place.room;
  mkdirSync(stateDir);
  disk.mount(stateDir);
  try {
    for (let scene = 0; scene < scenes; scene++) await playScene(ward, place, { dice, how });
    return await endOf(ward, [place], how);
  } finally {
    for (const one of place.lives()) await one.agent.stop();
    disk.unmount(stateDir);
  }
}

/** The broker answers, is silent, is back; it is gone while the agent is killed and starts again; and comes back. */
async function playScene(ward: Ward, place: Place, { dice, how }: { readonly dice: Dice; readonly how: StartOptions }): Promise<void> {
  const some = (most: number): Promise<void> => wait(most / 2 + dice(most / 2));
  const first = place.start(how);
  await first.heard();
  await some(ACT_MS.answers);
  await ward.away(ward.broker.pause, ward.broker.resume, ACT_MS.silent / 2 + dice(ACT_MS.silent / 2));
  await some(ACT_MS.back);
  let second = first;
  await ward.away(
    () => ward.broker.stop(),
    async () => {
      await first.end("kill");
      second = place.start(how);
      await some(ACT_MS.gone);
      await ward.broker.restart();
    },
    ACT_MS.gone / 2 + dice(ACT_MS.gone / 2),
  );
  await second.heard();
  await some(ACT_MS.back);
  await second.end(dice(2) < 1 ? "kill" : "stop");
}

/** The packaged file is started on each image, on a machine that was booted again, until nothing waits. */
async function startAll(images: string, ledgers: string, program: readonly string[] | undefined): Promise<StartsVerdict> {
  const ward = await openWard();
  try {
    const room = openRoom(GATEWAY, ward.pki);
    try {
      room.configure({ port: ward.broker.port });
      mkdirSync(room.stateDir);
      for (const name of readdirSync(images).filter((name) => name.endsWith(".img"))) {
        const [index] = name.split(".");
        must("mount", ["-o", "loop", join(images, name), room.stateDir]);
        try {
          rmSync(room.runtimeDir, { recursive: true });
          mkdirSync(room.runtimeDir, { mode: 0o700 });
          const began = process.hrtime.bigint();
          const agent = room.start({ ...bootedAgain(room.at("boot-id")), ...(program === undefined ? {} : { program }) });
          await room.statusWhere("nothing waits", ({ ledger, uplink }) => {
            const lanes = Object.values(ledger);
            return uplink.phase === "online" && lanes.every(({ waiting }) => waiting === 0) && ledger.event.delivered > 0;
          });
          await agent.terminate();
          await ward.quiet(1);
          appendFileSync(join(images, "starts.tsv"), `${index}\t${began}\t${process.hrtime.bigint()}\n`);
        } finally {
          must("umount", [room.stateDir]);
        }
      }
    } finally {
      await room.stop();
    }
    await ward.quiet(1);
    return (await crashImages(["starts", ledgers, ward.ledgers, images])) as StartsVerdict;
  } finally {
    await ward.stop();
  }
}

/** The agent sees another boot id than those before it. */
function bootedAgain(file: string): StartOptions {
  writeFileSync(file, `${randomUUID()}\n`);
  const script = 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"';
  return { through: ["unshare", "--mount", "sh", "-c", script, file] };
}

function crashImages(words: readonly string[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const child = spawn("/usr/bin/python3", ["-B", join(import.meta.dirname, "crash_images.py"), ...words], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let told = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (told += text));
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0 || code === 1) resolve(JSON.parse(told));
      else reject(new Error(`crash_images.py ended with ${code}`));
    });
  });
}
