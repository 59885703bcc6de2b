import { Cursor, hex, joined, list, type Piece, sized, u8, u16, u32 } from "./emulator-bytes.ts";

/** Data messages: E1 00 00 02 | kind u16 | length u16 | invoke id u16, command u16, length u16, argument. */

const HEAD = hex("E1000002");
const RO = { invoke: 1, result: 2, error: 3, linked: 5 } as const;
export const COMMAND = { eventReport: 1, get: 3, set: 4, confirmedSet: 5, action: 7 } as const;
export const ACTION = { single: 0x0c16, extended: 0xf13b } as const;
export const CLASS = { enumeration: 5, numeric: 6, wave: 9, mds: 0x21, demographics: 0x2a, alerts: 0x36 } as const;
/** MDS, context 0, handle 0. */
const MDS = hex("0021 0000 0000");
const CREATED = 0x0d06;
const POLL_PERIOD = 0xf13e;

export type Attribute = { readonly id: number; readonly value: Piece };
export const attribute = (id: number, value: Piece): Attribute => ({ id, value });
export const attributeList = (attributes: readonly Attribute[]): Piece =>
  list(attributes.map(({ id, value }) => joined([u16(id), u16(value.length), value])));

const operation = (kind: number, body: Piece): Piece => joined([HEAD, u16(kind), sized(body)]);
const command = (invoke: number, name: number, argument: Piece): Piece => joined([u16(invoke), u16(name), sized(argument)]);

/** Event report to be confirmed: the monitor says who it is. `time` in ticks. */
export const createdMessage = (invoke: number, time: number, attributes: readonly Attribute[]): Piece =>
  operation(
    RO.invoke,
    command(invoke, COMMAND.eventReport, [...MDS, ...u32(time), ...u16(CREATED), ...sized([...MDS, ...attributeList(attributes)])]),
  );
export const errorMessage = (invoke: number, error: number): Piece => operation(RO.error, [...u16(invoke), ...u16(error), ...u16(0)]);
/** Answer to a GET or SET of the MDS. */
export const attributesMessage = (invoke: number, name: number, attributes: readonly Attribute[]): Piece =>
  operation(RO.result, command(invoke, name, [...MDS, ...attributeList(attributes)]));

export type Polled = { readonly handle: number; readonly attributes: readonly Attribute[] };
export type Context = { readonly context: number; readonly objects: readonly Polled[] };
export type PollHead = {
  readonly invoke: number;
  readonly action: number;
  readonly number: number;
  /** Only in the result of an extended poll. */
  readonly sequence?: number;
  readonly time: number;
  readonly absolute: Piece;
  readonly class: number;
  readonly group: number;
};
/** Absent: the only or last answer. Linked: state 1 first, 2 middle, 3 last, and a count from 1. */
export type Link = { readonly state: number; readonly count: number };

export function pollMessage(head: PollHead, contexts: readonly Context[], link?: Link): Piece {
  const sequence = head.sequence === undefined ? [] : u16(head.sequence);
  const type = [...u16(1), ...u16(head.class), ...u16(head.group)];
  const result = joined([u16(head.number), sequence, u32(head.time), head.absolute, type, contextList(contexts)]);
  const body = command(head.invoke, COMMAND.action, joined([MDS, u16(head.action), sized(result)]));
  return link === undefined ? operation(RO.result, body) : operation(RO.linked, joined([u8(link.state), u8(link.count), body]));
}
const contextList = (contexts: readonly Context[]): Piece =>
  list(contexts.map(({ context, objects }) => joined([u16(context), objectList(objects)])));
const objectList = (objects: readonly Polled[]): Piece =>
  list(objects.map(({ handle, attributes }) => joined([u16(handle), attributeList(attributes)])));

// ── What a client asks ──────────────────────────────────────────────────────────────────────────────────────────────

export type PollRequest = {
  readonly ask: "poll";
  readonly invoke: number;
  readonly action: number;
  readonly number: number;
  readonly class: number;
  readonly group: number;
  /** Ticks for which an extended poll goes on; 0: one answer. */
  readonly period: number;
};
export type Request =
  | PollRequest
  | { readonly ask: "confirm"; readonly invoke: number }
  | { readonly ask: "get"; readonly invoke: number; readonly attributes: readonly number[] }
  | {
      readonly ask: "set";
      readonly invoke: number;
      readonly command: number;
      readonly attribute: number;
      readonly labels: readonly number[];
    }
  /** Something that this interface must never be sent. */
  | { readonly ask: "other"; readonly invoke: number };

/** Undefined where any nested length is wrong. */
export function requestOf(message: Uint8Array): Request | undefined {
  const cursor = new Cursor(message);
  const head = cursor.take(HEAD.length);
  if (head === undefined || !HEAD.every((byte, index) => head[index] === byte)) return undefined;
  const kind = cursor.number(2);
  if (cursor.number(2) !== cursor.left) return undefined;
  const [invoke, name] = [cursor.number(2), cursor.number(2)];
  if (cursor.number(2) !== cursor.left) return undefined;
  const object = cursor.take(MDS.length);
  if (object === undefined || !MDS.every((byte, index) => object[index] === byte)) return undefined;
  const request = kind === RO.result ? confirmOf(cursor, invoke, name) : invokedOf(cursor, kind, invoke, name);
  return cursor.left === 0 ? request : undefined;
}

function confirmOf(cursor: Cursor, invoke: number, name: number): Request | undefined {
  const [, event, length] = [cursor.number(4), cursor.number(2), cursor.number(2)];
  return name === COMMAND.eventReport && event === CREATED && length === 0 ? { ask: "confirm", invoke } : undefined;
}

function invokedOf(cursor: Cursor, kind: number, invoke: number, name: number): Request | undefined {
  if (kind !== RO.invoke || cursor.number(4) !== 0) return undefined;
  switch (name) {
    case COMMAND.action:
      return pollOf(cursor, invoke);
    case COMMAND.get: {
      const count = cursor.number(2);
      if (cursor.number(2) !== cursor.left || cursor.left !== 2 * count) return undefined;
      return { ask: "get", invoke, attributes: Array.from({ length: count }, () => cursor.number(2)) };
    }
    case COMMAND.set:
    case COMMAND.confirmedSet:
      return setOf(cursor, invoke, name);
  }
  cursor.take(cursor.left);
  return { ask: "other", invoke };
}

function pollOf(cursor: Cursor, invoke: number): Request | undefined {
  const action = cursor.number(2);
  if (cursor.number(2) !== cursor.left) return undefined;
  if (action !== ACTION.single && action !== ACTION.extended) {
    cursor.take(cursor.left);
    return { ask: "other", invoke };
  }
  const [number, partition] = [cursor.number(2), cursor.number(2)];
  const poll = { ask: "poll", invoke, action, number, class: cursor.number(2), group: cursor.number(2) } as const;
  if (partition !== 1) return undefined;
  if (action === ACTION.single) return { ...poll, period: 0 };
  const count = cursor.number(2);
  if (cursor.number(2) !== cursor.left) return undefined;
  let period = 0;
  for (let entry = 0; entry < count && cursor.left > 0; entry++) {
    const [id, length] = [cursor.number(2), cursor.number(2)];
    if (id === POLL_PERIOD && length === 4) period = cursor.number(4);
    else cursor.take(length);
  }
  return { ...poll, period };
}

/** One attribute, modify operator 0, a list of labels. */
function setOf(cursor: Cursor, invoke: number, name: number): Request | undefined {
  const count = cursor.number(2);
  if (cursor.number(2) !== cursor.left) return undefined;
  const [operator, id, length] = [cursor.number(2), cursor.number(2), cursor.number(2)];
  const labels = cursor.number(2);
  if (length !== cursor.left + 2 || cursor.number(2) !== cursor.left || cursor.left !== 4 * labels) return undefined;
  if (count !== 1 || operator !== 0) return undefined;
  return { ask: "set", invoke, command: name, attribute: id, labels: Array.from({ length: labels }, () => cursor.number(4)) };
}
