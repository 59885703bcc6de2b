import { describe, expect, test } from "vitest";
import { Fault } from "../../agent/fault/fault.ts";
import { settle } from "./fakes.ts";
import { Session, TOPICS, Way } from "./uplink-way.ts";

describe("a broker that ends the session for a message that it refuses (0x87 twice, as HiveMQ does)", () => {
  const refuse = async (way: Way): Promise<void> => {
    way.session.sent(TOPICS.lane("report")).at(-1)!.answer(0x87);
    await settle();
    way.session.close(new Fault("uplink.refused", "not authorized", { code: 0x87, react: "person" }));
    await way.until("offline");
    way.session = new Session(20);
  };
  /** Ticks on line with a batch of reports and one of waves at hand; which of them were sent. */
  const sentNow = async (way: Way): Promise<readonly [reports: number, waves: number]> => {
    way.batch("report");
    way.batch("wave");
    const before = [way.session.sent(TOPICS.lane("report")).length, way.session.sent(TOPICS.lane("wave")).length] as const;
    await way.tick();
    return [way.session.sent(TOPICS.lane("report")).length - before[0], way.session.sent(TOPICS.lane("wave")).length - before[1]];
  };

  test("is told, met again soon, and asked for everything but that leaf", async () => {
    const way = await new Way().online();
    expect(await sentNow(way)).toEqual([1, 1]);
    const at = way.clock.now();
    await refuse(way);
    await way.online();
    expect(Number(way.clock.now() - at) / 1e9, "seconds; half a minute and more where a person must act").toBeLessThan(10);
    expect(way.faults.map(({ key }) => key)).toEqual(["uplink.publish_refused", "uplink.refused"]);
    expect(await sentNow(way)).toEqual([0, 1]);
    expect(way.answered.at(-1), "the spool hears the same answer, and keeps it").toBe(0x87);
  });

  test("is asked for that leaf again after a minute, then after two, and the bar ends when it takes it", async () => {
    const way = await new Way().online();
    for (const seconds of [60, 120]) {
      await sentNow(way);
      await refuse(way);
      await way.online();
      way.clock.pass((seconds - 15) * 1000);
      expect(await sentNow(way)).toEqual([0, 1]);
      way.clock.pass(15_000);
    }
    expect(await sentNow(way)).toEqual([1, 1]);
    way.session.sent(TOPICS.lane("report")).at(-1)!.answer(0x00);
    await settle();
    expect(await sentNow(way)).toEqual([1, 1]);
    expect(way.told.at(-1)).toBe("clear report");
  });

  test("is asked for everything at once where the session ended for another reason meanwhile", async () => {
    const way = await new Way().online();
    await sentNow(way);
    await refuse(way);
    await way.online();
    way.session.close(new Fault("uplink.closed", "shutting down", { code: 0x8b, react: "again" }));
    await way.until("offline");
    way.session = new Session(20);
    await way.online();
    expect(await sentNow(way)).toEqual([1, 1]);
  });

  test("is not sent its health again either, where that was refused", async () => {
    const way = await new Way().online();
    await way.tick();
    way.session.sent(TOPICS.health).at(-1)!.answer(0x87);
    await settle();
    way.session.close(new Fault("uplink.refused", "not authorized", { code: 0x87, react: "person" }));
    await way.until("offline");
    way.session = new Session(20);
    await way.online();
    for (let tick = 0; tick < 1500; tick++) await way.tick();
    expect(way.session.sent(TOPICS.health)).toEqual([]);
  });
});
