import { Cursor, hex, list, type Piece, u16, u32 } from "./emulator-bytes.ts";

/**
 * Beginning and end of an association. The paper gives the fixed block of the request; that of the answer is from its source S2
 * (mdpnp, devices/philips): constants of the ACSE encoding, no recorded bytes.
 */

export const KIND = { request: 0x0d, accept: 0x0e, refuse: 0x0c, release: 0x09, released: 0x0a, abort: 0x19 } as const;

const SESSION = hex("0508 1301 0016 0102 8000 1402 0002");
const ACCEPT_BLOCK = hex(
  "3180 A080 800101 0000 A280 A003 000001 A580 3080 800100 8102 5101 0000 3080 800100 810C 2A8648CE1402010000000201 0000 0000" +
    "6180 3080 020101 A080 6180 A180 060C 2A8648CE1402010000000301 0000 A203 020100 A305 A103 020100 BE80 2880 020102",
);
const USER_DATA = 0x81;
const TRAILER = Array<number>(16).fill(0);
const RELEASE_BLOCK = hex("C116 6180 3080 020101 A080 6280 8001 00 0000 0000 0000 0000");
const ABORT_BLOCK = hex("C129 A080 A080 3080 020101 0602 5101 0000 0000 6180 3080 020101 A080 6480 8001 01 0000 0000 0000 0000 0000 0000");
const ABORT_SESSION = hex("1101 03");
/** In the release response 63 stands for 62. */
const RELEASE_TAG_AT = 13;

const PROFILE = 0x0001;
const EXTENSION = 0xf001;
const REVISION = 0x80000000;
const DYNAMIC = 0x60000000;

export type Profile = {
  /** In ticks of 125 µs. */
  readonly pollPeriod: number;
  readonly mtuReceive: number;
  readonly mtuSend: number;
  readonly bandwidth: number;
  readonly options: number;
};
export const OPTION = { numerics: 0x80000000, waves: 0x08000000, enumerations: 0x04000000 } as const;
export const hasOption = (options: number, option: number): boolean => (options & option) >>> 0 === option >>> 0;

/** LI: one byte, or FF and two. */
const long = (content: Piece): Piece => [...(content.length < 255 ? [content.length] : [0xff, ...u16(content.length)]), ...content];
/** ASN.1: one byte up to 127. */
const asn = (content: Piece): Piece => [...(content.length < 128 ? [content.length] : [0x82, ...u16(content.length)]), ...content];

type UserData = { readonly systemType: number; readonly startUp: number; readonly profile: Profile };
function userData({ systemType, startUp, profile }: UserData): Piece {
  const extension = [...u16(EXTENSION), ...u16(8), ...u32(profile.options), ...list([])];
  const { pollPeriod, mtuReceive, mtuSend, bandwidth } = profile;
  const support = [REVISION, pollPeriod, mtuReceive, mtuSend, bandwidth, DYNAMIC].flatMap(u32);
  const value = [...support, ...list([extension])];
  const entry = [...u16(PROFILE), ...u16(value.length), ...value];
  return [...[0x80000000, 0x40000000, 0, systemType, startUp].flatMap(u32), ...list([]), ...list([entry])];
}

const answer = (kind: number, block: Piece): Piece => [kind, ...long([...SESSION, 0xc1, ...long(block)])];

/** System type server, hot start, what is granted. */
export const acceptMessage = (granted: Profile): Piece =>
  answer(KIND.accept, [
    ...ACCEPT_BLOCK,
    USER_DATA,
    ...asn(userData({ systemType: 0x00800000, startUp: 0x80000000, profile: granted })),
    ...TRAILER,
  ]);
/** Only its first byte is known. */
export const refuseMessage = (): Piece => answer(KIND.refuse, []);
export const releaseMessage = (kind: typeof KIND.release | typeof KIND.released): Piece => {
  const message = [kind, ...long(RELEASE_BLOCK)];
  return kind === KIND.release ? message : message.with(RELEASE_TAG_AT, 0x63);
};
export const abortMessage = (): Piece => [KIND.abort, ...long([...ABORT_SESSION, ...ABORT_BLOCK])];

// ── What a client asks ──────────────────────────────────────────────────────────────────────────────────────────────

/** The profile of a whole association request; undefined where any length or constant is another one. */
export function askedProfile(message: Uint8Array): Profile | undefined {
  const cursor = new Cursor(message);
  if (cursor.number(1) !== KIND.request || lengthOf(cursor) !== cursor.left) return undefined;
  if (!isSame(cursor.take(SESSION.length), SESSION)) return undefined;
  if (cursor.number(1) !== 0xc1 || lengthOf(cursor) !== cursor.left) return undefined;
  if (!isSame(cursor.take(REQUEST_BLOCK.length), REQUEST_BLOCK)) return undefined;
  if (cursor.number(1) !== USER_DATA || asnLengthOf(cursor) !== cursor.left - TRAILER.length) return undefined;
  const words = Array.from({ length: 5 }, () => cursor.number(4));
  if (!isSame(words, [0x80000000, 0x40000000, 0, 0x80000000, 0x20000000])) return undefined;
  if (cursor.number(4) !== 0) return undefined;
  const profile = profileOf(cursor);
  return isSame(cursor.take(TRAILER.length), TRAILER) && cursor.left === 0 ? profile : undefined;
}
const REQUEST_BLOCK = hex(
  "3180 A080 800101 0000 A280 A003 000001 A480 3080 020101 0604 52010001 3080 0602 5101 0000 0000 3080 020102 060C" +
    "2A8648CE14020100000001 01 3080 060C 2A8648CE14020100000002 01 0000 0000 0000 6180 3080 020101 A080 6080 A180 060C" +
    "2A8648CE14020100000003 01 0000 BE80 2880 060C 2A8648CE14020100000001 01 020102",
);

function profileOf(cursor: Cursor): Profile | undefined {
  const heads = [cursor.number(2), cursor.number(2), cursor.number(2), cursor.number(2)];
  if (!isSame(heads, [1, 44, PROFILE, 40])) return undefined;
  const words = Array.from({ length: 6 }, () => cursor.number(4));
  const extension = [cursor.number(2), cursor.number(2), cursor.number(2), cursor.number(2)];
  const [revision, pollPeriod, mtuReceive, mtuSend, bandwidth, dynamic] = words as [number, number, number, number, number, number];
  if (revision !== REVISION || dynamic !== DYNAMIC || !isSame(extension, [1, 12, EXTENSION, 8])) return undefined;
  const options = cursor.number(4);
  return cursor.number(4) === 0 ? { pollPeriod, mtuReceive, mtuSend, bandwidth, options } : undefined;
}

export const isRelease = (message: Uint8Array): boolean => isSame(message, releaseMessage(KIND.release));
export const isAbort = (message: Uint8Array): boolean => message[0] === KIND.abort && message[1] === message.length - 2;

function lengthOf(cursor: Cursor): number {
  const first = cursor.number(1);
  return first === 0xff ? cursor.number(2) : first;
}
function asnLengthOf(cursor: Cursor): number {
  const first = cursor.number(1);
  if (first === 0x81) return cursor.number(1);
  return first === 0x82 ? cursor.number(2) : first;
}
const isSame = (a: ArrayLike<number> | undefined, b: readonly number[]): boolean =>
  a !== undefined && a.length === b.length && b.every((byte, index) => a[index] === byte);
