import { describe, expect, test } from "vitest";
import { Milliseconds, Seconds } from "../../config/units.ts";
import type { Framing } from "../../drivers/kit/driver.ts";
import type { AnyEmulator, Emulator, Sent } from "../../drivers/kit/emulator.ts";
import { hasChecksum, isSeen, plain } from "../../drivers/kit/emulator-damage.ts";
import { exampleOf, type Fault, faultsOf, faultWords, scriptOf, scriptText } from "../../drivers/kit/emulator-fault-words.ts";
import { FAULT_TABLE } from "../../drivers/kit/emulator-faults.table.ts";
import { withFaults } from "../../drivers/kit/emulator-faults.ts";
import { createFramer } from "../../drivers/kit/framer.ts";
import { nonin } from "../../drivers/nonin/driver.ts";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { puritanBennett840 } from "../../drivers/puritan-bennett-840/driver.ts";
import { puritanBennett840Emulator } from "../../drivers/puritan-bennett-840/emulator.ts";
import { DEVICES, faulty } from "../dev/devices.ts";
import { CHECKSUM, FAULT_STACKS } from "./proofs.ts";
import { SPECIMENS, STUFFED } from "./specimens.ts";
import { ascii, changed, framesOf, join, randomOf } from "./streams.ts";

const EVERYTHING =
  "garbage,cut:every=4,sum:every=7,flip:bits=2,late:500ms,repeat:times=2,every=9,split:bytes=2,silence@3s+2s,swap@8s,swap@14s:nonin-sync-late";

type Played = { readonly sent: readonly Sent[]; readonly did: readonly string[]; readonly bytes: Uint8Array };
/** What leaves in so many seconds, stepped every `grid` ms. */
function played<S>(device: Emulator<S>, { seed = 1, grid = 20, seconds = 20, asks = "" }): Played {
  const sent: Sent[] = [];
  const did: string[] = [];
  let state = device.start(seed);
  for (let at = 0; at <= seconds * 1000; at += grid) {
    const turn = device.step(state, at % 2000 === 0 ? ascii(asks) : new Uint8Array(), Milliseconds(at));
    state = turn.state;
    sent.push(...turn.sends);
    did.push(...(turn.did ?? []));
  }
  return { sent, did, bytes: join(...sent.map(({ bytes }) => bytes)) };
}
const units = ({ sent }: Played) => sent.flatMap(({ unit }) => (unit === undefined ? [] : [unit]));
const timers = (one: Played) => units(one).map(({ deviceTime }) => Number(deviceTime));
const nonins = (faults: string, more = {}) => played(faulty(noninEmulator, faults).emulator, more);
const framesIn = (framing: Framing, { bytes }: Played) => framesOf(createFramer(framing).push(bytes));

describe("faults in words", () => {
  test.each(FAULT_TABLE.map(({ kind }) => kind))("an example of %s is understood, and its full words mean the same", (kind) => {
    const read = faultsOf(exampleOf(kind));
    if ("mistake" in read) throw new Error(read.mistake);
    expect(read.faults.map((fault) => fault.kind)).toEqual([kind]);
    expect(faultsOf(faultWords(read.faults[0]!))).toEqual(read);
  });

  test("faults stand in a row, each with its own parameters", () => {
    const read = faultsOf("garbage,unplug@10s+3s, noise:bytes=40,every=7,late:2s,every=5,swap@1m:nonin-sync-late");
    if ("mistake" in read) throw new Error(read.mistake);
    expect(read.faults.map(faultWords)).toEqual([
      "noise:bytes=40,every=5",
      "unplug@10s+3s",
      "noise:bytes=40,every=7",
      "late:time=2s,every=5",
      "swap@60s:nonin-sync-late",
    ]);
  });

  test.each([
    ["flpi", /"flpi" is no fault; there are: silence, .*for example {2}flip:every=20/],
    ["constructor", /"constructor" is no fault/],
    ["", /is no fault: expected KIND@FROM\+TIME:PARAMETERS/],
    ["flip,", /is no fault: expected/],
    ["silence@soon", /"soon" in "silence@soon" is no time: expected 250ms, 10s or 1m, for example {2}silence@10s\+5s/],
    ["silence@10s+", /"" in "silence@10s\+" is no time/],
    ["silence:3", /this fault takes no parameter/],
    ["flip:evry=3", /"evry=3" .* takes every, bits/],
    ["flip:every=0", /every is a whole number from 1 to/],
    ["flip:every=1e3", /every is a whole number/],
    ["late:3", /time is a time such as 2s/],
    ["swap@10s+5s", /swap back by a second one/],
  ])("%s is refused with what was expected", (words, told) => {
    const read = faultsOf(words);
    expect("mistake" in read ? read.mistake : "understood").toMatch(told);
  });

  test("a script holds device, seed and faults, a line each, and reads back as what was played", () => {
    const script = scriptOf("# a bad night\ndevice nonin\nseed 7\n\nsilence@10s+5s   # the lead\nflip:every=20\n");
    if ("mistake" in script) throw new Error(script.mistake);
    expect(script).toMatchObject({ device: "nonin", seed: 7 });
    expect(script.faults.map(({ kind }) => kind)).toEqual(["silence", "flip"]);
    expect(scriptOf(scriptText(script))).toEqual(script);
    expect(scriptOf("seed 7\nflip:bits=x")).toEqual({ mistake: expect.stringMatching(/^line 2: "bits=x" in "flip:bits=x"/) });
    expect(scriptOf("seed -1")).toEqual({ mistake: expect.stringMatching(/^line 1: "-1" is no seed/) });
  });

  test("what makes no sense for a device is refused before it is played", () => {
    expect(() => faulty(puritanBennett840Emulator, "checksum")).toThrow(/puritan-bennett-840 has no checksum/);
    expect(() => faulty(noninEmulator, "swap@1s:nobody")).toThrow(/no emulated device "nobody"/);
    expect(faulty(noninEmulator, "unplug@10s+3s,flip").unplugs).toMatchObject([{ from: 10_000, until: 13_000 }]);
  });
});

describe("a faulty device", () => {
  test("sends the same bytes at the same seed and script, however its steps fall, and others at another seed", () => {
    const first = nonins(EVERYTHING, { grid: 20 });
    for (const grid of [1, 10, 250])
      expect(Buffer.from(nonins(EVERYTHING, { grid }).bytes).equals(first.bytes), `every ${grid} ms`).toBe(true);
    const again = scriptOf(scriptText({ faults: (faultsOf(EVERYTHING) as { faults: [] }).faults }));
    const replayed = played(faulty(noninEmulator, (again as { faults: [] }).faults).emulator, {});
    expect(replayed).toEqual(first);
    expect(nonins(EVERYTHING, { seed: 2 }).bytes).not.toEqual(first.bytes);
    for (const fault of FAULT_TABLE.flatMap(({ kind }) => (kind === "unplug" ? [] : [kind])))
      expect(
        first.did.some((line) => line.includes(fault)),
        `${fault} is told as it happens`,
      ).toBe(true);
  });

  test("does not write to the state it is given", () => {
    const { emulator } = faulty(noninEmulator, EVERYTHING);
    const before = emulator.step(emulator.start(3), new Uint8Array(), Seconds(2)).state;
    const kept = structuredClone(before);
    const turns = [1, 2].map(() => emulator.step(before, new Uint8Array(), Seconds(9)));
    expect(turns[0]).toEqual(turns[1]);
    expect(before).toEqual(kept);
  });

  test("without a fault is the device", () => {
    expect(nonins("silence@60m").bytes).toEqual(played(noninEmulator, {}).bytes);
  });

  test("keeps damaged packets out of its ledger, and each of them lacks a frame", () => {
    const whole = framesIn(nonin.frame, played(noninEmulator, {})).length;
    for (const fault of ["flip:every=3", "checksum:every=3", "cut:every=3"]) {
      const device = nonins(fault);
      expect(
        timers(device).filter((timer) => (timer + 1) % 3 === 0),
        fault,
      ).toEqual([]);
      expect(timers(device).length, fault).toBe(40);
      expect(whole - framesIn(nonin.frame, device).length, fault).toBe(20);
    }
    expect(nonins("checksum:every=3").bytes.length, "a wrong checksum leaves the frame whole").toBe(played(noninEmulator, {}).bytes.length);
  });

  test("does only such damage to printed text as a reader can see", () => {
    const asks = "SNDF\r";
    const device = played(faulty(puritanBennett840Emulator, "flip:every=2").emulator, { asks });
    const answers = device.sent.filter(({ bytes }) => bytes.length > 100);
    expect(answers.map(({ unit }) => unit !== undefined)).toEqual(answers.map((_, index) => index % 2 === 0));
    const frames = framesIn(puritanBennett840.frame, device);
    expect(frames.length).toBe(units(device).length);
  });

  test("neither sends nor hears in a silence, and what it began before is no unit", () => {
    const device = nonins("silence@3s+2s");
    expect(timers(device).filter((timer) => timer >= 9 && timer <= 14)).toEqual([]);
    expect(timers(device)).toContain(8);
    expect(timers(device)).toContain(16);
    // Asked just before the silence ends, it would answer just after it.
    const { emulator } = faulty(puritanBennett840Emulator, "silence@3s+2s");
    const { state } = emulator.step(emulator.start(1), ascii("SNDF\r"), Milliseconds(4990));
    expect(emulator.step(state, new Uint8Array(), Milliseconds(6000)).sends).toEqual([]);
    const heard = emulator.step(state, ascii("SNDF\r"), Milliseconds(6000)).state;
    expect(emulator.step(heard, new Uint8Array(), Milliseconds(7000)).sends.length).toBe(1);
  });

  test("repeats what a reader knows again as no unit, unless the first was damaged", () => {
    const marked = (sent: Sent): Sent => (sent.unit === undefined ? sent : { ...sent, unit: { ...sent.unit, once: true } });
    const knowing: AnyEmulator = {
      ...noninEmulator,
      step: (state, heard, at) => {
        const turn = noninEmulator.step(state, heard, at);
        return { ...turn, sends: turn.sends.map(marked) };
      },
    };
    const told = (faults: string) => timers(played(faulty(knowing, faults).emulator, { seconds: 3 }));
    expect(told("repeat:times=2,every=4")).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(told("cut:every=4")).toEqual([0, 1, 2, 4, 5, 6, 8]);
    expect(told("repeat:times=2,every=4,cut:every=4")).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test("repeats a packet as a unit of its own, and noise and pieces leave every unit whole", () => {
    expect(timers(nonins("repeat:times=2,every=4", { seconds: 3 }))).toEqual([0, 1, 2, 3, 3, 3, 4, 5, 6, 7, 7, 7, 8]);
    for (const fault of ["noise:bytes=60,every=2", "split:bytes=2", "late:1s,every=7"])
      expect(timers(nonins(fault, { seconds: 22 })).slice(0, 60), fault).toEqual(
        timers(played(noninEmulator, { seconds: 22 })).slice(0, 60),
      );
    expect(framesIn(nonin.frame, nonins("noise:bytes=60,every=2"))).toEqual(framesIn(nonin.frame, played(noninEmulator, {})));
  });

  test("comes late in order, and nothing overtakes it", () => {
    expect(nonins("late:1s,every=7", { seconds: 30 }).bytes.subarray(0, 9000)).toEqual(
      played(noninEmulator, { seconds: 30 }).bytes.subarray(0, 9000),
    );
    expect(nonins("late:1500ms,every=3", { seconds: 2 }).bytes.length).toBeLessThan(
      played(noninEmulator, { seconds: 2 }).bytes.length / 2 + 200,
    );
  });

  test("is another one after a swap: another serial number, and of another kind nothing that its driver could tell", () => {
    const asked = played(faulty(puritanBennett840Emulator, "swap@9s").emulator, { asks: "SNDF\r" });
    const serials = asked.sent.map(({ bytes }) => /840 (\d{10})/.exec(Buffer.from(bytes).toString("latin1"))?.[1]);
    expect(new Set(serials).size).toBe(2);
    const other = nonins("swap@9s:puritan-bennett-840", { asks: "SNDF\r" });
    expect(timers(other).at(-1)).toBe(26);
    expect(Buffer.from(other.bytes).toString("latin1")).toContain("MISCF,");
  });
});

test("every driver is tested under every fault there is", () => {
  const asked = [...FAULT_STACKS, CHECKSUM].flatMap((words) => (faultsOf(words) as { faults: readonly Fault[] }).faults);
  // Without a port to unplug, an unplug is silence: the ward of misbehaving devices has a real one.
  expect(new Set([...asked.map(({ kind }) => kind), "unplug"])).toEqual(new Set(FAULT_TABLE.map(({ kind }) => kind)));
});

describe("damage", () => {
  test.each(SPECIMENS.map((one) => [one.name, one] as const))("is seen in %s frames, or is not done", (_, specimen) => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = randomOf(seed);
      const frames = Array.from({ length: 12 }, () => specimen.good(random));
      const device: AnyEmulator = {
        ...{ id: "nonin", speed: 9600, start: () => 0 },
        step: (sent: number) => ({
          state: sent + 1,
          sends:
            sent < frames.length
              ? [
                  {
                    bytes: frames[sent]!,
                    unit: { bytes: frames[sent]!.length, observations: { k: String(sent) }, waves: {}, conditions: {} },
                  },
                ]
              : [],
          next: Milliseconds(100),
        }),
      };
      // Where a frame needs the end of the one before it, the first is never read.
      for (const fault of ["flip:every=3", "cut:every=3", "noise:every=2", "checksum:every=3"]) {
        const { faults } = faultsOf(fault) as { faults: [] };
        const all = played(withFaults(device, faults, { framing: specimen.framing }), { seed, seconds: 5 });
        const kept = units(all).map(({ observations }) => frames[Number(observations.k)]!);
        const read = framesIn(specimen.framing, { ...all, bytes: join(frames[0]!, all.bytes) });
        const last = read.slice(read.length - kept.length).map((frame) => hex(plain(specimen.framing, frame)));
        expect(last, `${fault}, seed ${seed}`).toEqual(kept.map(hex));
      }
    }
  });

  test("is seen at every bit of a stuffed frame, its flags included: the closing flag that stays behind harms nothing", () => {
    const blind: string[] = [];
    for (let seed = 1; seed <= 10; seed++) {
      const frame = STUFFED.good(randomOf(seed));
      for (let bit = 0; bit < frame.length * 8; bit++)
        if (!isSeen(STUFFED.framing, frame, changed(frame, bit >> 3, 1 << (bit & 7)))) blind.push(`seed ${seed}, bit ${bit}`);
    }
    expect(blind).toEqual([]);
  });

  test("knows a checksum from a text without one", () => {
    for (const specimen of SPECIMENS) {
      const frame = specimen.good(randomOf(5));
      const checked = !["puritan-bennett-840", "delimited without a start mark"].includes(specimen.name);
      expect(hasChecksum(specimen.framing, frame), specimen.name).toBe(checked);
      expect(isSeen(specimen.framing, frame, frame)).toBe(false);
    }
    expect(Object.values(DEVICES).filter(({ emulator }) => emulator.unchecked !== true).length).toBeGreaterThan(1);
  });
});
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
