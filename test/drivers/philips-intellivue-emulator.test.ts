import { describe, expect, it } from "vitest";
import { Milliseconds } from "../../config/units.ts";
import type { Emulator, Sent } from "../../drivers/kit/emulator.ts";
import { intellivueEmulator, intellivueEmulatorOf } from "../../drivers/philips-intellivue/emulator.ts";
import { enclosed, HEARD_MAX } from "../../drivers/philips-intellivue/emulator-frame.ts";
import { createdMessage, pollMessage } from "../../drivers/philips-intellivue/emulator-message.ts";
import type { IntellivueState } from "../../drivers/philips-intellivue/emulator-state.ts";
import { nameOf, valueTold } from "../../drivers/philips-intellivue/emulator-told.ts";
import {
  ALARMS,
  alertsIn,
  associate,
  bytesOf,
  CONFIRM,
  contextsOf,
  extended,
  hexOf,
  NAMES,
  numericOf,
  numericsOf,
  PRIORITY,
  pollOf,
  type RawObject,
  RELEASE,
  rawAttributes,
  sampleArraysOf,
  samplesOf,
  say,
  single,
  termsOf,
  u16,
  u32,
  unframed,
  type Wish,
} from "./philips-intellivue-emulator-reader.ts";
import { withVectors } from "./vectors.ts";

withVectors("philips-intellivue", (read) => {
  const lines = ["enumeration_replies.hex", "ptdemog_reply.hex"].flatMap((name) =>
    read(name)
      .toString("latin1")
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("#")),
  );

  describe("the emulated IntelliVue with a recorded monitor's state", () => {
    it("says who it is in the recorded bytes", () => {
      const counts = { typed: 0, opaque: 0 };
      const message = bytesOf(lines[0]!);
      const all = termsOf(rawAttributes(message.slice(34)), counts);
      expect(hexOf(createdMessage(u16(message, 8), u32(message, 20), all))).toBe(lines[0]);
      expect(counts).toEqual({ typed: 7, opaque: 10 });
    });

    it("answers polls in the recorded bytes, linked or not, single or extended", () => {
      const counts = { typed: 0, opaque: 0 };
      const polls = lines.slice(1).map((line) => [line, pollOf(bytesOf(line))] as const);
      expect(polls).toHaveLength(9);
      for (const [line, poll] of polls) {
        expect(poll).toBeDefined();
        expect(hexOf(pollMessage(poll!.head, contextsOf(poll!, counts), poll!.link))).toBe(line);
      }
      expect(counts).toEqual({ typed: 158, opaque: 72 });
    });

    it("concludes from the recorded values the digits that the paper reads there", () => {
      const told = Object.fromEntries(
        [1, 2].flatMap((line) =>
          (pollOf(bytesOf(lines[line]!))?.contexts ?? []).flatMap(({ objects }) =>
            objects.flatMap((object) => {
              const [alone, compound] = [attributeOf(object, 0x0950), attributeOf(object, 0x094b)];
              const values = [...(alone === undefined ? [] : [numericOf(alone)]), ...(compound === undefined ? [] : numericsOf(compound))];
              return values.map((value) => [nameOf(value.physio), valueTold(value)] as const);
            }),
          ),
        ),
      );
      expect(told).toMatchObject({ MDC_PULS_OXIM_SAT_O2: "95.0", MDC_PULS_OXIM_PERF_REL: "10.0", MDC_PULS_OXIM_PULS_RATE: "60" });
      expect(told).toMatchObject({ MDC_PRESS_BLD_ART_ABP_MEAN: "91", MDC_PRESS_BLD_ART_ABP_SYS: "120", MDC_PRESS_BLD_ART_ABP_DIA: "70" });
      expect(told).toMatchObject({ MDC_PULS_RATE: "60", "intellivue.F0E5": "60", MDC_RESP_RATE: "15" });
    });

    it.each(["rs232_fcs_short_1.bin", "rs232_fcs_short_2_escaped.bin"])("encloses a message as in the printed example %s", (name) => {
      expect(hexOf(enclosed(name.includes("1") ? [0x3a, 0x71] : [0x3a, 0x91]))).toBe(read(name).toString("hex"));
    });
  });
});

// ── Conversations ───────────────────────────────────────────────────────────────────────────────────────────────────

const FOREVER = 8000 * 3600;

type Said = { readonly at: number; readonly bytes: Uint8Array };
type Heard = Sent & { readonly at: number; readonly message: Uint8Array };
/** What the device sends while it is told this. */
function talk(
  seed: number,
  said: readonly Said[],
  seconds: number,
  device: Emulator<IntellivueState> = intellivueEmulator,
): readonly Heard[] {
  const sends: Heard[] = [];
  const left = said.toSorted((a, b) => a.at - b.at);
  let state = device.start(seed);
  for (let at = 0; at <= seconds * 1000; ) {
    const later = left.findIndex((one) => one.at > at);
    const heard = left.splice(0, later < 0 ? left.length : later);
    const turn = device.step(state, Buffer.concat(heard.map(({ bytes }) => bytes)), Milliseconds(at));
    sends.push(...turn.sends.map((sent) => ({ ...sent, at, message: unframed(sent.bytes) })));
    state = turn.state;
    at = Math.min(at + turn.next, left[0]?.at ?? Number.POSITIVE_INFINITY);
  }
  return sends;
}
/** Three association requests at most are needed; those after an answer would be refused, so each seed is asked as often as it needs. */
const needed = (seed: number): number => intellivueEmulator.start(seed).deaf + 1;
const begin = (seed: number, wish?: Wish): readonly Said[] => [
  ...Array.from({ length: needed(seed) }, (_, index) => ({ at: 1000 * index, bytes: associate(wish) })),
  { at: 3500, bytes: CONFIRM },
];
const keepAlive = (until: number): readonly Said[] =>
  Array.from({ length: Math.ceil(until / 5) }, (_, index) => ({ at: 4000 + 5000 * index, bytes: single("0021") }));
const SEEDS = [1, 2, 3, 4, 5, 6];
/** Those of which nothing is refused. */
const FULL = [6, 7, 8, 9];
const firstBytes = (heard: readonly Heard[]): readonly number[] => heard.map(({ message }) => message[0]!);
const objectsOf = ({ message }: Heard): readonly RawObject[] => pollOf(message)?.contexts.flatMap(({ objects }) => objects) ?? [];
const attributeOf = (object: RawObject, id: number): Uint8Array | undefined => object.attributes.find((one) => one.id === id)?.value;
const classOf = (heard: Heard): number | undefined => pollOf(heard.message)?.head.class;

describe("the emulated IntelliVue", () => {
  it("is silent without an association, whatever it hears", () => {
    const junk = Uint8Array.from({ length: 5 * HEARD_MAX }, (_, index) => (index * 193 + 7) & 0xff);
    const broken = associate().with(60, 0);
    const said = [single("0021"), extended("0006", 16_000), CONFIRM, RELEASE, junk, broken].map((bytes, index) => ({
      at: 100 * index,
      bytes,
    }));
    expect(talk(1, said, 10)).toEqual([]);
  });

  it("answers an association request after up to two that it does not hear, says who it is, and refuses a second", () => {
    expect(new Set(SEEDS.map(needed))).toEqual(new Set([1, 2, 3]));
    for (const seed of SEEDS) {
      const said = [0, 1000, 2000, 3000].map((at) => ({ at, bytes: associate() }));
      const heard = talk(seed, said, 5);
      const refused = 4 - needed(seed);
      expect(firstBytes(heard)).toEqual([0x0e, 0xe1, ...Array(refused).fill(0x0c)]);
      const [accepted, created] = heard.map(({ message }) => message);
      expect(accepted![1] === 0xff ? u16(accepted!, 2) : accepted![1]! + 2).toBe(
        accepted![1] === 0xff ? accepted!.length - 4 : accepted!.length,
      );
      const at = Buffer.from(accepted!).indexOf(Buffer.from("BE802880020102" + "8148", "hex")) + 9;
      expect(hexOf(accepted!.slice(at, at + 20))).toBe("80000000400000000000000000800000" + "80000000");
      expect(u32(accepted!, at + 64) & ~0x8c000000).toBe(0);
      expect(u32(accepted!, at + 64)).toBe(intellivueEmulator.start(seed).supports >>> 0);
      const identity = rawAttributes(created!.slice(34));
      expect(identity.map(({ id }) => id)).toEqual([0x0984, 0x0928, 0x0937, 0x0946, 0x091e, 0x0987, 0x098f]);
      expect(hexOf(identity.find(({ id }) => id === 0x098f)!.value)).toBe(hexOf(created!.slice(20, 24)));
    }
  });

  it("serves nothing before its create event is confirmed", () => {
    const asked = keepAlive(8);
    expect(firstBytes(talk(1, [...begin(1).slice(0, -1), ...asked], 9))).toEqual([0x0e, 0xe1]);
    expect(firstBytes(talk(1, [...begin(1), ...asked], 9)).length).toBeGreaterThan(2);
  });

  it.each(SEEDS)("tells in its unit what its numerics say, over linked messages (seed %i)", (seed) => {
    const heard = talk(seed, [...begin(seed), { at: 4100, bytes: extended("0006", FOREVER) }, ...keepAlive(60)], 64);
    const numerics = heard.filter((one) => classOf(one) === 6);
    for (const one of numerics) {
      const told: Record<string, string | null> = {};
      for (const object of objectsOf(one)) {
        const alone = attributeOf(object, 0x0950);
        const values = alone === undefined ? numericsOf(attributeOf(object, 0x094b) ?? bytesOf("00000000")) : [numericOf(alone)];
        for (const { physio, state, number } of values) {
          const shown = (number.mantissa * 10 ** number.exponent).toFixed(Math.max(0, -number.exponent));
          const none = (state & 0xa000) !== 0 || number.mantissa >= 0x7ffffe;
          told[NAMES[physio] ?? `intellivue.${physio.toString(16).toUpperCase()}`] = none ? null : shown;
        }
      }
      expect(one.unit?.observations ?? {}).toMatchObject(told);
      const more = Object.entries(one.unit?.observations ?? {}).filter(([name]) => !(name in told));
      expect(more.every(([, value]) => value === null)).toBe(true);
      if (one.unit !== undefined)
        expect([one.unit.bytes, one.unit.deviceTime]).toEqual([one.bytes.length, String(pollOf(one.message)!.head.time)]);
      expect(one.message.length).toBeLessThanOrEqual(1456);
    }
    const times = [...new Set(numerics.map((one) => pollOf(one.message)!.head.time))];
    expect(times.slice(1).map((time, index) => time - times[index]!)).toEqual(times.slice(1).map(() => 8192));
    expect(numerics.slice(0, 3).map(({ message }) => pollOf(message)?.link)).toEqual([
      { state: 1, count: 1 },
      { state: 3, count: 2 },
      undefined,
    ]);
  });

  it("gives static attributes in the first cycle only, and in each where a test needs that", () => {
    const said = (seed: number): readonly Said[] => [...begin(seed), { at: 4100, bytes: extended("0006", FOREVER) }];
    const named = (device: Emulator<IntellivueState>): readonly boolean[] =>
      talk(3, said(3), 9, device)
        .filter((one) => objectsOf(one).some(({ handle }) => handle === 0x8010))
        .map((one) => objectsOf(one).some((object) => object.handle === 0x8010 && attributeOf(object, 0x0927) !== undefined));
    expect(named(intellivueEmulator)).toEqual([true, false, false, false]);
    expect(named(intellivueEmulatorOf({ memory: "spared" }))).toEqual([true, true, true, true]);
  });

  it("shows in time every reason for no value, an object that loses its value, and one that is deleted", () => {
    const all = [1, 2, 3, 4].flatMap((seed) =>
      talk(seed, [...begin(seed), { at: 4100, bytes: extended("0006", FOREVER) }, ...keepAlive(180)], 180),
    );
    const objects = all.filter((one) => classOf(one) === 6).flatMap(objectsOf);
    const values = objects.flatMap((object) =>
      attributeOf(object, 0x0950) === undefined ? [] : [numericOf(attributeOf(object, 0x0950)!)],
    );
    expect(new Set(values.map(({ number }) => number.mantissa).filter((mantissa) => mantissa >= 0x7ffffe))).toEqual(
      new Set([0x7fffff, 0x800000, 0x7ffffe, 0x800002, 0x800001]),
    );
    for (const bit of [0x8000, 0x4000, 0x2000, 0x1000, 0x0800, 0x0400, 0x0080, 0x0040, 0x0020, 0x0002, 0x0001])
      expect(values.some(({ state }) => (state & bit) !== 0)).toBe(true);
    const bare = (one: Heard): boolean =>
      objectsOf(one).some((object) => object.handle === 0x82ba && attributeOf(object, 0x0950) === undefined);
    const lost = all.map((one) => [bare(one), one.unit?.observations.MDC_RESP_RATE] as const).filter(([is]) => is);
    // IV-4: told in the first cycle without it, and not again.
    expect(lost.filter(([, value]) => value === null).length).toBeGreaterThan(0);
    expect(new Set(lost.map(([, value]) => value))).toEqual(new Set([null, undefined]));
    const temperatures = objects.filter(({ handle }) => handle === 0x8a40).length;
    expect(temperatures).toBeLessThan(objects.filter(({ handle }) => handle === 0x8010).length);
  });

  it.each(FULL)("sends only waves on its priority list, tells them once their layout was sent, and takes a new list (seed %i)", (seed) => {
    const said = [...begin(seed), { at: 4100, bytes: extended("0009", FOREVER) }, { at: 6000, bytes: PRIORITY }];
    const heard = talk(seed, said, 12);
    const waves = heard.filter((one) => classOf(one) === 9);
    const handles = (from: number, to: number) =>
      new Set(waves.filter(({ at }) => at > from && at < to).flatMap((one) => objectsOf(one).map(({ handle }) => handle)));
    expect(handles(4000, 5900)).toEqual(new Set([0x02ae, 0x03da]));
    expect(handles(6500, 12_000)).toEqual(new Set([0x03da, 0x02b8, 0x091c]));
    const laid = new Set<number>();
    for (const one of waves) {
      const told: Record<string, readonly number[]> = {};
      for (const object of objectsOf(one)) {
        if (attributeOf(object, 0x096d) !== undefined) laid.add(object.handle);
        const alone = attributeOf(object, 0x096e);
        const arrays = alone === undefined ? sampleArraysOf(attributeOf(object, 0x0967)!) : [samplesOf(alone)];
        for (const { physio, samples } of arrays) if (laid.has(object.handle)) told[NAMES[physio]!] = samples;
        for (const { samples } of arrays) expect([128, 32, 16]).toContain(samples.length);
      }
      expect(one.unit?.waves ?? {}).toEqual(told);
    }
    const times = waves.map((one) => pollOf(one.message)!.head.time);
    expect(times.slice(1).every((time, index) => time - times[index]! === 2048)).toBe(true);
  });

  it("names a wave late that another list brings in, so that its first samples cannot be read", () => {
    const said = [...begin(FULL[0]!), { at: 3600, bytes: PRIORITY }, { at: 4100, bytes: extended("0009", FOREVER) }];
    const waves = talk(FULL[0]!, said, 8).filter((one) => classOf(one) === 9);
    const names = waves.slice(0, 6).map(({ unit }) => Object.keys(unit?.waves ?? {}).includes("MDC_RESP"));
    expect(names).toEqual([false, false, false, false, true, true]);
  });

  it("lists alarms that come and go, and tells each once more when it is over", () => {
    const heard = talk(2, [...begin(2), { at: 4100, bytes: extended("0036", FOREVER, "0801") }, ...keepAlive(60)], 64);
    const alerts = heard.filter((one) => classOf(one) === 0x36);
    expect(alerts.length).toBeGreaterThan(50);
    let before: readonly string[] = [];
    for (const one of alerts) {
      const lists = [0x0902, 0x0904].map((id) => attributeOf(objectsOf(one)[0]!, id)!);
      const listed = lists.flatMap(alertsIn).map((alarm) => ALARMS[alarm]!);
      const over = before.filter((name) => !listed.includes(name));
      const told = [...over.map((name) => [name, false]), ...listed.map((name) => [name, true])];
      expect(one.unit?.conditions ?? {}).toEqual(Object.fromEntries(told));
      before = listed;
    }
    const counts = alerts.map(({ unit }) => Object.values(unit?.conditions ?? {}).filter(Boolean).length);
    expect([Math.min(...counts) === 0, Math.max(...counts) > 1]).toEqual([true, true]);
  });

  it("answers what was not granted, and what must never be sent, with an error", () => {
    const without = SEEDS.find((seed) => (intellivueEmulator.start(seed).supports & 0x04000000) === 0)!;
    const errors = (seed: number, bytes: Uint8Array): number =>
      talk(seed, [...begin(seed), { at: 4000, bytes }], 6).filter(({ message }) => message[0] === 0xe1 && u16(message, 4) === 3).length;
    expect(FULL.map((seed) => intellivueEmulator.start(seed).supports >>> 0)).toEqual(FULL.map(() => 0x8c000000));
    expect(errors(without, extended("0005", 16_000))).toBe(1);
    expect(errors(FULL[0]!, extended("0005", 16_000))).toBe(0);
    expect(errors(FULL[0]!, say("E1000002 0001001C 03E9 0007 0016 0021 0000 0000 00000000 0C17 0008 0000 0001 0021 0000"))).toBe(1);
    expect(errors(FULL[0]!, say("E1000002 0001001E 0010 0005 0018 0021 0000 0000 00000000 0001 000A 0000 0987 0004 0000 0000"))).toBe(1);
  });

  it("lets a poll end with its period and the association with the client's silence, and aborts it", () => {
    const heard = talk(3, [...begin(3), { at: 4000, bytes: extended("0006", 8000 * 4) }], 30);
    const last = heard.filter((one) => classOf(one) === 6).at(-1)!;
    expect(last.at).toBeGreaterThan(7000);
    expect(last.at).toBeLessThan(8100);
    expect([heard.at(-1)!.message[0], Math.abs(heard.at(-1)!.at - 14_000) <= 32]).toEqual([0x19, true]);
    const slow = talk(3, [...begin(3, { period: 8000 * 8 })], 40);
    expect([slow.at(-1)!.message[0], Math.abs(slow.at(-1)!.at - 27_500) <= 32]).toEqual([0x19, true]);
    expect(firstBytes(talk(3, [...begin(3), ...keepAlive(60)], 60))).not.toContain(0x19);
  });

  it("ends an association that is released or aborted, and takes a new one", () => {
    const again = Array.from({ length: 3 }, (_, index) => ({ at: 8000 + 1000 * index, bytes: associate() }));
    const released = talk(
      1,
      [...begin(1), { at: 5000, bytes: RELEASE }, { at: 6000, bytes: single("0021") }, ...again.slice(0, needed(1))],
      12,
    );
    expect(firstBytes(released)).toEqual([0x0e, 0xe1, 0x0a, 0x0e, 0xe1]);
    expect(hexOf(released[2]!.message)).toBe("0a18c11661803080020101a0806380800100000000000000" + "0000");
    const abort = say("19 02 0000");
    expect(firstBytes(talk(1, [...begin(1), { at: 5000, bytes: abort }, ...again.slice(0, needed(1))], 12))).toEqual([
      0x0e, 0xe1, 0x0e, 0xe1,
    ]);
  });

  it("gives the patient's name only where it is polled for, and concludes nothing from it", () => {
    const isCanary = ({ bytes }: Sent): boolean => /CANARY/i.test(Buffer.from(bytes).toString("latin1").replaceAll("\0", ""));
    const classes = ["0006", "0009", "0005", "0036", "0021", "0029"];
    for (const seed of SEEDS) {
      const polls = classes.flatMap((of, index) => [single(of), extended(of, 80_000)].map((bytes) => ({ at: 4000 + 300 * index, bytes })));
      expect(talk(seed, [...begin(seed), ...polls], 12).some(isCanary)).toBe(false);
      const heard = talk(seed, [...begin(seed), { at: 4000, bytes: single("002A", "0807") }], 6);
      expect(heard.filter(isCanary)).toHaveLength(1);
      expect(heard.every(({ unit }) => !JSON.stringify(unit ?? {}).includes("CANARY"))).toBe(true);
    }
  });

  it("spreads its answers over more messages where the client takes shorter ones", () => {
    const said = [...begin(1, { mtu: 600 }), { at: 4100, bytes: single("0006") }];
    const heard = talk(1, said, 6).filter((one) => classOf(one) === 6);
    expect(heard.map(({ message }) => pollOf(message)?.link?.state)).toEqual(
      [1, 2, 3, undefined].filter((_, i) => i !== 1 || heard.length > 3),
    );
    expect(Math.max(...heard.map(({ message }) => message.length))).toBeLessThanOrEqual(600);
  });

  it("is the same device for the same seed, changes nothing that it was handed, and keeps its state small", () => {
    const said = [...begin(5), { at: 4100, bytes: extended("0006", FOREVER) }, { at: 4200, bytes: extended("0009", FOREVER) }];
    const bytes = (seed: number): string =>
      talk(seed, said, 20)
        .map((sent) => hexOf(sent.bytes))
        .join("\n");
    expect(bytes(5)).toBe(bytes(5));
    expect(bytes(5)).not.toBe(bytes(4));
    let state = intellivueEmulator.start(5);
    for (let at = 0; at < 60_000; at += 250) {
      const before = JSON.stringify(state);
      const heard = at % 5000 === 0 ? Buffer.concat(said.map((one) => one.bytes)) : new Uint8Array(3 * HEARD_MAX).fill(0xc0 + (at & 3));
      const turn = intellivueEmulator.step(state, heard, Milliseconds(at));
      expect(JSON.stringify(state)).toBe(before);
      expect(before.length).toBeLessThan(16_384);
      state = turn.state;
    }
    expect(intellivueEmulator.step(state, new Uint8Array(), Milliseconds(10_000_000)).sends.length).toBeLessThan(200);
  });
});
