import { expect, type TestContext, test } from "vitest";
import type { Status } from "../../agent/health/snapshot.ts";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { decodeBatch } from "../../proto/codec.ts";
import type { Agent, Room } from "../support/agent.ts";
import { startEmulatedDevice } from "../support/emulated-device.ts";
import {
  type Answer,
  connack,
  type FakeBroker,
  type HeardPacket,
  obliging,
  puback,
  type Script,
  startFakeBroker,
} from "../support/fake-broker.ts";
import { roomFor } from "./room.ts";

/** The packaged agent against a broker whose every byte is ours. */

const TEST_MS = 60_000;
const [CONNECT, PUBLISH] = [1, 3];

type Publish = { readonly id: number; readonly leaf: string; readonly payload: Buffer; readonly again: boolean };

/** PUBLISH at QoS 1: topic, packet id, properties (of less than 128 bytes), payload. */
function readPublish({ body, id, flags }: HeardPacket): Publish {
  const topicEnd = 2 + body.readUInt16BE(0);
  const leaf = body.subarray(2, topicEnd).toString("utf8").split("/").at(-1) ?? "";
  const properties = body[topicEnd + 2]!;
  expect(properties).toBeLessThan(128);
  return { id, leaf, payload: body.subarray(topicEnd + 3 + properties), again: (flags & 0x08) !== 0 };
}

/** The same topic and payload, at QoS 0: what a broker sends to a subscriber. */
function echo({ body }: HeardPacket, payload: Buffer): Buffer {
  const topic = body.subarray(0, 2 + body.readUInt16BE(0));
  const rest = Buffer.concat([topic, Buffer.of(0), payload]);
  const length: number[] = [];
  for (let left = rest.length; left > 0 || length.length === 0; left = left >> 7) length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
  return Buffer.concat([Buffer.of(0x30, ...length), rest]);
}

/** Accepts everything and lets the gateway hear its own birth; `publish` may answer otherwise. */
function faithful(publish: (told: Publish) => Answer | Promise<Answer>, greeting: Buffer = connack(0)): Script {
  return (packet) => {
    if (packet.type === CONNECT) return greeting;
    if (packet.type !== PUBLISH) return obliging(packet);
    const told = readPublish(packet);
    if (told.leaf === "birth") return [puback(told.id, 0), echo(packet, told.payload)];
    return publish(told);
  };
}

async function begin(t: TestContext, script: Script): Promise<{ room: Room; broker: FakeBroker; agent: Agent }> {
  const room = roomFor(t);
  const broker = room.keep(await startFakeBroker({ pki: room.pki, script }));
  const device = room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 3, link: room.at("port") }));
  room.configure({ port: broker.port, beds: [{ path: device.path, location: "b", device: "dv-1", driver: "nonin" }] });
  return { room, broker, agent: room.start() };
}

const hasFault = (key: string) => (status: Status) => status.faults.some((fault) => fault.key === key);

test.concurrent(
  "a CONNACK of six bytes that ends other clients is told as a broken protocol, and the agent lives",
  async (t) => {
    const { room, broker, agent } = await begin(t, (packet) => (packet.type === CONNECT ? Buffer.from("200400000113", "hex") : undefined));
    await room.statusWhere("the fault is told", hasFault("uplink.protocol"));
    await room.until("it tries again", () => broker.secured >= 2);
    const { code, out } = await room.bedside(["status", "--json", "--runtime-dir", room.runtimeDir]);
    expect(code, "status says with its code that something is wrong").toBe(1);
    const status = JSON.parse(out) as Status;
    expect(status.faults).toEqual([expect.objectContaining({ scope: "uplink", key: "uplink.protocol", number: "BED-116" })]);
    expect(status.unexplained).toBe(0);
    await room.statusWhere("readings are kept meanwhile", ({ ledger }) => ledger.report.waiting >= 3);
    expect(agent.running()).toBe(true);
    expect((await agent.terminate()).code).toBe(0);
    expect(
      broker.packets.filter(({ type }) => type === PUBLISH),
      "nothing was sent",
    ).toEqual([]);
  },
  TEST_MS,
);

test.concurrent(
  "a refused session (CONNACK 0x87) is told with its reason, and nothing is published (R39)",
  async (t) => {
    const { room, broker } = await begin(t, (packet) => (packet.type === CONNECT ? connack(0x87) : undefined));
    const { faults } = await room.statusWhere("the fault is told", hasFault("uplink.refused"));
    expect(faults).toEqual([expect.objectContaining({ number: "BED-115", text: expect.stringContaining("0x87 Not authorized") })]);
    await room.statusWhere("readings are kept", ({ ledger }) => ledger.report.waiting >= 2);
    expect(broker.packets.every(({ type }) => type === CONNECT)).toBe(true);
  },
  TEST_MS,
);

test.concurrent(
  "a refused message (PUBACK 0x87) parks its lane, is told, and what it holds is delivered later (R39)",
  async (t) => {
    let refusing = true;
    const refused: Publish[] = [];
    const taken: Publish[] = [];
    const { room, broker, agent } = await begin(
      t,
      faithful((told) => {
        if (told.leaf === "reports" && refusing) {
          refused.push(told);
          return puback(told.id, 0x87);
        }
        taken.push(told);
        return puback(told.id, 0);
      }),
    );
    const parked = await room.statusWhere("the fault is told", hasFault("uplink.publish_refused"));
    expect(parked.faults).toEqual([
      expect.objectContaining({
        scope: "lane report",
        number: "BED-119",
        text: expect.stringContaining("up/reports (0x87 Not authorized): this gateway may not write there"),
      }),
    ]);
    expect(parked.uplink.phase, "the session goes on").toBe("online");
    const waiting = await room.statusWhere(
      "reports wait, waves go on",
      ({ ledger }) => ledger.report.waiting >= 6 && ledger.wave.delivered >= 5,
    );
    expect(waiting.ledger.report).toMatchObject({ delivered: 0, dropped: 0 });
    expect(waiting.unexplained).toBe(0);
    // What was under way when the lane was parked may be refused too; after that it rests.
    const attempts = refused.length;
    expect(attempts).toBeLessThanOrEqual(2);
    await room.statusWhere("more wait", ({ ledger }) => ledger.report.waiting >= 9);
    expect(refused).toHaveLength(attempts);

    // A new connection ends the rest.
    refusing = false;
    broker.drop();
    await room.statusWhere("the fault is over", (status) => status.uplink.phase === "online" && status.faults.length === 0);
    await room.statusWhere("all is delivered", ({ ledger }) => ledger.report.delivered >= 9 && ledger.report.waiting <= 1);
    expect((await agent.terminate()).code).toBe(0);
    const numbers = taken
      .filter(({ leaf }) => leaf === "reports")
      .flatMap(({ payload }) => decodeBatch(payload)!.records.map(({ n }) => n));
    const unique = [...new Set(numbers)].sort((a, b) => a - b);
    expect(unique).toEqual(Array.from({ length: unique.length }, (_, n) => n));
    expect(numbers, "none is delivered twice").toHaveLength(unique.length);
    const again = taken.find(({ payload }) => payload.equals(refused[0]!.payload));
    expect(again, "what was refused comes again with equal bytes").toBeDefined();
  },
  TEST_MS,
);

for (const most of [1, 2]) {
  test.concurrent(
    `a broker that takes ${most} unanswered at a time never has more, and everything arrives all the same (R37)`,
    async (t) => {
      let open = 0;
      let highest = 0;
      const arrived = new Map<string, number[]>();
      const answerLate = (told: Publish): Promise<Answer> => {
        arrived.set(told.leaf, [...(arrived.get(told.leaf) ?? []), ...(decodeBatch(told.payload)?.records ?? []).map(({ n }) => n)]);
        return new Promise((resolve) =>
          setTimeout(() => {
            open -= 1;
            resolve(puback(told.id, 0));
          }, ANSWER_MS),
        );
      };
      const script = faithful(answerLate, connack(0, Buffer.of(0x21, 0, most)));
      const counting: Script = (packet) => {
        if (packet.type !== PUBLISH) return script(packet);
        open += 1;
        highest = Math.max(highest, open);
        const answer = script(packet);
        if (!(answer instanceof Promise)) open -= 1;
        return answer;
      };
      const { room, agent } = await begin(t, counting);
      await room.statusWhere("a dozen reports are delivered", ({ ledger }) => ledger.report.delivered >= 12 && ledger.wave.delivered >= 10);
      expect((await room.status())?.uplink.connection, "the broker had no reason to end the session").toBe(1);
      expect((await agent.terminate()).code).toBe(0);
      expect(highest, "the send quota is used, and kept").toBe(most);
      for (const leaf of ["reports", "waves"]) {
        // Live ones overtake those that waited on flash.
        const numbers = arrived.get(leaf)!.toSorted((a, b) => a - b);
        expect(numbers, leaf).toEqual(Array.from({ length: numbers.length }, (_, n) => n));
      }
    },
    TEST_MS,
  );
}
/** Longer than a message is in the making, so that several want to go at once. */
const ANSWER_MS = 60;
