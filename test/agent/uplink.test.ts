import { describe, expect, test } from "vitest";
import { Fault } from "../../agent/fault/fault.ts";
import { settle } from "./fakes.ts";
import { Session, TOPICS, Way, wordsOf } from "./uplink-way.ts";

describe("the uplink", () => {
  test("counts as connected only when its own birth came back", async () => {
    const way = new Way();
    way.batch();
    await way.until("proving");
    await settle();
    const [birth] = way.session.sent(TOPICS.birth);
    expect([birth?.retain, wordsOf(birth!.payload).startsWith("birth 1 ")]).toEqual([true, true]);
    way.session.heard({ topic: TOPICS.birth, payload: new TextEncoder().encode("birth 1 0011223344556677"), retain: true });
    way.session.heard({ topic: TOPICS.birth, payload: new TextEncoder().encode("death 1 lost"), retain: true });
    birth!.answer(0);
    for (let tick = 0; tick < 10; tick++) await way.tick();
    expect(way.told).toEqual([]);
    expect(way.session.sent(TOPICS.lane("report"))).toEqual([]);
    way.session.heard({ topic: TOPICS.birth, payload: birth!.payload, retain: false });
    await way.tick();
    expect(way.told).toEqual(["clear uplink", "connected"]);
    expect(way.session.sent(TOPICS.lane("report"))).toHaveLength(1);
  });

  test("gives a session up whose way back is not open, says so, and tries again", async () => {
    const way = new Way();
    await way.until("proving");
    for (let tick = 0; tick < 520; tick++) await way.tick();
    expect(way.session.ended).toBe(1);
    expect(way.told).toEqual(["disconnected", "raise uplink.no_round_trip"]);
    expect(way.uplink.view().because).toBe("uplink.no_round_trip");
    way.session = new Session(20);
    await way.online();
    expect(way.told.slice(2)).toEqual(["clear uplink", "connected"]);
  });

  test.each([
    [0x87, 0x87, "the broker refused to take it (0x87 Not authorized)"],
    [0x87, 0x00, "the broker does not let it be read (0x87 Not authorized)"],
    [0x01, undefined, "the broker did not say that it has it"],
    [0x01, 0x10, "the broker took it and gave it to nobody"],
  ])("says what the broker answered where its own birth stays away (SUBACK %i, PUBACK %s)", async (subscription, answer, says) => {
    const way = new Way();
    way.session.subscription = subscription;
    await way.until("proving");
    await settle();
    if (answer !== undefined) way.session.sent(TOPICS.birth)[0]!.answer(answer);
    await way.until("offline");
    expect(
      way.faults.map(({ key }) => key),
      "the refused birth is part of it",
    ).toEqual(["uplink.no_round_trip"]);
    const begin = `The broker took the session, but this gateway's own message on ${TOPICS.birth} did not come back within 10 s: `;
    expect(way.faults[0]?.message).toBe(`${begin}${says}`);
  });

  test("tells a refused message of state by its topic", async () => {
    const way = await new Way().online();
    way.uplink.changed();
    for (let tick = 0; tick < 30; tick++) await way.tick();
    way.session.sent(TOPICS.birth)[1]!.answer(0x87);
    way.session.sent(TOPICS.health)[0]!.answer(0x97);
    await settle();
    expect(way.faults.map(({ context, message }) => [context.lane, message])).toEqual([
      ["birth", `The broker refused a message on ${TOPICS.birth} (0x87 Not authorized): this gateway may not write there`],
      ["health", `The broker refused a message on ${TOPICS.health} (0x97 Quota exceeded): a limit is reached, of messages or of room`],
    ]);
  });

  test.each([
    ["again", 0, 2],
    ["later", 30, 60],
    ["person", 30, 60],
  ] as const)("after a refusal that the table answers with %s waits %i to %i s", async (react, least, most) => {
    const way = new Way();
    way.refuses = new Fault("uplink.refused", "no", { react });
    await way.tick();
    await way.tick();
    const wait = Number(way.uplink.view().nextAttempt! - way.clock.now()) / 1e9;
    expect(wait).toBeGreaterThanOrEqual(least - 0.1);
    expect(wait).toBeLessThanOrEqual(most);
  });

  test("hands on what is doubtful about its own certificate", async () => {
    const way = await new Way().online();
    way.attempts[0]!.doubt(new Fault("credentials.expired", "yesterday"));
    expect(way.told.at(-1)).toBe("doubt credentials.expired");
  });

  test("does not take the late end of a session that it gave up for the end of the next one", async () => {
    const way = new Way();
    await way.until("proving");
    const old = way.session;
    old.end = async () => undefined;
    await way.until("offline");
    way.session = new Session(20);
    await way.online();
    old.close(new Fault("uplink.timed_out", "at last"));
    for (let tick = 0; tick < 5; tick++) await way.tick();
    expect(way.uplink.view().phase).toBe("online");
  });

  test("leaves its death as the will, of this very connection, retained on the birth's topic", async () => {
    const way = await new Way().online();
    const [attempt] = way.attempts;
    expect(attempt).toMatchObject({ host: "broker", port: 8883, clientId: "gw-1", will: { topic: TOPICS.birth, retain: true } });
    expect(wordsOf(attempt!.will!.payload)).toBe("death 1 lost");
  });

  test("reads its credentials for every attempt, and says of each why it failed", async () => {
    const way = new Way();
    way.refuses = new Fault("uplink.client_refused", "no");
    for (let tick = 0; tick < 3000; tick++) await way.tick();
    expect(way.attempts.length).toBeGreaterThan(3);
    expect(way.read).toBe(way.attempts.length);
    const failed = way.faults.length;
    expect([way.attempts.length, way.attempts.length - 1]).toContain(failed);
    way.refuses = new Fault("uplink.unreachable", "nobody there");
    for (let tick = 0; tick < 16_000; tick++) await way.tick();
    expect(new Set(way.faults.slice(0, failed).map(({ key }) => key))).toEqual(new Set(["uplink.client_refused"]));
    expect(way.faults.at(-1)?.key).toBe("uplink.unreachable");
  });

  test("falls when the session ends, and comes back with a new birth and a new nonce", async () => {
    const way = await new Way().online();
    const [before] = way.session.sent(TOPICS.birth);
    way.session.close(new Fault("uplink.closed", "the broker went"));
    await settle();
    await way.tick();
    expect(way.told.slice(2)).toEqual(["disconnected", "raise uplink.closed"]);
    way.session = new Session(20);
    await way.online();
    const [after] = way.session.sent(TOPICS.birth);
    expect(wordsOf(after!.payload)).toMatch(/^birth 2 /);
    expect(wordsOf(after!.payload).split(" ")[2]).not.toBe(wordsOf(before!.payload).split(" ")[2]);
  });

  test("tells a changed birth twice a second at most, and health every ten seconds", async () => {
    const way = await new Way().online();
    const births = () => way.session.sent(TOPICS.birth).length;
    const answer = () => {
      for (const message of way.session.published) message.answer(0);
    };
    const before = births();
    for (let tick = 0; tick < 100; tick++) {
      way.uplink.changed();
      await way.tick();
    }
    answer();
    expect(births() - before).toBeGreaterThanOrEqual(3);
    expect(births() - before).toBeLessThanOrEqual(5);
    for (let tick = 0; tick < 1500; tick++) await way.tick();
    expect(way.session.sent(TOPICS.health).length).toBe(4);
  });

  test("tells by lane that a message was refused, and that it is over", async () => {
    const way = await new Way().online();
    for (const code of [0x87, 0x87, 0x10]) {
      way.batch();
      await way.tick();
      way.session.sent(TOPICS.lane("report")).at(-1)!.answer(code);
      await settle();
    }
    expect(way.answered).toEqual([0x87, 0x87, 0x10]);
    expect(way.told.slice(2)).toEqual(["raise uplink.publish_refused", "raise uplink.publish_refused", "clear report"]);
  });
});

describe("a wanted stop", () => {
  test("waits for what is under way, publishes the death, and then ends the session", async () => {
    const way = await new Way().online();
    way.batch();
    await way.tick();
    const stopping = way.uplink.stop();
    await settle();
    expect(way.session.sent(TOPICS.birth).filter(isDeath)).toEqual([]);
    for (const message of way.session.published) message.answer(0);
    await stopping;
    const [death] = way.session.sent(TOPICS.birth).filter(isDeath);
    expect([wordsOf(death!.payload), death!.retain]).toEqual(["death 1 stopped", true]);
    expect(way.session.ended).toBe(1);
    expect(way.told.at(-1)).toBe("disconnected");
  });

  test("takes two seconds and the death's own at most, whatever the broker answers", async () => {
    const way = await new Way().online();
    way.batch();
    await way.tick();
    const began = way.clock.now();
    await way.uplink.stop();
    expect(Number(way.clock.now() - began) / 1e9).toBeLessThanOrEqual(4.1);
    expect(way.session.sent(TOPICS.birth).filter(isDeath)).toHaveLength(1);
    expect(way.session.ended).toBe(1);
  });

  test("leaves it to the will where the death has no room: no orderly end, which would take the will away", async () => {
    const way = await new Way(1).online();
    for (const message of way.session.published) message.answer(0);
    await settle();
    way.batch();
    await way.tick();
    await way.uplink.stop();
    expect(way.session.sent(TOPICS.birth).filter(isDeath)).toEqual([]);
    expect(way.session.unansweredMost).toBe(1);
    expect(way.session.ended, "no DISCONNECT").toBe(0);
    expect(way.signal?.aborted, "the connection is dropped").toBe(true);
  });

  test("tells the death also while the way back is not proved yet, since its birth may stand there retained", async () => {
    const way = new Way();
    await way.until("proving");
    await settle();
    for (const message of way.session.published) message.answer(0);
    await way.uplink.stop();
    expect(way.session.sent(TOPICS.birth).filter(isDeath)).toHaveLength(1);
    expect(way.session.ended).toBe(1);
  });

  test("of an uplink that is off line is over at once", async () => {
    const way = new Way();
    way.refuses = new Fault("uplink.unreachable", "nobody there");
    await way.tick();
    await way.tick();
    const began = way.clock.now();
    await way.uplink.stop();
    expect(way.clock.now()).toBe(began);
  });
});

const isDeath = ({ payload }: { readonly payload: Uint8Array }): boolean => wordsOf(payload).startsWith("death");
