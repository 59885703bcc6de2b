import type { Planted } from "./target.ts";

/** One bug for each parser, of the kind that is written every day. A fuzzer that does not find it proves nothing about the rest. */
export const PLANTED: Readonly<Record<string, Planted>> = {
  "ge-dri": { kind: "a subrecord may begin behind the record's end", file: "drivers/ge-dri/frame.ts", find: " || cut.some(({ from, to }) => from >= to)", replace: "" },
  "draeger-medibus": { kind: "a code is taken for a number unseen", file: "drivers/draeger-medibus/answers.ts", find: "  if (!entries.every((entry) => CODE.test(entry.slice(codeAt, codeAt + 2)))) return undefined;\n", replace: "" },
  "bbraun-bcc": { kind: "a unit that no table has makes a metric of its own", file: "drivers/bbraun-bcc/parameter.ts", find: " : code}`) ?? metric;", replace: " : code}`) ?? { ...metric };" },
  nonin: { kind: "the sum is compared in seven bits", file: "drivers/nonin/driver.ts", find: "sum8(frame.subarray(0, 4)) === frame[4]", replace: "((sum8(frame.subarray(0, 4)) ^ frame[4]!) & 0x7f) === 0" },
  "nonin-7": { kind: "the sum is compared in seven bits", file: "drivers/nonin-7/driver.ts", find: "sum8(frame.subarray(0, 4)) === frame[4]", replace: "((sum8(frame.subarray(0, 4)) ^ frame[4]!) & 0x7f) === 0" },
  "nonin-8": { kind: "a doubted number gets a metric of its own", file: "drivers/nonin-8/driver.ts", find: "? doubted(saturation)", replace: "? doubted({ ...saturation, metric: { ...SPO2 } } as Reading)" },
  "nonin-13": { kind: "the sum is compared in seven bits", file: "drivers/nonin-13/driver.ts", find: "frame.at(-2) === sum8(data)", replace: "((frame.at(-2)! ^ sum8(data)) & 0x7f) === 0" },
  "puritan-bennett-840-waves": { kind: "a number may have any number of digits", file: "drivers/puritan-bennett-840-waves/driver.ts", find: "const SAMPLE = /^(-?)(0|[1-9]\\d{0,2})", replace: "const SAMPLE = /^(-?)(\\d+)" },
  "masimo-ascii": { kind: "a sign goes with the percent", file: "drivers/masimo-ascii/driver.ts", find: `decimalFromText(text.replace(/%$/, ""))`, replace: `decimalFromText(text.replace(/%$|^-/g, ""))` },
  "philips-intellivue": { kind: "a count asks for more work than there are bytes", file: "drivers/philips-intellivue/cursor.ts", find: "i < count && inner.intact", replace: "i < count" },
  "puritan-bennett-840": { kind: "a field that was not printed is read", file: "drivers/puritan-bennett-840/driver.ts", find: "if (text !== undefined && field.form", replace: "if (field.form" },
};
