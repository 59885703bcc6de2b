import { expect, test } from "vitest";
import { settle } from "./fakes.ts";
import { Session, Way } from "./uplink-way.ts";

test("a broker that does not let the gateway read its own documents is told, readings go on, and it ends when the broker does", async () => {
  const way = new Way(20, ["settings"]);
  await way.until("proving");
  way.session.subscription = 0x87;
  await way.online();
  await settle();
  expect(way.faults.map(({ key, message }) => `${key} ${message}`)).toEqual([
    "uplink.desired_refused The broker does not let bedside/v1/gw-1/down/desired/settings be read (0x87 Not authorized)",
  ]);
  way.batch();
  await way.tick();
  expect(way.session.published.at(-1)?.topic).toBe("bedside/v1/gw-1/up/reports");
  await way.session.end();
  await way.until("offline");
  way.session = new Session(20);
  await way.online();
  await settle();
  expect(way.told.at(-1)).toBe("clear desired");
});
