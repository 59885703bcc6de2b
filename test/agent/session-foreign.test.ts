import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DRIVERS } from "../../drivers/index.ts";
import { Room } from "./session-room.ts";

const capturesOf = (id: string): readonly (readonly [string, string])[] => {
  const folder = join(import.meta.dirname, "../../drivers", id, "captures");
  return readdirSync(folder)
    .filter((file) => file.endsWith(".capture.jsonl"))
    .map((file) => [`${id}/${file}`, join(folder, file)]);
};
const bytesIn = (path: string): readonly Uint8Array[] =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line))
    .filter(({ dir }) => dir === "rx")
    .map(({ hex }) => Uint8Array.from(Buffer.from(hex, "hex")));

const foreign = DRIVERS.flatMap((driver) =>
  DRIVERS.filter((other) => other !== driver).flatMap((other) =>
    capturesOf(other.id).map(([name, path]) => [driver.id, name, driver, path] as const),
  ),
);
/** Records of a device; that nothing holds is told, too, but of the port. */
const published = (room: Room): readonly string[] => room.said.filter((one) => /^(begin|report|wave|alert|learned) /.test(one));

test.each(foreign)("of another device's bytes the driver %s publishes nothing: %s", async (_id, _name, driver, path) => {
  const room = new Room({ driver });
  await room.tick();
  await room.tick();
  expect(room.line.isOpen).toBe(true);
  const bytes = bytesIn(path);
  expect(bytes.length).toBeGreaterThan(0);
  for (const chunk of bytes) await room.tick(chunk);
  expect(published(room)).toEqual([]);
});

test.each(DRIVERS.map((driver) => [driver.id, driver] as const))(
  "of its own device's bytes the driver %s publishes",
  async (id, driver) => {
    const room = new Room({ driver });
    await room.tick();
    await room.tick();
    for (const chunk of bytesIn(capturesOf(id)[0]![1])) await room.tick(chunk);
    expect(published(room).length).toBeGreaterThan(0);
  },
);
