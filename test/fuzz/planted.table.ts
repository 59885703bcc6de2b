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
  "kit-framer": { kind: "a mark that comes in two pieces is not found", file: "drivers/kit/framer.ts", find: "    searched = base + at;\n    return undefined;", replace: "    searched = base + to;\n    return undefined;" },
  "packet-check": { kind: "a packet that came in pieces stays in the way of the next", file: "agent/uplink/packet-check.ts", find: "    filled = 0;\n    return judge", replace: "    return judge" },
  "strict-json": { kind: "keys are compared as they are written", file: "config/envelope/strict-json.ts", find: "key = JSON.parse(written) as string;", replace: "key = written;" },
  envelope: { kind: "a time is looked at by its form alone", file: "config/envelope/envelope.ts", find: " && !Number.isNaN(Date.parse(value))", replace: "" },
  configuration: { kind: "an alias of nothing is thought to be impossible", file: "config/yaml.ts", find: "caught instanceof ReferenceError", replace: "caught instanceof RangeError" },
  "command-line": { kind: "the last option is thought to have a value", file: "agent/cli/words.ts", find: `value === undefined || value === "" ||`, replace: `value === "" ||` },
  "wire-codec": { kind: "bytes that are no message are thought to fail in one way", file: "proto/codec.ts", find: "    return plain(decoder.decode(bytes)) as Message;\n  } catch {", replace: "    return plain(decoder.decode(bytes)) as Message;\n  } catch (caught) {\n    if (!(caught instanceof RangeError)) throw caught;" },
  "spool-block": { kind: "the check is read without a look at how long it is", file: "agent/spool/block.ts", find: "end - start !== CHECK_LENGTH || ", replace: "" },
};
