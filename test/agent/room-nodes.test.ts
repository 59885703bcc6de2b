import { describe, expect, test } from "vitest";
import { LANES } from "../../agent/model/model.ts";
import { type Device, IDENTITY, STREAM } from "../../proto/messages.ts";
import { nodeOf, ofSlot, rack } from "./rack-driver.ts";
import { frame } from "./session-room.ts";
import { eventsIn, holes, Ward } from "./ward.ts";

const PUMPS = 24;
const speaking = (): Promise<Ward> => Ward.start(rack, frame("n", 1), frame("n", 2), frame("n", 3));

describe("a rack of 24 pumps on the wire", () => {
  test("is one device and 24 nodes of it, each record in its node's epoch, and each batch says whose that is", async () => {
    const ward = await speaking();
    await ward.tick(ofSlot(PUMPS, "a", 0));
    const batches = await ward.delivered();
    const began = eventsIn(batches).flatMap((event) => (event.kind === "epochBegan" ? [event.device!] : []));
    expect(began.map(({ epoch, device, node }) => [epoch, device, node ?? []])).toEqual([
      [1, "rack-1", []],
      ...Array.from({ length: PUMPS }, (_, i) => [i + 2, "rack-1", nodeOf(i + 1)]),
    ]);
    const told = batches.flatMap(({ devices, records }) =>
      records.flatMap(({ epoch, body }) => {
        const value = body.kind === "report" ? body.report.observations[0]?.value : undefined;
        const who: Device | undefined = devices.find((one) => one.epoch === epoch);
        return epoch > 1 && value?.kind === "decimal" ? [[who?.node?.at(-1), String(value.decimal.mantissa)]] : [];
      }),
    );
    expect(told).toEqual(Array.from({ length: PUMPS }, (_, i) => [String(i + 1), String(i + 1)]));
  });

  test("of which one tells its serial number later is known by it from the next batch on; the others are not", async () => {
    const ward = await speaking();
    await ward.tick(ofSlot(3, "n", 1), ofSlot(4, "n", 1));
    await ward.tick(ofSlot(3, "i", 7), ofSlot(4, "n", 1));
    const batches = await ward.delivered();
    const known = (epoch: number) =>
      batches
        .flatMap(({ head, devices }) => (head?.stream === STREAM.report ? devices.filter((one) => one.epoch === epoch) : []))
        .map(({ identity }) => identity);
    expect(known(2)).toEqual([IDENTITY.socket, IDENTITY.protocol]);
    expect(known(3)).toEqual([IDENTITY.socket, IDENTITY.socket]);
    expect(eventsIn(batches)).toContainEqual(
      expect.objectContaining({ epoch: 2, kind: "identityLearned", identityLearned: { facts: { serial: "sn-7" } } }),
    );
  });

  test("of which one is exchanged tells the end of one epoch and the beginning of one, and nothing is unexplained", async () => {
    const ward = await speaking();
    for (let slot = 1; slot <= PUMPS; slot++) await ward.tick(ofSlot(slot, "i", slot));
    await ward.delivered();
    await ward.tick(ofSlot(7, "i", 99), ofSlot(8, "n", 1));
    await ward.tick(ofSlot(9, "r", 0));
    const batches = await ward.delivered();
    const edges = eventsIn(batches).flatMap((event) => {
      if (event.kind === "epochEnded") return [`end ${event.epoch} ${event.epochEnded.reason} ${event.epochEnded.last.length}`];
      return event.kind === "epochBegan" && event.epoch > 25
        ? [`begin ${event.epoch} ${event.device?.node?.join("/")} ${event.epochBegan.facts?.serial}`]
        : [];
    });
    expect(edges).toEqual(["end 8 replaced 2", "begin 26 1/7 sn-99", "end 10 removed 2"]);
    await ward.stop();
    const all = await ward.delivered();
    for (const lane of LANES) {
      const ledger = ward.bench.spool.ledger()[lane];
      expect([ledger.waiting, ledger.dropped], lane).toEqual([0, 0]);
    }
    expect(ward.bench.unexplained).toBe(0);
    expect(holes(all)).toEqual([]);
  });

  test("and more nodes than may be has a fault that stands, told readings, and nothing unexplained", async () => {
    const ward = await speaking();
    await ward.tick(ofSlot(200, "a", 0));
    expect(ward.faults).toEqual(["session.nodes_full"]);
    await ward.stop();
    const discards = eventsIn(await ward.delivered()).flatMap((event) => (event.kind === "discards" ? [event.discards] : []));
    expect(discards).toMatchObject([{ location: "uart-0", reason: "nodes_full", readings: 200 - 32 }]);
    expect(ward.bench.unexplained).toBe(0);
  });
});
