import { philipsIntellivue } from "../../drivers/philips-intellivue/driver.ts";
import { framed } from "../../drivers/philips-intellivue/serial-frame.ts";

/** Bytes of a monitor, written from its paper for the tests of its driver; no length in them is counted by the driver. */
export type Bytes = readonly number[];
export const u8 = (value: number): Bytes => [value & 0xff];
export const u16 = (value: number): Bytes => [(value >>> 8) & 0xff, value & 0xff];
export const u32 = (value: number): Bytes => [...u16(value >>> 16), ...u16(value)];
export const hex = (text: string): Bytes => [...Buffer.from(text.replaceAll(" ", ""), "hex")];
export const sized = (...parts: readonly Bytes[]): Bytes => [...u16(parts.flat().length), ...parts.flat()];
/** Count, length, entries. */
export const list = (...entries: readonly Bytes[]): Bytes => [...u16(entries.length), ...sized(...entries)];
export const attribute = (id: number, ...value: readonly Bytes[]): Bytes => [...u16(id), ...sized(...value)];

export const MONITOR = hex("0021 0000 0000");
const NO_CLOCK = hex("FFFFFFFF FFFFFFFF");

export const data = (operation: number, ...body: readonly Bytes[]): Bytes => [...hex("E100 0002"), ...u16(operation), ...sized(...body)];
export const command = (invoke: number, code: number, ...argument: readonly Bytes[]): Bytes => [
  ...u16(invoke),
  ...u16(code),
  ...sized(...argument),
];

export type Object_ = { readonly context?: number; readonly handle: number; readonly attributes: readonly Bytes[] };
export type Result = {
  readonly polled: number;
  readonly objects: readonly Object_[];
  readonly invoke?: number;
  readonly sequence?: number;
  readonly time?: number;
  readonly clock?: Bytes;
  /** Linked: state and count. */
  readonly link?: readonly [state: number, count: number];
};
/** An answer to an extended poll; every object stands in a context of its own entry. */
export function result({ polled, objects, invoke = 7, sequence = 0, time = 1000, clock = NO_CLOCK, link }: Result): Bytes {
  const contexts = objects.map(({ context = 0, handle, attributes }) => [
    ...u16(context),
    ...list([...u16(handle), ...list(...attributes)]),
  ]);
  const polledFor = [u16(0), u16(sequence), u32(time), clock, u16(1), u16(polled), u16(0), list(...contexts)];
  const body = command(invoke, 7, MONITOR, u16(0xf13b), sized(...polledFor));
  return link === undefined ? data(2, body) : data(5, u8(link[0]), u8(link[1]), body);
}

export const value = (physio: number, word: number, { state = 0, unit = 0x0220 } = {}): Bytes => [
  ...u16(physio),
  ...u16(state),
  ...u16(unit),
  ...u32(word),
];
export const numericOf = (handle: number, physio: number, word: number, more: { state?: number; unit?: number } = {}): Object_ => ({
  handle,
  attributes: [attribute(0x0950, value(physio, word, more))],
});

/** What the monitor grants. No answer was ever seen; the bytes before the user data are those for which a public codec looks. */
export function accepted({ pollTicks = 320_000, options = 0x8800_0000 } = {}): Bytes {
  const extensions = list(attribute(0xf001, u32(options), list()));
  const profile = attribute(1, hex("80000000"), u32(pollTicks), u32(1456), u32(1456), u32(0xffff_ffff), hex("60000000"), extensions);
  const userData = [hex("80000000 40000000 00000000 00800000 80000000"), list(), list(profile)].flat();
  const body = [...hex("0508 C100 BE80 2880 0201 0281"), userData.length, ...userData, ...new Array<number>(16).fill(0)];
  return [0x0e, body.length, ...body];
}
export const created = (invoke = 1): Bytes =>
  data(
    1,
    command(
      invoke,
      1,
      MONITOR,
      u32(5000),
      u16(0x0d06),
      sized(
        MONITOR,
        list(attribute(0x0984, sized(hex("0009FB70D80B"))), attribute(0x0928, sized(hex("5068696C69707300")), sized(hex("4D3830303000")))),
      ),
    ),
  );
export const releaseAnswer = hex("0A18C116618030800201 01A08063808001 000000000000000000".replaceAll(" ", ""));
export const refusal = hex("0C 00");
export const abort = hex("19 00");
export const errorOf = (invoke: number): Bytes => data(3, u16(invoke), u16(1), sized());

export const frame = (message: Bytes): Uint8Array => framed(Uint8Array.from(message));

/** Decodes messages one behind the other, each in a frame of its own. */
export function decodeAll(messages: readonly Bytes[], { memory = philipsIntellivue.memory, gaps = [] as readonly number[] } = {}) {
  let known = memory;
  const readings = messages.map((message, i) => {
    const decoded = philipsIntellivue.decode(frame(message), known, gaps[i] ?? 0);
    known = decoded.memory;
    return decoded.readings;
  });
  return { readings, memory: known, last: readings.at(-1) ?? [] };
}
