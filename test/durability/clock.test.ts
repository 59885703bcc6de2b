import { expect, test } from "vitest";
import { clockOf, whyNoWrongClock } from "../support/wrong-clock.ts";
import { endOf } from "./kills.ts";
import { openWard } from "./ward.ts";

const TEST_MS = 240_000;
const GATEWAY = "gw-clock";
const BACK_MS = 90_000;
if (whyNoWrongClock !== undefined) console.warn(`SKIPPED ALOUD: ${whyNoWrongClock}, so no clock jumps by twenty years`);

test.skipIf(whyNoWrongClock !== undefined)(
  "a box that boots in 1970 and jumps twenty years ahead and back loses nothing, orders nothing by it and tells each step (R12, R35)",
  async () => {
    const ward = await openWard();
    try {
      const place = await ward.open(GATEWAY, { devices: 2 });
      const { room } = place;
      const clock = clockOf(room, "@1970-01-01 00:10:00");
      const madeMore = async (what: string): Promise<void> => {
        const { ledger } = await room.statusWhere(`${what}: a status`, () => true);
        await room.statusWhere(what, (status) => status.ledger.report.made >= ledger.report.made + 6, BACK_MS);
      };
      const first = place.start(clock.how);
      await room.statusWhere("in 1970 readings are kept", ({ ledger }) => ledger.report.waiting >= 6);
      clock.set("+0");
      await room.statusWhere("it is on line", ({ uplink }) => uplink.phase === "online", BACK_MS);
      clock.set("+20y");
      await madeMore("twenty years ahead on the open connection");
      await ward.away(ward.broker.stop, ward.broker.restart, 0);
      await madeMore("no certificate holds any more");
      await first.end("kill");
      const second = place.start(clock.how);
      await room.statusWhere("killed and started there", ({ ledger }) => ledger.report.waiting >= 6);
      clock.set("-20y");
      await madeMore("twenty years back");
      const wrong = await room.statusWhere("it is told", ({ faults }) => faults.length > 0);
      expect(wrong.ledger.report.dropped, "nothing ages by such a clock").toBe(0);
      clock.set("+0");
      await room.statusWhere("what waited is delivered", ({ ledger }) => ledger.report.delivered >= 12, BACK_MS);
      await second.end("stop");
      const verdict = await endOf(ward, [place], clock.how);
      console.info(JSON.stringify(verdict));
      expect(verdict).toMatchObject({
        clean: true,
        lost: 0,
        invented: 0,
        conflicting: 0,
        disordered: 0,
        unexplained: 0,
        broken: 0,
        gaps: {},
      });
      expect(verdict.mappings, "one a start, and one for each step that a run lived through").toBeGreaterThanOrEqual(3 + 3);
      expect(Object.keys(verdict.clocks), "no reading claims a clock that nobody vouches for").toEqual(["unsynced"]);
    } finally {
      await ward.stop();
    }
  },
  TEST_MS,
);
