import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Emulator } from "../../drivers/kit/emulator.ts";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { puritanBennett840Emulator } from "../../drivers/puritan-bennett-840/emulator.ts";
import { type EmulatedDevice, startEmulatedDevice } from "../support/emulated-device.ts";
import { type Parts, partsOf } from "./mappings.ts";
import { type Memory, memoryOf, sampleOf } from "./measure.ts";
import { costOf } from "./scenes.ts";
import { openLines, type Stage } from "./stage.ts";
import { type Port, startAgent } from "./subjects.ts";

/** What the agent holds after a time, and what it costs meanwhile. */
export type Held = Memory & { readonly scene: string; readonly cpuPercent: number; readonly switches: number; readonly parts: Parts };

const START_MS = 3000;

export async function playMemory(stage: Stage, seconds: { readonly idle: number; readonly load: number }): Promise<readonly Held[]> {
  const idle = await hold(stage, { scene: "no device", ports: [], seconds: seconds.idle });
  const demo = await withDemoDevices(stage, (ports) => hold(stage, { scene: "2 Nonin + 1 PB 840", ports, seconds: seconds.idle }));
  const lines = await openLines(stage, { devices: 20, seconds: seconds.load + START_MS / 1000 + 5 });
  lines.go();
  try {
    const ports = lines.paths.map((path) => ({ path, driver: "nonin" }));
    return [idle, demo, await hold(stage, { scene: "20 Nonin", ports, seconds: seconds.load })];
  } finally {
    await lines.stop();
  }
}

async function hold(
  stage: Stage,
  wanted: { readonly scene: string; readonly ports: readonly Port[]; readonly seconds: number },
): Promise<Held> {
  const agent = startAgent(stage, { ports: wanted.ports });
  try {
    await wait(START_MS);
    const before = sampleOf(agent.pid);
    await wait(wanted.seconds * 1000);
    const { cpuPercent, switches } = costOf(before, sampleOf(agent.pid));
    return { scene: `${wanted.scene}, ${wanted.seconds} s`, ...memoryOf(agent.pid), cpuPercent, switches, parts: partsOf(agent.pid) };
  } finally {
    await agent.end();
  }
}

async function withDemoDevices<T>(stage: Stage, act: (ports: readonly Port[]) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(stage.folder, "demo-"));
  const devices: EmulatedDevice[] = [];
  const add = async <S>(emulator: Emulator<S>): Promise<Port> => {
    const device = await startEmulatedDevice({ emulator, seed: devices.length + 1, link: join(folder, `port-${devices.length}`) });
    devices.push(device);
    return { path: device.path, driver: emulator.id };
  };
  try {
    return await act([await add(noninEmulator), await add(noninEmulator), await add(puritanBennett840Emulator)]);
  } finally {
    for (const device of devices) await device.stop();
  }
}
