import { type Attribute, Cursor, readAttribute, readList } from "./cursor.ts";
import { readObjectId } from "./message.ts";

/** Answer to a poll, single or extended, or a part of one (IV-17). */
export type PollResult = {
  /** Counts the answers to one extended poll; undefined for a single poll. */
  readonly sequence: number | undefined;
  /** Ticks of 1/8000 s. */
  readonly time: number;
  /** Eight digits pairs, or all FF. */
  readonly clock: Uint8Array;
  /** Class that was polled: `CLASS`. */
  readonly polled: number;
  readonly objects: readonly PolledObject[];
};
export type PolledObject = { readonly context: number; readonly handle: number; readonly attributes: readonly Attribute[] };

export const ACTION = { single: 0x0c16, extended: 0xf13b } as const;
export const CLASS = { numeric: 0x0006, wave: 0x0009, monitor: 0x0021, patient: 0x002a, alerts: 0x0036 } as const;
const CLOCK_BYTES = 8;

/** The argument of an action's result. Undefined: it is of another action, or a length in it does not fit. */
export function readPollResult(argument: Uint8Array): PollResult | undefined {
  const cursor = new Cursor(argument);
  readObjectId(cursor);
  const action = cursor.u16();
  const inner = new Cursor(cursor.take(cursor.u16()));
  if (!cursor.complete || (action !== ACTION.single && action !== ACTION.extended)) return undefined;
  inner.u16();
  const sequence = action === ACTION.extended ? inner.u16() : undefined;
  const [time, clock] = [inner.u32(), inner.take(CLOCK_BYTES)];
  inner.u16();
  const polled = inner.u16();
  inner.u16();
  const contexts = readList(inner, readContext);
  return contexts === undefined || !inner.complete ? undefined : { sequence, time, clock, polled, objects: contexts.flat() };
}

function readContext(cursor: Cursor): readonly PolledObject[] | undefined {
  const context = cursor.u16();
  return readList(cursor, (inner) => {
    const handle = inner.u16();
    const attributes = readList(inner, readAttribute);
    return attributes === undefined ? undefined : { context, handle, attributes };
  });
}
