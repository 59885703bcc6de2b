import { describe, expect, test } from "vitest";
import type { Message } from "../../agent/effects/effects.ts";
import type { Lane } from "../../agent/model/model.ts";
import type { Outgoing } from "../../agent/spool/spool.ts";
import { Drain, IN_FLIGHT_MAX, type Source } from "../../agent/uplink/drain.ts";
import { topicsOf } from "../../agent/uplink/topics.ts";
import type { Mono } from "../../config/units.ts";
import { randomOf } from "../drivers/streams.ts";
import { HandBroker, settle } from "./fakes.ts";

const NOW = 1n as Mono;
const STATE: Message = { topic: "bedside/v1/gw-1/up/health", payload: Uint8Array.of(1), retain: true, properties: {} };

/** Batches without end, or as many as there are. */
class Heap implements Source {
  live = 0;
  backlog = 0;
  readonly answers: [string, number][] = [];
  nextLive = (): Outgoing | undefined => (this.live-- > 0 ? outgoing("live") : this.#none("live"));
  nextBacklog = (): Outgoing | undefined => (this.backlog-- > 0 ? outgoing("backlog") : this.#none("backlog"));
  answered = ({ range }: Outgoing, code: number): void => {
    this.answers.push([range, code]);
  };
  #none(of: "live" | "backlog"): undefined {
    this[of] = 0;
    return undefined;
  }
}
const outgoing = (range: "live" | "backlog", lane: Lane = "report", volatile = false): Outgoing => ({
  lane,
  range,
  volatile,
  bytes: Uint8Array.of(7),
  of: undefined as never,
});

function newDrain(receiveMaximum: number, barred: ReadonlyMap<Lane, number> = new Map()) {
  const session = new HandBroker(receiveMaximum);
  const source = new Heap();
  const told: [Lane, number][] = [];
  const drain = new Drain({
    session,
    source,
    topics: topicsOf("gw-1"),
    now: () => NOW,
    answered: (lane, code) => told.push([lane, code]),
    barred: (lane) => barred.get(lane),
  });
  return { session, source, drain, told };
}
/** How many of each kind are unanswered. */
const ranges = (session: HandBroker) => ({
  live: session.published.filter(({ properties }) => properties.range === "live").length,
  backlog: session.published.filter(({ properties }) => properties.range === "backlog").length,
});

describe("a connection", () => {
  for (const receiveMaximum of [1, 2, 3, 20, 99, 100, 65_535])
    test(`never has more unanswered than the ${receiveMaximum} that the server takes, nor more than ${IN_FLIGHT_MAX}`, async () => {
      const random = randomOf(receiveMaximum);
      const { session, source, drain } = newDrain(receiveMaximum);
      let states = 0;
      for (let step = 0; step < 600; step++) {
        source.live += random.below(4);
        source.backlog += random.below(6);
        if (random.below(3) === 0) drain.send(NOW);
        if (random.below(10) === 0 && drain.sendState(STATE) !== undefined) states += 1;
        const unanswered = session.published.splice(0);
        for (const message of unanswered) {
          if (random.below(3) > 0) message.answer(0);
          else session.published.push(message);
        }
        await settle();
        expect(drain.inFlight).toBe(session.unanswered);
      }
      const quota = Math.min(receiveMaximum, IN_FLIGHT_MAX);
      expect(session.unansweredMost).toBeLessThanOrEqual(quota);
      expect(session.unansweredMost, "and uses what it may").toBeGreaterThanOrEqual(Math.min(quota, 20) - (quota > 2 ? 2 : 0));
      expect(states, "health and birth come through").toBeGreaterThan(5);
    });

  test("gives the backlog half of the places at most", () => {
    for (const [receiveMaximum, share] of [
      [1, 1],
      [2, 1],
      [20, 10],
      [1000, 50],
    ] as const) {
      const { session, source, drain } = newDrain(receiveMaximum);
      source.backlog = 1000;
      drain.send(NOW);
      expect(ranges(session)).toEqual({ live: 0, backlog: share });
    }
  });

  test("sends what is live before the backlog", () => {
    const { session, source, drain } = newDrain(20);
    source.live = 5;
    source.backlog = 100;
    drain.send(NOW);
    expect(session.published.map(({ properties }) => properties.range)).toEqual([
      ...Array.from({ length: 5 }, () => "live"),
      ...Array.from({ length: 10 }, () => "backlog"),
    ]);
  });

  test("lets live batches in while the backlog waits for answers", async () => {
    const { session, source, drain } = newDrain(20);
    source.backlog = 1000;
    drain.send(NOW);
    source.live = 3;
    drain.send(NOW);
    expect(ranges(session)).toEqual({ live: 3, backlog: 10 });
  });

  test("sends on as soon as an answer makes room, not at the next tick", async () => {
    const { session, source, drain } = newDrain(1);
    source.live = 2;
    drain.send(NOW);
    expect(session.published).toHaveLength(1);
    session.published[0]!.answer(0);
    await settle();
    expect(session.published).toHaveLength(2);
  });

  test("keeps a place for birth and health under any load", async () => {
    for (const receiveMaximum of [1, 2, 3, 20]) {
      const { session, source, drain } = newDrain(receiveMaximum);
      source.live = Number.POSITIVE_INFINITY;
      source.backlog = Number.POSITIVE_INFINITY;
      let sent = false;
      for (let tick = 0; tick < 20 && !sent; tick++) {
        drain.send(NOW);
        sent = drain.sendState(STATE) !== undefined;
        for (const message of session.published.splice(0)) message.answer(0);
        await settle();
      }
      expect(sent, `Receive Maximum ${receiveMaximum}`).toBe(true);
      expect(session.unansweredMost).toBeLessThanOrEqual(receiveMaximum);
    }
  });

  test("goes on with readings after the state was sent", async () => {
    const { session, source, drain } = newDrain(1);
    source.live = 10;
    drain.send(NOW);
    let due = drain.sendState(STATE) === undefined;
    expect(due).toBe(true);
    for (let tick = 0; tick < 40; tick++) {
      for (const message of session.published.splice(0)) message.answer(0);
      await settle();
      due &&= drain.sendState(STATE) === undefined;
      drain.send(NOW);
    }
    expect(due).toBe(false);
    expect(source.answers.length).toBe(10);
  });

  test("publishes on the lane's topic, says live or backlog and volatile, and retains nothing", () => {
    const { session, drain, source } = newDrain(20);
    const queue = [outgoing("live", "alert"), outgoing("live", "wave", true)];
    source.nextLive = () => queue.shift();
    source.nextBacklog = () => undefined;
    drain.send(NOW);
    expect(session.published.map(({ topic, retain, properties }) => ({ topic, retain, properties }))).toEqual([
      { topic: "bedside/v1/gw-1/up/alerts", retain: false, properties: { range: "live" } },
      { topic: "bedside/v1/gw-1/up/waves", retain: false, properties: { range: "live", volatile: "true" } },
    ]);
  });

  test("hands every answer to the spool and to the uplink, with its code", async () => {
    const { session, source, drain, told } = newDrain(20);
    source.live = 2;
    drain.send(NOW);
    session.published[0]!.answer(0x10);
    session.published[1]!.answer(0x97);
    await settle();
    expect(source.answers).toEqual([
      ["live", 0x10],
      ["live", 0x97],
    ]);
    expect(told).toEqual([
      ["report", 0x10],
      ["report", 0x97],
    ]);
  });

  test("answers for a lane that is barred with the broker's code, and sends nothing of it", () => {
    const { session, source, drain, told } = newDrain(20, new Map([["report", 0x87]]));
    source.live = 2;
    drain.send(NOW);
    expect(source.answers).toEqual([
      ["live", 0x87],
      ["live", 0x87],
    ]);
    expect(session.published).toEqual([]);
    expect(told, "which is told already").toEqual([]);
  });

  test("that has ended sends nothing more, and late answers count for nothing", async () => {
    const { session, source, drain, told } = newDrain(20);
    source.live = 2;
    drain.send(NOW);
    drain.end();
    source.live = 5;
    for (const message of session.published) message.answer(0);
    await settle();
    drain.send(NOW);
    expect(source.answers).toEqual([]);
    expect(told).toEqual([]);
    expect(session.published).toHaveLength(2);
    expect(drain.sendState(STATE)).toBeUndefined();
  });
});

test("the topics of a gateway begin with its own name", () => {
  const topics = topicsOf("gw-1");
  expect([topics.birth, topics.health, ...(["alert", "event", "report", "wave"] as const).map(topics.lane)]).toEqual([
    "bedside/v1/gw-1/up/birth",
    "bedside/v1/gw-1/up/health",
    "bedside/v1/gw-1/up/alerts",
    "bedside/v1/gw-1/up/events",
    "bedside/v1/gw-1/up/reports",
    "bedside/v1/gw-1/up/waves",
  ]);
});
