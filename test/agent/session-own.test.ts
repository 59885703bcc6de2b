import { expect, test } from "vitest";
import { type Duration, Milliseconds, Seconds } from "../../config/units.ts";
import { DRIVERS } from "../../drivers/index.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";
import type { AnyEmulator } from "../../drivers/kit/emulator.ts";
import { devicesOf } from "../dev/devices.ts";
import { Room, tiny } from "./session-room.ts";

const TICK = 20;

/** The driver's session and its emulated device, byte against byte, as far as this time. */
async function lived(driver: AnyDriver, device: AnyEmulator, time: Duration): Promise<Room> {
  const room = new Room({ driver });
  await room.tick();
  await room.tick();
  let state = device.start(1);
  for (let ms = 0; ms < time; ms += TICK) {
    const heard = Buffer.concat(room.line.wrote.splice(0));
    const step = device.step(state, heard, Milliseconds(ms));
    state = step.state;
    await room.tick(...step.sends.map(({ bytes }) => bytes));
  }
  return room;
}

test.each(DRIVERS.map((driver) => [driver.id, driver] as const))(
  "a device of the driver %s is proved before its port could be told as silent, or as one that holds no frame",
  async (id, driver) => {
    const room = await lived(driver, devicesOf(id)[0]![1].emulator, Seconds(20));
    expect(room.said.filter((one) => /^(begin 1|raise|end 1) ?/.test(one))).toEqual([expect.stringMatching(/^begin 1 /)]);
  },
);

test("a port that says nothing is told, however long its driver's quiet time is", async () => {
  const room = new Room({ driver: { ...tiny, quiet: Seconds(25) } });
  await room.pass(24_000);
  expect(room.said).toEqual([]);
  await room.pass(2000);
  expect(room.said).toEqual(["raise session.silent"]);
});
