import { describe, expect, test } from "vitest";
import { decimal } from "../../drivers/kit/decimal.ts";
import { createFramer } from "../../drivers/kit/framer.ts";
import type { Reading } from "../../drivers/kit/reading.ts";
import { puritanBennett840Waves as waves } from "../../drivers/puritan-bennett-840-waves/driver.ts";

/** Lines as the port sends them, behind the end of one that was heard in part. */
function read(...lines: readonly string[]): readonly Reading[] {
  const readings: Reading[] = [];
  let { memory } = waves;
  let gap = 0;
  for (const output of createFramer(waves.frame).push(Buffer.from(`.40\n${lines.join("\n")}\n`, "latin1"))) {
    if ("discard" in output) gap += output.discard;
    else {
      const decoded = waves.decode(output.frame, memory, gap);
      readings.push(...decoded.readings);
      ({ memory } = decoded);
      gap = 0;
    }
  }
  return readings;
}
/** "number of the sample: flow pressure" */
const samples = (readings: readonly Reading[]): readonly string[] => {
  const of = (refid: string) => readings.flatMap((one) => (one.told === "wave" && one.metric.refid === refid ? [one] : []));
  const pressures = of("MDC_PRESS_AWAY");
  return of("MDC_FLOW_AWAY").map(({ first, samples: [flow] }, i) => {
    expect(pressures[i]?.first).toBe(first);
    return `${first}: ${flow} ${pressures[i]?.samples[0]}`;
  });
};
const words = (readings: readonly Reading[]): readonly unknown[] =>
  readings.filter((one) => one.told === "text" || one.told === "number").map(({ value }) => value);

describe("the waveform port", () => {
  test("tells each line of two numbers as a sample of flow and pressure in hundredths, also before the first BS (PB-6, PB-20)", () => {
    const readings = read("6.14, 8.40", "-0.35, -12.07", "BS, S:14919,", "100.00, 0.00");
    expect(samples(readings)).toEqual(["0: 614 840", "1: -35 -1207", "2: 10000 0"]);
    const [flow, pressure] = readings;
    const scale = [
      { raw: 0, physical: decimal(0) },
      { raw: 100, physical: decimal(1) },
    ];
    expect(flow).toMatchObject({ metric: { unit: "MDC_DIM_X_L_PER_MIN", rate: [50, 1], scale } });
    expect(pressure).toMatchObject({ metric: { unit: "MDC_DIM_CM_H2O", rate: [50, 1], scale } });
  });

  test("tells where a breath begins, with its number, and where it ends, between the samples (PB-22)", () => {
    const readings = read("1.00, 5.00", "BE", "BS, S:0,", "2.00, 5.00", "BS, S:65535,", "3.00, 5.00");
    expect(words(readings)).toEqual(["BE", "BS", decimal(0), "BS", decimal(65_535)]);
    expect(samples(readings)).toEqual(["0: 100 500", "1: 200 500", "2: 300 500"]);
  });

  test("leaves a hole of one where a line does not parse, whatever is missing (PB-6, PB-23)", () => {
    const readings = read("1.00, 5.00", "1\xffBS, S:7,", "2.00, 5.00", "2.0, 5.00", "garbage", "3.00, 5.00");
    expect(samples(readings)).toEqual(["0: 100 500", "2: 200 500", "4: 300 500"]);
    expect(words(readings)).toEqual([]);
  });

  test("carries -0.00 as zero", () => {
    expect(samples(read("-0.00, 5.00"))).toEqual(["0: 0 500"]);
    expect(read("-0.00, -0.00").every((one) => one.told === "wave" && Object.is(one.samples[0], 0))).toBe(true);
  });

  test("takes CR LF as well as LF", () => {
    expect(samples(read("6.14, 8.40\r", "6.15, 8.41\r"))).toEqual(["0: 614 840", "1: 615 841"]);
  });

  test.each([
    ["one decimal", "6.1, 8.40"],
    ["three", "6.140, 8.400"],
    ["none", "6, 8"],
    ["no blank", "6.14,8.40"],
    ["two blanks", "6.14,  8.40"],
    ["a zero in front", "06.14, 8.40"],
    ["a plus", "+6.14, 8.40"],
    ["more than three digits", "1000.00, 8.40"],
    ["a third number", "6.14, 8.40, 1.00"],
    ["a number that is missing", ", 9.11"],
    ["a word", "6.14, nan"],
    ["BS without its number", "BS, S:,"],
    ["BS without its comma", "BS, S:14919"],
    ["BS of six digits", "BS, S:149190,"],
    ["something behind BE", "BE,"],
    ["the eighth bit", "6.14, 8\xae40"],
  ])("takes no line with %s (PB-20)", (_, line) => {
    expect(read(line)).toEqual([]);
  });
});
