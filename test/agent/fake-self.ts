import type { Self } from "../../agent/effects/node/process.ts";

/** The process of a verb, in the test's hands: what it wrote is read back. */
export function fakeSelf(): Self & { readonly said: () => string } {
  let out = "";
  return {
    words: [],
    dangerous: [],
    arch: "x64",
    versions: { node: "0", openssl: "0" },
    terminal: false,
    out: (text) => {
      out += text;
      return true;
    },
    err: () => true,
    exitWith: () => undefined,
    exit: () => {
      throw new RangeError("the verb ended the process");
    },
    stopSignal: () => new AbortController().signal,
    said: () => out,
  };
}
