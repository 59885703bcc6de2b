import assert from "node:assert/strict";
import { describe, expect, test } from "vitest";
import { mdcCode, mdcUnit } from "../../drivers/kit/mdc.ts";
import { philipsIntellivue } from "../../drivers/philips-intellivue/driver.ts";
import { ALERTS_MAX, LAYOUTS_MAX, MEMORY_MAX, type Memory, PLACES_MAX, TOLD_MAX } from "../../drivers/philips-intellivue/memory.ts";
import { QUANTITIES } from "../../drivers/philips-intellivue/numerics.ts";
import { WAVE_TERMS } from "../../drivers/philips-intellivue/wave.table.ts";
import {
  accepted,
  attribute,
  type Bytes,
  created,
  data,
  decodeAll,
  errorOf,
  frame,
  hex,
  list,
  numericOf,
  refusal,
  result,
  sized,
  u16,
  u32,
  value,
} from "./philips-intellivue-bytes.ts";
import { type Random, randomOf } from "./streams.ts";

const { decode, memory: START, metrics } = philipsIntellivue;
const DECLARED = new Set<unknown>(metrics);

const UNITS = new Map(WAVE_TERMS.map(([refid, unit]) => [mdcCode(refid) & 0xffff, mdcUnit(unit) & 0xffff]));

const layout = (samples: number, physio = 0x4bb4): readonly Bytes[] => [
  attribute(0x096d, u16(samples), [16, 14], u16(0)),
  attribute(0x0a16, list(hex("0002 8004"), hex("0003 4001"), hex("0004 8008"))),
  attribute(0x098d, u32(64)),
  attribute(0x0996, u16(UNITS.get(physio) ?? 0)),
  attribute(0x096f, hex("FEFFF000 FD009FFB 0000 3FFF")),
  attribute(0x096e, u16(physio), u16(0), sized(new Array<number>(2 * samples).fill(1))),
];
const alert = (source: number, code: number, type = 0x0100): Bytes => [
  ...[source, code, type, 0].flatMap(u16),
  ...hex("0036 0000 0001 0201"),
  ...sized(hex("00010002")),
];
const compound = attribute(0x094b, list(value(0x4a17, 91, { unit: 0x0f20 }), value(0x4a15, 120, { unit: 0x0f20 })));

const MESSAGES: readonly Bytes[] = [
  accepted(),
  created(),
  refusal,
  errorOf(7),
  result({ polled: 6, objects: [numericOf(1, 0x4bb8, 0xff0003b6), numericOf(2, 0x4822, 60, { unit: 0x0aa0 })] }),
  result({ polled: 6, objects: [{ handle: 3, attributes: [compound] }], link: [1, 1] }),
  result({ polled: 6, objects: [], link: [3, 2] }),
  result({ polled: 9, objects: [{ handle: 4, attributes: layout(4) }] }),
  result({ polled: 9, sequence: 1, time: 1256, objects: [{ handle: 4, attributes: layout(4).slice(5) }] }),
  result({ polled: 0x36, objects: [{ handle: 5, attributes: [attribute(0x0902, list(alert(0x4bb8, 0x40), alert(1, 0x0c00)))] }] }),
  result({ polled: 0x2a, objects: [{ handle: 6, attributes: [attribute(0x095c, hex("0004 0041 0000"))] }] }),
];

function expectSound(message: Bytes, memory: Memory, at: string): Memory {
  const bytes = frame(message.slice(0, 1500));
  const before = JSON.stringify(memory);
  const decoded = decode(bytes, memory, 0);
  assert.deepEqual(decode(bytes, memory, 0), decoded, `${at}: not pure`);
  assert.equal(JSON.stringify(memory), before, `${at}: memory was written to`);
  const told = decoded.readings.flatMap((reading) => ("metric" in reading ? [reading.metric] : []));
  const undeclared = told.filter((metric) => !DECLARED.has(metric));
  assert.deepEqual(undeclared, [], `${at}: not declared`);
  assert.equal(new Set(told.map(({ refid }) => refid)).size, told.length, `${at}: told twice`);
  const written = JSON.stringify(decoded.memory);
  assert.ok(written.length < MEMORY_MAX, `${at}: memory has ${written.length} characters`);
  assert.deepEqual(JSON.parse(written), decoded.memory, at);
  return decoded.memory;
}

const WORDS: readonly number[] = [0, 1, 2, 4, 8, 0x7fff, 0x8000, 0xfffe, 0xffff];
function lied(message: Bytes, random: Random): Bytes {
  const bytes = [...message];
  const place = (): number => random.below(bytes.length);
  const ways = [
    () => bytes,
    () => bytes.with(place(), random.below(256)),
    () => bytes.toSpliced(place() & ~1, 2, ...u16(WORDS[random.below(WORDS.length)]!)),
    () => bytes.slice(0, place()),
    () => [...bytes.slice(0, place()), ...MESSAGES[random.below(MESSAGES.length)]!.slice(place())],
    () => [...bytes, ...random.bytes(random.below(40))],
    () => [...random.bytes(random.below(80))],
  ];
  return ways[random.below(ways.length)]!();
}

describe("whatever stands in a frame with a good FCS", () => {
  test("is read or given up, in declared metrics only, by a decode that is pure and bounded", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = randomOf(seed);
      let memory = START;
      for (let count = 0; count < 20; count++)
        memory = expectSound(lied(MESSAGES[random.below(MESSAGES.length)]!, random), memory, `seed ${seed}, message ${count}`);
    }
  });

  test("is given up whole where any count or length of a list is wrong (IV-12)", () => {
    const [answer] = [MESSAGES[4]!];
    const texts = new Set<string>();
    // Places of counts and lengths, from the operation's length down to that of the first value.
    for (const at of [6, 12, 22, 46, 48, 52, 54, 58, 60, 64])
      for (const by of [-1, 1, 0x100, -0x100]) {
        const word = (answer[at]! * 0x100 + answer[at + 1]! + by) & 0xffff;
        const { last } = decodeAll([answer.toSpliced(at, 2, ...u16(word))]);
        texts.add(last.map(({ told, reason }) => `${told} ${reason ?? ""}`).join());
      }
    expect([...texts].sort()).toEqual(["unreadable lengths", "unreadable message_unknown"]);
  });

  test("is given up whole where it is cut or has a tail", () => {
    for (const message of MESSAGES.slice(1).filter(([first]) => first === 0xe1)) {
      for (let length = 0; length < message.length; length++)
        expect(decodeAll([message.slice(0, length)]).last, `cut at ${length}`).toEqual([
          { told: "unreadable", bytes: length, reason: "message_unknown" },
        ]);
      expect(decodeAll([[...message, 0]]).last).toMatchObject([{ told: "unreadable", reason: "message_unknown" }]);
    }
  });

  test("is given up whole where its operation has a tail, or stands under another presentation", () => {
    const tail = data(2, hex("0007 0007 0000"), hex("00"));
    const other = [...MESSAGES[4]!.slice(0, 2), 0, 3, ...MESSAGES[4]!.slice(4)];
    for (const message of [tail, other]) expect(decodeAll([message]).last).toMatchObject([{ reason: "message_unknown" }]);
  });

  test("cannot ask for more work than it has bytes", () => {
    const claims = [
      attribute(0x094b, hex("FFFF FFFF")),
      attribute(0x094b, hex("FFFF 0000")),
      attribute(0x0950),
      attribute(0x0967, hex("FFFF 0000")),
    ];
    for (const polled of [6, 9, 0x36])
      expectSound(result({ polled, objects: [{ handle: 1, attributes: claims }] }), START, `class ${polled}`);
  });

  test("keeps no more than fits, and tells what does not", () => {
    const known = QUANTITIES.filter(
      ([, refid, unit], i) => unit.startsWith("MDC_") && QUANTITIES.findIndex(([, other]) => other === refid) === i,
    ).slice(0, TOLD_MAX + 3);
    let memory = START;
    for (const [i, [id, , unit]] of known.entries()) {
      const object = { context: 0xffff, ...numericOf(0xf000 + i, id, 60, { unit: mdcUnit(unit) & 0xffff }) };
      const message = result({ polled: 6, objects: [object], link: [2, i + 1] });
      if (i >= TOLD_MAX)
        expect(decode(frame(message), memory, 0).readings[1]).toEqual({ told: "unreadable", bytes: 10, reason: "objects_too_many" });
      memory = expectSound(message, memory, "many values");
    }
    expect(memory.told.length).toBe(TOLD_MAX);
    const physios = WAVE_TERMS.map(([refid]) => mdcCode(refid) & 0xffff);
    for (let i = 0; i < LAYOUTS_MAX + 2; i++)
      memory = expectSound(
        result({
          polled: 9,
          invoke: 0xffff,
          time: 0xffffffff,
          sequence: 0xffff,
          objects: [{ context: 0xffff, handle: 0xff00 + i, attributes: layout(4 + i, physios[i % physios.length]) }],
        }),
        memory,
        "many waves",
      );
    expect([memory.layouts.length, memory.places.length]).toEqual([LAYOUTS_MAX, PLACES_MAX]);
    const alerts = Array.from({ length: 60 }, (_, i) => alert(QUANTITIES[i]![0], 0x40));
    memory = expectSound(
      result({ polled: 0x36, objects: [{ handle: 5, attributes: [attribute(0x0902, list(...alerts))] }] }),
      memory,
      "many alerts",
    );
    expect(memory.alerts.length).toBe(ALERTS_MAX);
  });

  test("has a memory below its bound even where every table is full of the longest entries", () => {
    const entry = { at: "FFFFFFFF", samples: 65535, bits: 16, significant: 16, period: 4294967295, unit: 65535 };
    const full: Memory = {
      cycle: { invoke: 65535, count: 255, last: false, turn: 9 },
      told: new Array(TOLD_MAX).fill("FFFFFFFFFFFFFFFF9"),
      layouts: new Array(LAYOUTS_MAX).fill({
        ...entry,
        range: [4294967295, 4294967295, 65535, 65535],
        special: [65535, 65535, 65535, 65535],
      }),
      places: new Array(PLACES_MAX).fill({
        physio: 65535,
        at: "FFFFFFFF",
        next: Number.MAX_SAFE_INTEGER,
        invoke: 65535,
        sequence: 65535,
        time: 4294967295,
        off: false,
      }),
      alerts: new Array(ALERTS_MAX).fill("P FFFF FFFF"),
      newest: { numerics: 4294967295, alerts: 4294967295 },
    };
    expect(JSON.stringify(full).length).toBeLessThan(MEMORY_MAX);
  });
});

test("demographics leave no trace, in an object of theirs or among others (IV-10)", () => {
  const name = attribute(0x095c, hex("0006 0044 004F 0045"));
  const own = result({ polled: 0x2a, objects: [{ handle: 6, attributes: [name] }] });
  const among = result({ polled: 6, objects: [{ handle: 6, attributes: [name, attribute(0x0950, value(0x4bb8, 97))] }] });
  const { readings, memory } = decodeAll([own, among]);
  const written = JSON.stringify([readings, memory], (_, one) => (typeof one === "bigint" ? String(one) : one));
  expect(written).not.toMatch(/DOE|044|"95/i);
  expect(readings[1]).toHaveLength(2);
});
