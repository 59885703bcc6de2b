import type { TestContext } from "vitest";
import { openRoom, type Room } from "../support/agent.ts";

const CLOSE_MS = 60_000;

/** A room for one test: closed when it ends, and where it fails the agents' logs are shown. */
export function roomFor(test: TestContext, gateway?: string): Room {
  const room = openRoom(gateway);
  test.onTestFailed(() => console.error(room.said()));
  test.onTestFinished(() => room.stop(), CLOSE_MS);
  return room;
}
