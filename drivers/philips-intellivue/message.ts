import { type Attribute, Cursor, readAttribute, readList } from "./cursor.ts";

/** One message, the same on the serial line and in a datagram: nothing here knows how it came. */
export type Message =
  | { readonly is: "accepted"; readonly bytes: number; readonly granted: Granted | undefined }
  /** Refused, released, aborted, or the monitor asks for a release: the association is over. */
  | { readonly is: "ended"; readonly how: "refused" | "released" | "aborted" }
  /** The monitor tells of itself on a LAN, before any association. */
  | { readonly is: "connect"; readonly attributes: readonly Attribute[] }
  | { readonly is: "event"; readonly invoke: number; readonly event: EventReport }
  | {
      readonly is: "result";
      readonly invoke: number;
      readonly link: Link | undefined;
      readonly command: number;
      readonly argument: Uint8Array;
    }
  | { readonly is: "error"; readonly invoke: number; readonly code: number };
/** Place of a linked result among those of one request (IV-13). */
export type Link = { readonly state: number; readonly count: number };
export type EventReport = {
  readonly confirmed: boolean;
  readonly object: ObjectId;
  /** Ticks of 1/8000 s (IV-14). */
  readonly time: number;
  readonly type: number;
  readonly argument: Uint8Array;
};
export type ObjectId = { readonly kind: number; readonly context: number; readonly handle: number };
/** What the monitor grants of what was asked (IV-16). */
export type Granted = { readonly pollTicks: number; readonly options: number };

const FIRST = { connect: 0x00, release: 0x09, released: 0x0a, refused: 0x0c, accepted: 0x0e, aborted: 0x19, data: 0xe1 } as const;
const OPERATION = { invoke: 1, result: 2, error: 3, linked: 5 } as const;
export const COMMAND = { event: 0, confirmedEvent: 1, get: 3, confirmedSet: 5, action: 7 } as const;
export const EVENT = { create: 0x0d06, connect: 0x0d17 } as const;
const PRESENTATION = 0x0002;
const CONNECT_NOMENCLATURE = 0x0000_0100;

/** Undefined: it is none of these, or a length in it does not fit. */
export function readMessage(bytes: Uint8Array): Message | undefined {
  switch (bytes[0]) {
    case FIRST.accepted:
      return { is: "accepted", bytes: bytes.length, granted: findGranted(bytes) };
    case FIRST.refused:
      return { is: "ended", how: "refused" };
    case FIRST.release:
    case FIRST.released:
      return { is: "ended", how: "released" };
    case FIRST.aborted:
      return { is: "ended", how: "aborted" };
    case FIRST.connect:
      return readConnect(bytes);
    case FIRST.data:
      return readData(bytes);
    default:
      return undefined;
  }
}

export function readObjectId(cursor: Cursor): ObjectId {
  return { kind: cursor.u16(), context: cursor.u16(), handle: cursor.u16() };
}

// ── Data messages ───────────────────────────────────────────────────────────────────────────────────────────────────

function readData(bytes: Uint8Array): Message | undefined {
  const cursor = new Cursor(bytes);
  cursor.u16();
  if (cursor.u16() !== PRESENTATION) return undefined;
  const operation = cursor.u16();
  const body = new Cursor(cursor.take(cursor.u16()));
  if (!cursor.complete) return undefined;
  const read = readOperation(operation, body);
  return body.complete ? read : undefined;
}

function readOperation(operation: number, body: Cursor): Message | undefined {
  switch (operation) {
    case OPERATION.invoke: {
      const { invoke, command, argument } = readCommand(body);
      if (command !== COMMAND.event && command !== COMMAND.confirmedEvent) return undefined;
      const event = readEvent(argument, command === COMMAND.confirmedEvent);
      return event === undefined ? undefined : { is: "event", invoke, event };
    }
    case OPERATION.result:
      return { is: "result", link: undefined, ...readCommand(body) };
    case OPERATION.linked: {
      const link = { state: body.u8(), count: body.u8() };
      return { is: "result", link, ...readCommand(body) };
    }
    case OPERATION.error: {
      const [invoke, code] = [body.u16(), body.u16()];
      body.take(body.u16());
      return { is: "error", invoke, code };
    }
    default:
      return undefined;
  }
}

function readCommand(cursor: Cursor): { readonly invoke: number; readonly command: number; readonly argument: Uint8Array } {
  return { invoke: cursor.u16(), command: cursor.u16(), argument: cursor.take(cursor.u16()) };
}

function readEvent(argument: Uint8Array, confirmed: boolean): EventReport | undefined {
  const cursor = new Cursor(argument);
  const report = { confirmed, object: readObjectId(cursor), time: cursor.u32(), type: cursor.u16(), argument: cursor.take(cursor.u16()) };
  return cursor.complete ? report : undefined;
}

function readConnect(bytes: Uint8Array): Message | undefined {
  const cursor = new Cursor(bytes);
  if (cursor.u32() !== CONNECT_NOMENCLATURE || cursor.u16() !== OPERATION.invoke) return undefined;
  const body = new Cursor(cursor.take(cursor.u16()));
  const { command, argument } = readCommand(body);
  if (!cursor.complete || !body.complete || command !== COMMAND.event) return undefined;
  const event = readEvent(argument, false);
  if (event?.type !== EVENT.connect) return undefined;
  const inner = new Cursor(event.argument);
  const attributes = readList(inner, readAttribute);
  return attributes === undefined || !inner.complete ? undefined : { is: "connect", attributes };
}

// ── What was granted ────────────────────────────────────────────────────────────────────────────────────────────────

const USER_DATA = Uint8Array.of(0x80, 0, 0, 0, 0x40, 0, 0, 0);
const ATTRIBUTE = { polling: 0x0001, extensions: 0xf001 } as const;
const USER_WORDS = 5;

/**
 * IV-16. No answer of a monitor was seen in bytes, so that nothing is assumed of what stands around the user data: it begins with the
 * protocol version and the nomenclature, and is taken only where all lengths within fit. Undefined: it cannot be read.
 */
function findGranted(bytes: Uint8Array): Granted | undefined {
  for (let at = 0; at + USER_DATA.length <= bytes.length; at++) {
    if (!USER_DATA.every((byte, i) => bytes[at + i] === byte)) continue;
    const granted = readUserData(new Cursor(bytes.subarray(at)));
    if (granted !== undefined) return granted;
  }
  return undefined;
}

function readUserData(cursor: Cursor): Granted | undefined {
  for (let word = 0; word < USER_WORDS; word++) cursor.u32();
  if (readList(cursor, readAttribute) === undefined) return undefined;
  const polling = readList(cursor, readAttribute)?.find(({ id }) => id === ATTRIBUTE.polling);
  if (polling === undefined) return undefined;
  const profile = new Cursor(polling.value);
  profile.u32();
  const pollTicks = profile.u32();
  for (let word = 0; word < 4; word++) profile.u32();
  const packages = readList(profile, readAttribute);
  if (packages === undefined || !profile.complete) return undefined;
  const extensions = packages.find(({ id }) => id === ATTRIBUTE.extensions);
  return { pollTicks, options: extensions === undefined ? 0 : new Cursor(extensions.value).u32() };
}
