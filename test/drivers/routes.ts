import { membersOf, NESTED, REST } from "../../drivers/kit/demux.ts";
import type { Framing } from "../../drivers/kit/driver.ts";

/** The bytes of each channel: the same rule as the demultiplexer's, written as text that is searched and not byte by byte. */
export function routed(framing: Framing, bytes: Uint8Array): ReadonlyMap<string | undefined, Uint8Array> {
  if (!("demux" in framing)) return new Map([[undefined, bytes]]);
  const { byteClass, nested } = framing.demux;
  const ways = new Map<string | undefined, Uint8Array>();
  let left = bytes;
  for (const [name, { bytes: set }] of Object.entries(byteClass)) {
    const members = membersOf(set);
    ways.set(
      name,
      left.filter((byte) => members[byte] === 1),
    );
    left = left.filter((byte) => members[byte] === 0);
  }
  const text = Buffer.from(left).toString("latin1");
  if (nested === undefined) return ways.set(REST, left);
  const { start, end, lengthMax } = nested.frame.delimited;
  const never = [...membersOf(nested.never).entries()].flatMap(([byte, member]) => (member === 1 ? [hex(byte)] : []));
  const inside = `[^${[start, end].map((mark) => hex(mark.charCodeAt(0))).join("")}${never.join("")}]`;
  const opened = `${hex(start.charCodeAt(0))}(?:${inside}{0,${lengthMax - 2}}${hex(end.charCodeAt(0))}|${inside}{0,${lengthMax - 1}})`;
  ways.set(NESTED, Buffer.from([...text.matchAll(new RegExp(opened, "g"))].map(([part]) => part).join(""), "latin1"));
  return ways.set(REST, Buffer.from(text.replaceAll(new RegExp(opened, "g"), ""), "latin1"));
}
const hex = (byte: number): string => `\\x${byte.toString(16).padStart(2, "0")}`;
