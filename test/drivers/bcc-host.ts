import { expect } from "vitest";
import { Milliseconds } from "../../config/units.ts";
import type { BccState } from "../../drivers/bbraun-bcc/emulator.ts";
import type { Stuffing } from "../../drivers/bbraun-bcc/emulator-wire.ts";
import type { Emulator, Sent } from "../../drivers/kit/emulator.ts";

/** A host that asks an emulated rack, written apart from the emulator and the driver. */

export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

/** A block or a request, framed apart from the emulator. */
export function framed(bed: string, info: string, how: { readonly stuffed?: boolean } = {}): Uint8Array {
  const content = `\u0002${bed}/1/1>${info}\u0003`;
  const head = `\u0001${String(content.length + 12).padStart(5, "0")}${content}`;
  const sum = [...Buffer.from(head, "latin1")].reduce((total, byte) => total + byte, 0) % 256;
  const inner = `${head.slice(1)}${String(sum).padStart(5, "0")}`;
  const pairs = { d: "ex", e: "ee", D: "EX", E: "EE" } as Readonly<Record<string, string>>;
  const sent = how.stuffed === true ? inner.replace(/[deDE]/g, (letter) => pairs[letter]!) : inner;
  return Buffer.from(`\u0001${sent}\u0004`, "latin1");
}
export type Quadruple = readonly [time: string, address: string, parameter: string, value: string];
export type Block = { readonly bed: string; readonly quadruples: readonly Quadruple[]; readonly more: boolean };
/** Takes a block apart; length and sum are looked at. */
export function opened(bytes: Uint8Array, stuffing: Stuffing = "off"): Block {
  const inner = text(bytes.subarray(1, -1));
  const letters: Readonly<Record<string, string>> = { ex: "d", ee: "e", EX: "D", EE: "E" };
  const plain = stuffing === "on" ? inner.replace(/e[ex]|E[EX]/g, (pair) => letters[pair]!) : inner;
  expect([bytes[0], bytes.at(-1), plain.slice(0, 5)]).toEqual([1, 4, String(plain.length + 2).padStart(5, "0")]);
  const sum = [...Buffer.from(plain.slice(0, -5), "latin1")].reduce((total, byte) => total + byte, 1) % 256;
  expect(plain.slice(-5)).toBe(String(sum).padStart(5, "0"));
  const [bed = "", info = ""] = plain.slice(6, -6).split("/1/1>");
  const quadruples = info.split("\u001e").map((one) => Buffer.from(one, "latin1").toString("utf8").split(",") as unknown as Quadruple);
  return { bed, quadruples, more: plain.at(-6) === "\u0017" };
}

type Said = { readonly at: number; readonly sent: Sent };
/** Says these things at their times, and 06 to whatever comes where `acks` is "all". */
export type Script = {
  readonly time: number;
  readonly says: (at: number, bed: string) => Uint8Array | undefined;
  readonly acks?: "all" | "none";
};
export function talk(device: Emulator<BccState>, state: BccState, { time, says, acks = "all" }: Script) {
  const heard: Said[] = [];
  let now = state;
  for (let at = 0, ack = 0; at <= time; at += 10) {
    const said = says(at, now.bed);
    const answer = ack > 0 && at >= ack ? Uint8Array.of(0x06) : new Uint8Array();
    if (answer.length > 0) ack = 0;
    const turn = device.step(now, Buffer.concat([answer, said ?? new Uint8Array()]), Milliseconds(at));
    now = turn.state;
    if (turn.sends.length > 0 && acks === "all") ack = at + 100;
    heard.push(...turn.sends.map((sent) => ({ at, sent })));
  }
  return { heard, state: now };
}
export const every =
  (pause: number, request: string, how = {}): Script["says"] =>
  (at, bed) =>
    at % pause === 0 ? framed(bed, request, how) : undefined;
export const once =
  (request: string): Script["says"] =>
  (at, bed) =>
    at === 0 ? framed(bed, request) : undefined;
