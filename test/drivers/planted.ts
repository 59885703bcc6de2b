import assert from "node:assert/strict";

/** How a name may be written down: as text, and of one or two bytes a letter as hex, base64, or the numbers of its bytes. */
function spellingsOf(name: string): readonly string[] {
  const wide = [...name].flatMap((letter) => [0, letter.charCodeAt(0)]);
  const all = [Buffer.from(name, "latin1"), Buffer.from(wide)];
  return all.flatMap((bytes) => {
    // Of base64 only what does not depend on the bytes around it.
    const inner = [0, 1, 2].map((skip) => bytes.subarray(skip, bytes.length - ((bytes.length - skip) % 3)).toString("base64"));
    return [bytes.toString("latin1"), bytes.toString("hex"), [...bytes].join(","), ...inner].map((text) => text.toLowerCase());
  });
}

/** A name, and each long part of it: a trace may be cut. */
const partsOf = (name: string): readonly string[] => [name, ...name.split(/[^A-Za-z0-9]+/).filter((part) => part.length >= PART_LETTERS)];
const PART_LETTERS = 5;

/** Whether bytes hold one of the names, as text of one or two bytes a letter. */
export function holdsPlanted(bytes: Uint8Array, names: readonly string[]): boolean {
  const text = Buffer.from(bytes).toString("latin1").replaceAll("\0", "");
  return names.some((name) => text.includes(name));
}

/** Fails where any trace of the names is left in what is told, kept, sent or logged. */
export function expectNoTrace(what: string, told: unknown, names: readonly string[]): void {
  const written = (typeof told === "string" ? told : JSON.stringify(told, textOf)).toLowerCase().replaceAll(NULS, "");
  const trace = names.flatMap(partsOf).find((part) => spellingsOf(part).some((spelling) => written.includes(spelling)));
  assert.equal(trace, undefined, `${what} holds a trace of ${trace}`);
}

/** The zero bytes of wide text, as they are or escaped, once or more often. */
const NULS = new RegExp(`${String.fromCharCode(0)}|\\\\+u0000`, "g");

function textOf(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value;
}
