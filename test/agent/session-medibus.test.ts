import { expect, test } from "vitest";
import { draegerMedibus } from "../../drivers/draeger-medibus/driver.ts";
import { SOH, textOf } from "../../drivers/draeger-medibus/telegram.ts";
import { type Answers, answering, command } from "../drivers/medibus-line.ts";
import { join } from "../drivers/streams.ts";
import { Room } from "./session-room.ts";

const RECORDS = Uint8Array.of(0xd3, 0x91, 0x81, 0x8d, 0x83, 0xd3, 0x94, 0x81, 0x8e, 0x83);

/** A device behind the line of a session: it answers in the next tick, with curves in between where it was told to send them. */
class Ward {
  readonly room = new Room({ driver: draegerMedibus });
  answers: Answers = answering();
  readonly asked: string[] = [];
  curves = false;

  async ticks(count: number, say: Uint8Array = new Uint8Array()): Promise<this> {
    let saying = say;
    for (let tick = 0; tick < count; tick++) {
      await this.room.tick(saying);
      saying = join(...this.room.line.wrote.splice(0).map((bytes) => this.#answer(bytes)), this.curves ? RECORDS : new Uint8Array());
    }
    return this;
  }
  #answer(bytes: Uint8Array): Uint8Array {
    if (bytes[0] === 0xd0) {
      this.curves = true;
      return new Uint8Array();
    }
    const heard = { code: bytes[1]!, text: textOf(bytes), isAnswer: bytes[0] === SOH, ms: 0 };
    this.asked.push(`${heard.isAnswer ? "<" : ""}${heard.code.toString(16)}`);
    return this.answers(heard) ?? new Uint8Array();
  }
}

test("a session reads a Medibus device: one epoch with what it says of itself, its values, its alarm once, and its curves", async () => {
  const { room } = await new Ward().ticks(150);
  expect(room.session.view()).toMatchObject({ phase: "streaming", epoch: 1, facts: { model: "8240 Evita 4", firmware: "04.20" } });
  const said = room.taken();
  expect(said.filter((one) => one.startsWith("begin"))).toHaveLength(1);
  expect(said.filter((one) => one.startsWith("alert"))).toEqual(["alert 1 onset at start"]);
  expect(said.filter((one) => one.startsWith("wave")).length).toBeGreaterThan(20);
  expect(said).toContain("report 1 25");
});

test("another model on the same line is another device: the next epoch, and it is asked for its own curves", async () => {
  const ward = await new Ward().ticks(150);
  ward.answers = answering({ 82: "8260'EvitaXL'06.10:03.00" });
  ward.curves = false;
  ward.asked.splice(0);
  ward.room.taken();
  await ward.ticks(100, command(0x51));
  const said = ward.room.taken();
  expect(said.filter((one) => /^(begin|end)/.test(one))).toEqual(["end 1 replaced", 'begin 2 {"model":"8260 EvitaXL","firmware":"06.10"}']);
  expect(ward.asked.slice(ward.asked.indexOf("<51"), ward.asked.indexOf("<51") + 4)).toEqual(["<51", "52", "53", "54"]);
  expect(said.filter((one) => one.startsWith("wave 2")).length).toBeGreaterThan(10);
});

test("a device whose answers have stopped is silent although its curves go on", async () => {
  const ward = await new Ward().ticks(150);
  ward.answers = () => undefined;
  await ward.ticks(650);
  expect(ward.room.taken()).toEqual(expect.arrayContaining(["end 1 silent", "raise session.silent"]));
  expect(ward.room.session.view().phase).toBe("proving");
});

test("the device is told that we leave, where it was understood and its line is there, and once", async () => {
  const stop = (ward: Ward): number => ward.room.line.wrote.filter((bytes) => bytes[1] === 0x55).length;
  for (const reason of ["revoked", "stopped"] as const) {
    const ward = await new Ward().ticks(150);
    expect(stop(ward)).toBe(0);
    await ward.room.session.end(reason);
    expect([reason, stop(ward)]).toEqual([reason, 1]);
    await ward.room.session.end(reason);
    expect(stop(ward)).toBe(1);
  }
  const gone = await new Ward().ticks(150);
  gone.room.line.gone = true;
  await gone.room.session.end("unplugged");
  expect(stop(gone)).toBe(0);

  const mute = new Ward();
  mute.answers = () => undefined;
  await mute.ticks(100);
  await mute.room.session.end("stopped");
  expect(stop(mute), "nothing is said to what never answered").toBe(0);
});
