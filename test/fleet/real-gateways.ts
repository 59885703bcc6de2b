import { readFileSync } from "node:fs";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { openRoom } from "../support/agent.ts";
import { startEmulatedDevice } from "../support/emulated-device.ts";
import type { Ward } from "./ward.ts";

/** A packaged `bedside` in a ward, with an oximeter at location `bench-<name>` that its own file does not admit. */
export type RealGateway = {
  readonly name: string;
  readonly location: string;
  /** Bytes of resident memory. */
  readonly resident: () => number;
  /** Resolves when the agent itself says so. */
  readonly has: (wanted: { readonly windowMs: number; readonly device: string }) => Promise<void>;
  readonly stop: () => Promise<void>;
};

export async function startRealGateway(ward: Ward, name: string, seed: number): Promise<RealGateway> {
  const room = openRoom(name, ward.pki);
  const location = `bench-${name}`;
  const trust = ["ops-1", "bio-1"].map((id) => `  ${readFileSync(ward.at(`${id}.pem.pub`), "utf8")}`).join("");
  try {
    const { path } = room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed, link: room.at("oximeter") }));
    room.configure({ port: ward.broker.port, unlisted: [{ path, location }], more: `trust:\n${trust}` });
    const agent = room.start();
    await room.statusWhere(
      "it is online, and its port is blocked",
      ({ uplink, devices }) => uplink.phase === "online" && devices.length === 0,
    );
    return {
      name,
      location,
      resident: agent.resident,
      has: async ({ windowMs, device }) => {
        await room.statusWhere(
          `it runs a window of ${windowMs} ms and reads ${device}`,
          ({ spool, devices }) => spool.windowMs === windowMs && devices.some((one) => one.device === device && one.counts.frames > 0),
        );
      },
      stop: room.stop,
    };
  } catch (caught) {
    await room.stop();
    throw caught;
  }
}
