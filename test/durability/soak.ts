import { setTimeout as wait } from "node:timers/promises";
import { BACKOFF_CAP } from "../../agent/uplink/state.ts";
import { memoryOf } from "../bench/measure.ts";
import { type FaultProxy, startFaultProxy, type Weather } from "../support/fault-proxy.ts";
import { diceOf, endOf } from "./kills.ts";
import type { Life, Place, Verdict, Ward } from "./ward.ts";

/** A ward's rated load for a long time, while network and broker do what they do. */
export type SoakWanted = {
  readonly seconds: number;
  readonly devices: number;
  readonly seed: number;
  /** Accidents, in turn; all of them where none are named. */
  readonly accidents?: readonly AccidentName[];
  /** Between two accidents. */
  readonly quietMs?: number;
  /** How long the longest accident lasts; half open lasts until it is found out. */
  readonly accidentMs?: number;
  readonly say?: (line: string) => void;
};
export type SoakVerdict = {
  readonly verdict: Verdict;
  readonly happened: Readonly<Record<string, number>>;
  /** Seconds until the agent knew that nobody answers, for each half-open connection. */
  readonly foundOut: readonly number[];
  /** Seconds from the end of an accident to the agent's being on line again. */
  readonly back: readonly number[];
  /** Bytes of anonymous memory of the packaged file, at a quarter of the time and at the end; and open files likewise. */
  readonly anonymous: readonly [early: number, late: number];
};

const GATEWAY = "gw-soak";
const QUIET_MS = 20_000;
const ACCIDENT_MS = 15_000;
/** One and a half keep-alives, and a busy machine's share. */
const FOUND_OUT_MS = 60_000;
/** Accident follows accident, so that the back-off may reach its cap. */
const BACK_MS = BACKOFF_CAP + 60_000;

type Scene = {
  readonly ward: Ward;
  readonly place: Place;
  readonly proxy: FaultProxy;
  /** A time drawn for an accident. */
  readonly someMs: () => number;
};
export type AccidentName = keyof typeof ACCIDENTS;

/** Each returns when it is over; what it gives is how long it took the agent to find out. */
const ACCIDENTS = {
  "the broker is restarted": ({ ward }: Scene) => ward.away(ward.broker.stop, ward.broker.restart, 0),
  "the broker is gone": ({ ward, someMs }: Scene) => ward.away(ward.broker.stop, ward.broker.restart, someMs()),
  "the broker says nothing": ({ ward, someMs }: Scene) => ward.away(ward.broker.pause, ward.broker.resume, someMs()),
  "the connection is reset": async ({ proxy }: Scene) => proxy.cut(),
  partition: (scene: Scene) => weather(scene, { is: "refusing" }, "cut"),
  "a slow line": (scene: Scene) => weather(scene, { is: "slow", ms: 60, bytes: 1400 }),
  "half open": halfOpen,
} as const satisfies Record<string, (scene: Scene) => Promise<unknown>>;

async function weather({ ward, proxy, someMs }: Scene, how: Weather, first?: "cut"): Promise<void> {
  const begin = (): void => {
    proxy.be(how);
    if (first === "cut") proxy.cut();
  };
  await ward.away(begin, () => proxy.be({ is: "good" }), someMs());
}

async function halfOpen({ ward, place, proxy }: Scene): Promise<number> {
  const began = performance.now();
  proxy.be({ is: "half-open" });
  let foundOut = 0;
  const lasts = async (): Promise<void> => {
    await place.room.statusWhere("the agent knows that nobody answers", ({ uplink }) => uplink.phase !== "online", FOUND_OUT_MS);
    foundOut = (performance.now() - began) / 1000;
    proxy.be({ is: "good" });
    proxy.cut();
  };
  await ward.away(() => undefined, lasts, 0);
  return foundOut;
}

export async function playSoak(ward: Ward, wanted: SoakWanted): Promise<SoakVerdict> {
  const { seconds, devices, seed, quietMs = QUIET_MS, accidentMs = ACCIDENT_MS, say = () => undefined } = wanted;
  const names = wanted.accidents ?? (Object.keys(ACCIDENTS) as AccidentName[]);
  const proxy = await startFaultProxy(ward.broker.port);
  try {
    const place = await ward.open(GATEWAY, { devices, port: proxy.port });
    const dice = diceOf(seed);
    const scene: Scene = { ward, place, proxy, someMs: () => accidentMs / 3 + dice((accidentMs * 2) / 3) };
    const life = place.start();
    await life.heard();
    const told = { happened: {} as Record<string, number>, foundOut: [] as number[], back: [] as number[], memory: [] as number[] };
    const until = performance.now() + seconds * 1000;
    for (let turn = 0; performance.now() < until; turn++) {
      await wait(Math.min(quietMs, Math.max(0, until - performance.now())));
      const name = names[turn % names.length]!;
      told.memory.push(memoryOf(life.agent.pid).anonymousKb * 1024);
      const foundOut = await ACCIDENTS[name](scene);
      if (typeof foundOut === "number") told.foundOut.push(foundOut);
      told.happened[name] = (told.happened[name] ?? 0) + 1;
      told.back.push(await backAgain(place, life));
      say(`${name}; back after ${told.back.at(-1)!.toFixed(1)} s; ${(told.memory.at(-1)! / 1e6).toFixed(0)} MB anonymous`);
    }
    await life.end("stop");
    const verdict = await endOf(ward, [place]);
    const { memory, ...rest } = told;
    return { verdict, ...rest, anonymous: [memory[Math.floor(memory.length / 4)] ?? 0, memory.at(-1) ?? 0] };
  } finally {
    await proxy.stop();
  }
}

async function backAgain({ room }: Place, { agent }: Life): Promise<number> {
  const from = performance.now();
  if (!agent.running()) throw new Error(`the agent ended by itself: ${agent.log().slice(-2000)}`);
  await room.statusWhere("it is on line", ({ uplink }) => uplink.phase === "online", BACK_MS);
  return (performance.now() - from) / 1000;
}
