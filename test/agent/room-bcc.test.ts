import { expect, test } from "vitest";
import { bbraunBcc } from "../../drivers/bbraun-bcc/driver.ts";
import { decimalText } from "../../drivers/kit/decimal.ts";
import type { Batch } from "../../proto/messages.ts";
import { message, pump, RUNNING } from "../drivers/bcc-rack.ts";
import { deviceIn, eventsIn, holes, Ward } from "./ward.ts";

const SLOTS = [..."123456789ABCDEFGHIJKLMNO"];
const PER_BLOCK = 5;

/** A rack that is asked for its memory. */
const asked = (): Promise<Ward> => Ward.start(bbraunBcc, message("206,50100,GNACK,0"), message("207,50100,V3.30"));
/** An answer in blocks; each pump has its slot as its rate. */
function answer(time: number, serials: Readonly<Record<string, string>>): readonly Uint8Array[] {
  const pumps = Object.entries(serials).map(([slot, serial]) =>
    pump(`1${slot}`, { ...RUNNING, INRT: `${SLOTS.indexOf(slot) + 1}.50`, INSERNUM: serial }, time),
  );
  const blocks = Array.from({ length: Math.ceil(pumps.length / PER_BLOCK) }, (_, i) => pumps.slice(i * PER_BLOCK, (i + 1) * PER_BLOCK));
  return blocks.map((block, i) => message(block.join("\x1e"), { more: i < blocks.length - 1 }));
}
/** "1/K sn 10.50": each rate that is delivered, under the node that its batch introduces. */
function ratesIn(batches: readonly Batch[]): readonly string[] {
  return batches.flatMap((batch) =>
    batch.records.flatMap(({ epoch, body }) => {
      if (body.kind !== "report") return [];
      const rate = batch.metrics.find(({ refid }) => refid === "MDC_FLOW_FLUID_PUMP")?.id;
      return body.report.observations.flatMap(({ metric, value }) =>
        metric === rate && value?.kind === "decimal"
          ? [`${epoch} ${deviceIn(batch, epoch)?.node?.join("/")} ${decimalText(value.decimal)}`]
          : [],
      );
    }),
  );
}

test("a B. Braun rack of 24 pumps, of which one is exchanged and one pulled out, comes out as its pumps, and nothing is unexplained", async () => {
  const ward = await asked();
  const serials = Object.fromEntries(SLOTS.map((slot, i) => [slot, `P${i}`]));
  await ward.tick(...answer(300, serials));
  const first = ratesIn(await ward.delivered());
  expect(first).toEqual(SLOTS.map((slot, i) => `${i + 2} 1/${slot} ${i + 1}.50`));
  const times = (await ward.delivered()).flatMap(({ records }) =>
    records.filter(({ epoch }) => epoch > 1).map(({ deviceTime }) => deviceTime),
  );
  expect(new Set(times.filter((time) => time !== ""))).toEqual(new Set(["300", undefined]));
  const { K: _pulledOut, ...rest } = serials;
  await ward.tick(...answer(303, { ...rest, "7": "Q7" }));
  const batches = await ward.delivered();
  const edges = eventsIn(batches).flatMap((event) => {
    if (event.kind === "epochEnded") return [`end ${event.epoch} ${event.epochEnded.reason}`];
    return event.kind === "epochBegan" && event.epoch > 25
      ? [`begin ${event.epoch} ${event.device?.node?.join("/")} ${event.epochBegan.facts?.serial}`]
      : [];
  });
  expect(edges).toEqual(["end 8 replaced", "begin 26 1/7 Q7", "end 21 removed"]);
  const second = ratesIn(batches).slice(first.length);
  expect(second).toEqual(first.filter((words) => !words.includes("1/K")).map((words) => words.replace(/^8 /, "26 ")));
  await ward.stop();
  expect(holes(await ward.delivered())).toEqual([]);
  expect(ward.bench.unexplained).toBe(0);
});

test("a rack that falls silent ends all its pumps, and asks only what is declared", async () => {
  const ward = await asked();
  await ward.tick(...answer(300, { "1": "P1", "2": "P2" }));
  await ward.pass(12_000);
  const ends = eventsIn(await ward.delivered()).flatMap((event) =>
    event.kind === "epochEnded" ? [`${event.epoch} ${event.epochEnded.reason}`] : [],
  );
  expect(ends).toEqual(["2 silent", "3 silent", "1 silent"]);
  expect(ward.faults).toEqual(["session.silent"]);
  const asks = new Set(
    ward.line.wrote.map((bytes) => (bytes.length === 1 ? bytes[0] : Buffer.from(bytes.subarray(7, -7)).toString("latin1"))),
  );
  expect([...asks].filter((ask) => typeof ask === "string" && !/(ADMIN|AEXMIN|MEM|MEEM):/.test(ask))).toEqual([]);
});
