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
    "uplink.desired_refused The broker does not let this gateway read bedside/v1/gw-1/down/desired/settings (0x87 Not authorized)",
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

test("documents of one kind that may not be read stay told where those of another kind may", async () => {
  const way = new Way(20, ["settings", "admissions"]);
  await way.until("proving");
  const subscribe = way.session.subscribe.bind(way.session);
  way.session.subscribe = (topic, heard) => (topic?.endsWith("/settings") ? Promise.resolve(0x87) : subscribe(topic, heard));
  await way.online();
  await settle();
  expect(way.faults.map(({ message }) => message)).toEqual([
    "The broker does not let this gateway read bedside/v1/gw-1/down/desired/settings (0x87 Not authorized)",
  ]);
  expect(way.told).not.toContain("clear desired");
});
