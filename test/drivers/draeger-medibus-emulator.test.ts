import { describe, expect, it } from "vitest";
import { Milliseconds } from "../../config/units.ts";
import { draegerMedibusEmulator, recordedState, savinaEmulator } from "../../drivers/draeger-medibus/emulator.ts";
import { configurationText, recordBytes } from "../../drivers/draeger-medibus/emulator-curves.ts";
import { answerBytes, commandBytes, type Heard, NOTHING_HEARD, receive } from "../../drivers/draeger-medibus/emulator-wire.ts";
import { answer, command, type Habits, HOST_ID, taken, talk } from "./medibus-host.ts";
import { withVectors } from "./vectors.ts";

const heardOf = (bytes: Uint8Array): readonly Heard[] => {
  let receiver = NOTHING_HEARD;
  return [...bytes].flatMap((byte) => {
    const [next, heard] = receive(receiver, byte);
    receiver = next;
    return heard === undefined ? [] : [heard];
  });
};
const hex = (bytes: Uint8Array | readonly number[]): string => Buffer.from(bytes).toString("hex");

const usual: Habits = { time: 20_000, asks: [0x24, 0x27, 0x2a].map((code) => command(code)), id: HOST_ID };

describe("the emulated MEDIBUS device and the document's own bytes", () => {
  it("sums from ESC or SOH to the last byte of the content, as the paper's worked examples do", () => {
    expect([hex(commandBytes(0x51)), hex(answerBytes(0x51))]).toEqual(["1b5136430d", "015135320d"]);
    expect(hex(answerBytes(0x28, "11:11:1911-NOV-93").slice(-3))).toBe("45360d");
  });

  withVectors("draeger-medibus", (read) => {
    const identity = { id: "0161", name: "My PC", software: "01.00", medibus: "03.00" };
    const trace = { interval: 16_000, high: 100, shape: "gas" } as const;
    const document = recordedState({
      identity,
      clock: Date.UTC(1993, 10, 11, 11, 11, 19),
      traces: [
        { ...trace, code: "00", low: -10, bins: 880 },
        { ...trace, code: "06", low: -20, bins: 1120 },
      ],
      pages: {
        36: [
          { code: "EB", text: "98" },
          { code: "E1", text: "70" },
        ],
      },
    });
    const replyTo = (said: Uint8Array, from = document) => {
      const heard = draegerMedibusEmulator.step(from, said, Milliseconds(0));
      return [...heard.sends, ...draegerMedibusEmulator.step(heard.state, new Uint8Array(), Milliseconds(900)).sends];
    };
    const empty = { ...document, bed: { ...document.bed, shown: {} } };

    it.each([
      ["spec_data_cmd", "spec_data_resp_spo2_pulse", document],
      ["spec_data_cmd", "spec_data_empty_resp", empty],
      ["spec_devid_cmd", "spec_devid_resp_0161", document],
      ["spec_datetime_cmd", "spec_datetime_resp", document],
      ["spec_rtcfg_cmd", "spec_rtcfg_resp", document],
      ["spec_rtconf_cmd", "spec_rtconf_resp", document],
      ["spec_cfg_cmd", "spec_cfg_resp", document],
      ["spec_timechanged_cmd", "spec_timechanged_resp", document],
    ])("answers %s with %s byte for byte", (asked, wanted, state) => {
      const sends = replyTo(read(`${asked}.bin`), state);
      expect(hex(Buffer.concat(sends.map(({ bytes }) => bytes)))).toBe(hex(read(`${wanted}.bin`)));
    });

    it("concludes from the document's example of values what it says", () => {
      expect(replyTo(read("spec_data_cmd.bin"))[0]?.unit).toEqual({
        ...{ bytes: 17, waves: {}, conditions: {}, partial: true },
        observations: { "medibus.m1.EB": "98", "medibus.m1.E1": "70" },
      });
    });

    it("answers the document's ICC with its answer, in which it asks who is there", () => {
      const said = taken(replyTo(read("spec_icc_cmd.bin")).map((sent) => ({ at: 0, sent })));
      expect(said.answers.map(({ code, content }) => hex(answer(code, content)))).toEqual([hex(read("spec_icc_resp.bin"))]);
      expect(said.commands.map(({ code, inside }) => [hex(command(code)), inside])).toEqual([[hex(read("spec_devid_cmd.bin")), true]]);
    });

    it("takes every answer and sends every command as the document prints them", () => {
      for (const [name, code] of [
        ["icc", 0x51],
        ["devid", 0x52],
        ["nop", 0x30],
        ["timechanged", 0x49],
      ] as const)
        expect(hex(commandBytes(code))).toBe(hex(read(`spec_${name}_cmd.bin`)));
      expect(heardOf(read("spec_devid_resp_0161.bin"))).toEqual([{ heard: "answer", code: 0x52, content: HOST_ID }]);
      for (const [name, code] of [
        ["icc_resp", 0x51],
        ["devid_empty_resp", 0x52],
        ["timechanged_resp", 0x49],
        ["nak", 0x15],
      ] as const)
        expect(heardOf(read(`spec_${name}.bin`))).toEqual([{ heard: "answer", code, content: "" }]);
      expect(heardOf(read("spec_rt_enable_1_2.bin"))).toEqual([{ heard: "enable", group: 0, streams: 3 }]);
      expect(heardOf(read("spec_rtconf_cmd.bin"))).toEqual([
        {
          heard: "command",
          code: 0x54,
          argument: configurationText([
            ["00", 2],
            ["06", 3],
          ]),
        },
      ]);
    });

    it("answers a command with a wrong sum with the document's negative answer", () => {
      const wrong = command(0x24).with(3, 0x30);
      expect(hex(Buffer.concat(replyTo(wrong).map(({ bytes }) => bytes)))).toBe(hex(read("spec_nak.bin")));
    });

    it("sends the document's records for the document's samples", () => {
      const none = [undefined, undefined];
      const both = (first: number, second: number) => [
        { stream: 0, raw: first },
        { stream: 1, raw: second },
      ];
      expect(hex(recordBytes(both(81, 205), { groups: none }))).toBe(hex(read("spec_rt_rec_t0.bin")));
      expect(hex(recordBytes([{ stream: 0, raw: 84 }], { groups: none }))).toBe(hex(read("spec_rt_rec_t2.bin")));
      expect(hex(recordBytes([{ stream: 1, raw: 206 }], { groups: none }))).toBe(hex(read("spec_rt_rec_t3.bin")));
      expect(hex(recordBytes(both(80, 202), { phase: "inspiration", groups: none }))).toBe(hex(read("spec_rt_rec_insp.bin")));
    });

    it("sends streams with the document's multipliers when the document's do", () => {
      const says = ["spec_rtconf_cmd", "spec_rt_enable_1_2"].map((name, index) => ({ at: index * 500, bytes: read(`${name}.bin`) }));
      const { units } = talk(draegerMedibusEmulator, 1, { time: 1500, says, from: document });
      const records = units.map(({ waves }) => Object.keys(waves).sort().join(" "));
      const [both, first, second] = ["medibus.w00 medibus.w06", "medibus.w00", "medibus.w06"];
      expect(records.slice(0, 8)).toEqual([both, first, second, first, both, first, second, first]);
    });
  });
});

describe("the session of an emulated MEDIBUS device:", () => {
  const silent = { time: 20_000 };

  it("it calls every three seconds until somebody answers", () => {
    const { commands } = talk(draegerMedibusEmulator, 4, silent).said;
    const times = commands.map(({ at }) => at);
    expect(commands.every(({ code }) => code === 0x51) && times.length >= 6).toBe(true);
    expect(times.slice(1).every((at, index) => Math.abs(at - times[index]! - 3000) <= 10)).toBe(true);
  });

  it("it drops a host that is silent for three seconds, and calls again", () => {
    const { said, state } = talk(draegerMedibusEmulator, 4, { time: 9000, id: HOST_ID, from: draegerMedibusEmulator.start(4) });
    expect([said.commands[0]?.code, said.commands[1]?.code, state.session.phase]).toEqual([0x51, 0x52, "open"]);
    const later = draegerMedibusEmulator.step(state, new Uint8Array(), Milliseconds(13_500));
    expect(later.state.session.phase).toBe("calling");
  });

  it("it stays with a host that answers its NOP", () => {
    const { said, state } = talk(savinaEmulator, 2, { time: 30_000, id: HOST_ID });
    expect(state.session.phase).toBe("open");
    expect(said.commands.filter(({ code }) => code === 0x30).length).toBeGreaterThan(8);
    expect(said.commands.filter(({ code }) => code === 0x51)).toHaveLength(1);
  });

  it("an Evita refuses a host without an id, a Savina does not", () => {
    expect(talk(draegerMedibusEmulator, 3, { ...usual, time: 20_000, id: "" }).units).toEqual([]);
    expect(talk(savinaEmulator, 3, { ...usual, time: 20_000, id: "" }).units.length).toBeGreaterThan(10);
  });

  it("it passes over 52 and 4A for 200 ms after the host's id", () => {
    const ask = (at: number) => ({ at, bytes: command(0x52) });
    const says = [{ at: 0, bytes: command(0x51) }, { at: 400, bytes: answer(0x52, HOST_ID) }, ask(410), ask(700)];
    const answers = talk(draegerMedibusEmulator, 1, { time: 2000, says }).said.answers.filter(({ code }) => code === 0x52);
    expect(answers.map(({ content }) => content)).toEqual(["8240'Evita 4'04.12:04.03"]);
    expect(answers[0]!.at).toBeGreaterThanOrEqual(700);
  });

  it("it answers what it does not know with an empty echo, and stops when told", () => {
    const says = [0x41, 0x6a, 0x30].map((code, index) => ({ at: 2000 + index * 400, bytes: command(code, code === 0x6a ? "3" : "") }));
    const start = recordedState({
      identity: { id: "8240", name: "E", software: "01.00", medibus: "04.00" },
      clock: 0,
      traces: [],
      pages: {},
    });
    const { said, state } = talk(draegerMedibusEmulator, 1, {
      time: 6000,
      says: [...says, { at: 4000, bytes: command(0x55) }],
      from: start,
    });
    expect(said.answers.map(({ code, content }) => [code, content])).toEqual([
      [0x41, ""],
      [0x6a, ""],
      [0x30, ""],
      [0x55, ""],
    ]);
    expect(state.session.phase).toBe("calling");
  });

  it("it asks four times what is not answered, ten seconds apart, and then calls again", () => {
    const says = Array.from({ length: 45 }, (_, second) => ({ at: second * 1000, bytes: command(second === 0 ? 0x51 : 0x30) }));
    const { commands } = talk(draegerMedibusEmulator, 1, { time: 44_000, says }).said;
    const times = commands.filter(({ code }) => code === 0x52).map(({ at }) => Math.round(at / 1000));
    expect(times).toEqual([0, 10, 20, 30]);
    expect(commands.filter(({ code }) => code === 0x51).map(({ at }) => Math.round(at / 1000))).toEqual([40, 43]);
  });

  it("it gives up a command that another frame follows, and what it is told to cancel", () => {
    const id = answer(0x52, HOST_ID);
    const says = [
      { at: 0, bytes: command(0x51) },
      { at: 600, bytes: Buffer.concat([command(0x24).subarray(0, 3), id]) },
    ];
    expect(talk(draegerMedibusEmulator, 1, { time: 1500, says }).state.session).toMatchObject({ host: "told" });
    const cancelled = [{ at: 0, bytes: Buffer.concat([command(0x51), Uint8Array.of(0x18)]) }];
    expect(talk(draegerMedibusEmulator, 1, { time: 1500, says: cancelled }).said.answers).toEqual([]);
  });

  it("it repeats a command that is answered with NAK", () => {
    const says = [
      { at: 0, bytes: command(0x51) },
      { at: 600, bytes: answer(0x15) },
    ];
    const { commands } = talk(draegerMedibusEmulator, 1, { time: 1500, says }).said;
    expect(commands.filter(({ code }) => code === 0x52)).toHaveLength(2);
  });

  it("it answers a command that stands inside an answer to its own", () => {
    const id = answer(0x52, HOST_ID);
    for (let place = 1; place < id.length; place++) {
      const bytes = Buffer.concat([id.subarray(0, place), command(0x30), id.subarray(place)]);
      const { said, state } = talk(draegerMedibusEmulator, 1, {
        time: 1500,
        says: [
          { at: 0, bytes: command(0x51) },
          { at: 600, bytes },
        ],
      });
      expect(said.answers.map(({ code }) => code)).toEqual([0x51, 0x30]);
      expect(state.session).toMatchObject({ phase: "open", host: "told" });
    }
  });

  it("it holds its bytes back between DC1 and DC3, and no longer than three seconds", () => {
    const says = (at: number) => [
      { at: 0, bytes: Uint8Array.of(0x11, ...command(0x30)) },
      { at, bytes: Uint8Array.of(0x13) },
    ];
    const from = recordedState({
      identity: { id: "8240", name: "E", software: "01.00", medibus: "04.00" },
      clock: 0,
      traces: [],
      pages: {},
    });
    expect(talk(draegerMedibusEmulator, 1, { time: 4000, says: says(1000), from }).said.answers[0]?.at).toBe(1000);
    expect(talk(draegerMedibusEmulator, 1, { time: 4000, says: says(9000), from }).said.answers[0]?.at).toBe(3000);
  });
});
