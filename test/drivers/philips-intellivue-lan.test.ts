import { describe, expect, test } from "vitest";
import { Link } from "../../agent/session/link.ts";
import { after, Milliseconds, type Mono } from "../../config/units.ts";
import { DRIVERS } from "../../drivers/index.ts";
import type { AnyDriver, Template } from "../../drivers/kit/driver.ts";
import { DATAGRAM_MAX, frameMax } from "../../drivers/kit/framer.ts";
import { atLine, UDP } from "../../drivers/kit/line.ts";
import type { Reading } from "../../drivers/kit/reading.ts";
import { philipsIntellivue } from "../../drivers/philips-intellivue/driver.ts";
import { intellivueAlone, intellivueEmulator } from "../../drivers/philips-intellivue/emulator.ts";
import { datagramsIn, frameOf } from "../../drivers/philips-intellivue/emulator-frame.ts";
import { CANARY, CANARY_ID } from "../../drivers/philips-intellivue/emulator-identity.ts";
import { MESSAGES, SERIAL } from "../../drivers/philips-intellivue/request.ts";
import { framed, messageOf } from "../../drivers/philips-intellivue/serial-frame.ts";
import { numericOf, result } from "./philips-intellivue-bytes.ts";
import { holdsPlanted } from "./planted.ts";
import { randomOf } from "./streams.ts";
import { withVectors } from "./vectors.ts";

const LAN = atLine(philipsIntellivue, UDP)!;
const SEED = 85;
const TICK = 20;

type Played = { readonly readings: readonly Reading[]; readonly datagrams: readonly Uint8Array[]; readonly discarded: number };

/** A driver and the emulated monitor, tick by tick, without a line that takes time. */
function played(driver: AnyDriver, ms: number, { emulator = intellivueEmulator, seed = SEED } = {}): Played {
  const onLan = driver === LAN;
  const counts = { bytes: 0, frames: 0, framed: 0, discarded: 0, broken: 0 };
  const link = new Link(driver, counts);
  const readings: Reading[] = [];
  const datagrams: Uint8Array[] = [];
  let state = emulator.start(seed);
  let heard: Uint8Array = new Uint8Array();
  for (let at = 0; at < ms; at += TICK) {
    const turn = emulator.step(state, heard, Milliseconds(at));
    state = turn.state;
    const frames = turn.sends.map(({ bytes }) => bytes);
    const came = onLan ? frames.flatMap(datagramsIn) : frames;
    if (onLan) datagrams.push(...came);
    const writes: Uint8Array[] = [];
    for (const bytes of came.length === 0 ? [new Uint8Array()] : came) {
      const pushed = link.push(bytes, after(0n as Mono, Milliseconds(at)));
      readings.push(...pushed.decoded.flatMap((one) => one.readings));
      writes.push(...pushed.turn.writes);
    }
    heard = Buffer.concat(onLan ? writes.map(frameOf) : writes);
  }
  return { readings, datagrams, discarded: counts.discarded };
}

test.each(DRIVERS.filter(({ lan }) => lan !== undefined))(
  "$id sends on a network what it sends on the line, and takes no more than a datagram",
  (one) => {
    const driver = atLine(one, UDP)!;
    expect(Object.keys(driver.tx)).toEqual(Object.keys(one.tx));
    expect(driver.proof).toBeGreaterThanOrEqual(1);
    expect(frameMax(driver.frame)).toBeLessThanOrEqual(DATAGRAM_MAX);
    const { accepts } = (driver.frame as Extract<AnyDriver["frame"], { datagram: unknown }>).datagram;
    const random = randomOf(1);
    for (let count = 0; count < 20_000; count++) {
      const noise = random.bytes(random.below(200));
      if (accepts(noise)) driver.decode(noise, driver.memory, 0);
    }
  },
);

describe("a monitor on the network", () => {
  test("tells the very same as on the serial line", () => {
    const [onLine, onLan] = [played(philipsIntellivue, 40_000), played(LAN, 40_000)];
    expect(onLan.readings.length).toBeGreaterThan(500);
    expect(onLan.readings).toEqual(onLine.readings);
    expect([onLine.discarded, onLan.discarded]).toEqual([0, 0]);
  });

  test("is sent the same messages, without a frame", () => {
    expect(Object.keys(LAN.tx)).toEqual(Object.keys(philipsIntellivue.tx));
    const fill = { invoke: 7, pollTicks: 8000, leaseTicks: 8000 };
    for (const [name, template] of Object.entries<Template<string>>(MESSAGES)) {
      const framed = (SERIAL as Readonly<Record<string, Template<string>>>)[name]!.encode(fill);
      expect(messageOf(framed)).toEqual(template.encode(fill));
    }
  });

  test("is read or given up whole whatever byte of a datagram is another, and one that is cut is none", () => {
    const { datagrams } = played(LAN, 8000, { emulator: intellivueAlone });
    const { accepts } = (LAN.frame as Extract<AnyDriver["frame"], { datagram: unknown }>).datagram;
    const declared = new Set<unknown>(LAN.metrics);
    const random = randomOf(1);
    let accepted = 0;
    for (const datagram of datagrams) {
      expect(accepts(datagram)).toBe(true);
      for (let at = 0; at < datagram.length; at++) {
        const other = datagram.with(at, random.below(256));
        if (!accepts(other)) continue;
        accepted += 1;
        for (const reading of LAN.decode(other, LAN.memory, 0).readings)
          if ("metric" in reading) expect(declared.has(reading.metric)).toBe(true);
      }
      if (datagram[0] === 0xe1)
        for (let length = 0; length < datagram.length; length++) expect(accepts(datagram.subarray(0, length))).toBe(false);
    }
    expect(accepted).toBeGreaterThan(10_000);
  });

  test("leaves no name in a capture of its datagrams, and what is left is read as before (IV-10)", () => {
    const { datagrams } = played(LAN, 8000, { emulator: intellivueAlone });
    expect(holdsPlanted(Buffer.concat(datagrams), [CANARY, CANARY_ID]), "the monitor does name its patient").toBe(true);
    const scrub = LAN.scrub as (bytes: Uint8Array) => Uint8Array | undefined;
    const kept = datagrams.flatMap((one) => scrub(one) ?? []);
    expect(holdsPlanted(Buffer.concat(kept), [CANARY, CANARY_ID])).toBe(false);
    expect(kept.length).toBeGreaterThan(datagrams.length / 2);
  });
});

withVectors("philips-intellivue", (read) => {
  test("every reply of a real monitor, which were datagrams, is a message there and read as on the line", () => {
    const { accepts } = (LAN.frame as Extract<AnyDriver["frame"], { datagram: unknown }>).datagram;
    const lines = ["enumeration_replies.hex", "ptdemog_reply.hex"].flatMap((name) => read(name).toString("utf8").split("\n"));
    const replies = lines.flatMap((line) => (/^[0-9a-f]/i.test(line) ? [Uint8Array.from(Buffer.from(line.trim(), "hex"))] : []));
    expect([replies.length, replies.every(accepts)]).toEqual([10, true]);
    let [lan, line] = [LAN.memory, LAN.memory];
    for (const reply of replies) {
      const [here, there] = [LAN.decode(reply, lan, 0), philipsIntellivue.decode(framed(reply), line, 0)];
      expect(here).toEqual(there);
      [lan, line] = [here.memory, there.memory];
    }
  });
});

describe("what a network does to numerics", () => {
  const numerics = (ticks: number, spo2: number) =>
    Uint8Array.from(result({ polled: 6, time: ticks, objects: [numericOf(1, 0x4bb8, 0xff000000 + spo2 * 10)] }));
  const told = (...datagrams: readonly Uint8Array[]): readonly string[] => {
    let { memory } = LAN;
    return datagrams.flatMap((datagram) => {
      const decoded = LAN.decode(datagram, memory, 0);
      memory = decoded.memory;
      return decoded.readings.flatMap((one) =>
        one.told === "number" ? [String(one.value.mantissa)] : one.told === "unreadable" ? [`${one.reason}`] : [],
      );
    });
  };

  test("an answer that a later one has overtaken is given up, and never told as what holds now (IV-28)", () => {
    expect(told(numerics(8192, 95), numerics(24_576, 93), numerics(16_384, 94), numerics(32_768, 92))).toEqual([
      "950",
      "930",
      "out_of_time",
      "920",
    ]);
  });

  test("one that comes twice is told again with its own time, and one that is lost is not missed", () => {
    expect(told(numerics(8192, 95), numerics(8192, 95), numerics(32_768, 92))).toEqual(["950", "950", "920"]);
  });

  test("a monitor whose ticks begin anew, or run over, is believed", () => {
    expect(told(numerics(0xffff_f000, 95), numerics(0x1000, 94))).toEqual(["950", "940"]);
    expect(told(numerics(900_000, 95), numerics(8192, 94))).toEqual(["950", "940"]);
    expect(told(numerics(0x1000, 95), numerics(0xffff_f000, 94))).toEqual(["950", "out_of_time"]);
  });
});
