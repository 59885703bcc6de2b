import { setTimeout as wait } from "node:timers/promises";
import { nextRandom } from "../../drivers/kit/emulator.ts";
import type { StartOptions } from "../support/agent.ts";
import type { Life, Place, Verdict, Ward } from "./ward.ts";

/** kill -9 of the packaged file at any instant, start-up included, while the broker comes and goes. */
export type KillsWanted = { readonly kills: number; readonly seed: number; readonly rooms?: number; readonly say?: (line: string) => void };

const DEVICES_A_ROOM = 2;
/** One kill in so many comes at a time drawn from the start of the process on, before anybody heard of it. */
const EARLY = 5;
const EARLY_MS = 900;
const LATE_MS = 1500;
const BROKER = { answersMs: 4000, awayMs: 1500 };
const SAID_EVERY = 25;
const QUIET_SECONDS = 3;

export async function playKills(ward: Ward, wanted: KillsWanted): Promise<Verdict> {
  const { kills, seed, rooms = 4, say = () => undefined } = wanted;
  const places = await Promise.all(Array.from({ length: rooms }, (_, index) => ward.open(`gw-kill-${index}`, { devices: DEVICES_A_ROOM })));
  let left = kills;
  const killing = Promise.all(
    places.map(async (place, index) => {
      const dice = diceOf(seed * 1000 + index);
      while (left > 0) {
        left -= 1;
        if (left % SAID_EVERY === 0) say(`${kills - left} of ${kills} kills`);
        const life = place.start();
        await oneLife(life, dice);
        await life.end("kill");
      }
    }),
  );
  const pausing = pauseUntil(ward, killing, diceOf(seed));
  await killing;
  await pausing;
  return endOf(ward, places);
}

/** Resolves when it is time to kill. */
async function oneLife(life: Life, dice: Dice): Promise<void> {
  if (dice(EARLY) < 1) return wait(dice(EARLY_MS));
  await life.heard();
  await wait(dice(LATE_MS));
}

async function pauseUntil({ away, broker }: Ward, done: Promise<unknown>, dice: Dice): Promise<void> {
  const ended = done.then(() => true);
  while (!(await Promise.race([ended, wait(dice(BROKER.answersMs)).then(() => false)])))
    await away(broker.pause, broker.resume, dice(BROKER.awayMs));
}

/** All live once more, until everything has come; then the devices are silent, the agents stop, and the ledgers are compared. */
export async function endOf(ward: Ward, places: readonly Place[], how: StartOptions = {}): Promise<Verdict> {
  const lives = places.map((place) => place.start(how));
  await Promise.all(lives.map((life) => life.heard()));
  await wait(LATE_MS);
  for (const { devices } of places) await devices.ask("pause", "pause");
  for (const { room } of places)
    await room.statusWhere("nothing waits", ({ ledger }) => Object.values(ledger).every(({ waiting }) => waiting === 0), 60_000);
  await Promise.all(lives.map((life) => life.end("stop")));
  return ward.verdict({ quietSeconds: QUIET_SECONDS });
}

/** From 0 up to, but not including, a bound. */
export type Dice = (below: number) => number;
export function diceOf(seed: number): Dice {
  let state = seed;
  return (below) => {
    const [next, value] = nextRandom(state);
    state = next;
    return value * below;
  };
}
