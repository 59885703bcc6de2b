import type { Capture, Piece } from "../../agent/capture/capture-file.ts";
import { Milliseconds } from "../../config/units.ts";
import type { Emulator, Sent } from "../../drivers/kit/emulator.ts";

/**
 * A capture as a device: it sends what the recorded one sent, with the recorded pauses, and wants to be asked what that was asked. It
 * begins when somebody holds its port. What differs from the recorded talk ends it: a device that answers something else than what
 * it was asked would prove nothing.
 */
export type Playback = {
  readonly phase: "waiting" | "playing" | "ended" | "failed";
  /** Why it failed: what was heard, and what was expected. */
  readonly failed?: string;
  readonly next: number;
  /** The recorded time `t` was played at `at`; both in milliseconds. */
  readonly base: { readonly at: number; readonly t: number };
  /** Heard, but not yet due: who asks early waits. */
  readonly early: Uint8Array;
};

/** A question that is not asked for so long after its recorded time is not asked any more. */
export const PATIENCE_MS = 20_000;
/** From when the port is held to the first byte: who opens it discards what was there before. */
const SETTLE_MS = 200;
const LOOK_MS = 100;
const BITS_A_BYTE = 10;

/** `faster`: times the recorded speed of the line, pauses shortened as much. `held`: whether anybody has the port open. */
export function playback(
  { head, pieces }: Capture,
  options: { readonly faster: number; readonly held: () => boolean },
): Emulator<Playback> {
  const { faster, held } = options;
  const speed = head.speed * faster;
  const after = (state: Playback, { t_ms, dir, bytes }: Piece): number => {
    const travels = dir === "rx" ? (bytes.length * BITS_A_BYTE * 1000) / speed : 0;
    return state.base.at + Math.max(0, (t_ms - state.base.t) / faster - travels);
  };
  return {
    id: head.driver ?? "unknown",
    speed,
    start: () => ({ phase: "waiting", next: 0, base: { at: 0, t: 0 }, early: NOTHING }),
    step: (before, heard, at) => {
      let state = before;
      if (state.phase === "waiting") {
        if (heard.length === 0 && !held()) return { state, sends: [], next: Milliseconds(LOOK_MS) };
        state = { ...state, phase: "playing", base: { at: at + SETTLE_MS, t: 0 } };
      }
      if (state.phase !== "playing") return { state, sends: [], next: Milliseconds(1000) };
      state = hear(state, heard, pieces);
      const sends: Sent[] = [];
      const did: string[] = [];
      for (let piece = pieces[state.next]; piece !== undefined && state.phase === "playing"; piece = pieces[state.next]) {
        const due = after(state, piece);
        if (piece.dir === "rx") {
          if (at < due) return { state, sends, did, next: Milliseconds(Math.max(1, due - at)) };
          sends.push({ bytes: piece.bytes });
          state = { ...state, next: state.next + 1 };
          continue;
        }
        const { length } = piece.bytes;
        if (state.early.length < length) {
          if (at <= due + PATIENCE_MS) return { state, sends, did, next: Milliseconds(1000) };
          state = failed(state, `${nameOf(pieces, state.next)} was not asked for ${PATIENCE_MS / 1000} s: ${spelled(piece.bytes)}`);
          break;
        }
        did.push(`${nameOf(pieces, state.next)} was asked: ${spelled(piece.bytes)}`);
        state = { ...state, next: state.next + 1, base: { at, t: piece.t_ms }, early: state.early.subarray(length) };
      }
      if (state.phase === "failed") did.push(`FAILED: ${state.failed}`);
      else if (state.phase === "playing") state = { ...state, phase: "ended" };
      return { state, sends, did, next: Milliseconds(1000) };
    },
  };
}
const NOTHING = new Uint8Array();

const failed = (state: Playback, why: string): Playback => ({ ...state, phase: "failed", failed: why });

/** The recorded questions are a stream of bytes: neither how they were cut nor how they arrive counts. */
function hear(state: Playback, heard: Uint8Array, pieces: readonly Piece[]): Playback {
  if (heard.length === 0) return state;
  const all = Uint8Array.from([...state.early, ...heard]);
  let from = 0;
  for (let next = state.next; from < all.length; next++) {
    const piece = pieces[next];
    if (piece === undefined) return failed(state, `nothing more was asked, but heard was ${spelled(all.subarray(from))}`);
    if (piece.dir === "rx") continue;
    const got = all.subarray(from, from + piece.bytes.length);
    if (!got.every((byte, i) => byte === piece.bytes[i]))
      return failed(state, `expected was ${nameOf(pieces, next)}, ${spelled(piece.bytes)}; heard was ${spelled(all.subarray(from))}`);
    from += got.length;
  }
  return { ...state, early: all };
}

function nameOf(pieces: readonly Piece[], at: number): string {
  const questions = pieces.filter(({ dir }) => dir === "tx").length;
  return `question ${pieces.slice(0, at + 1).filter(({ dir }) => dir === "tx").length} of ${questions}`;
}

const SPELLED_BYTES = 48;
/** As hex, and as text where it is some. */
function spelled(bytes: Uint8Array): string {
  const told = Buffer.from(bytes.subarray(0, SPELLED_BYTES));
  const text = told.toString("latin1");
  const isText = /^[\x20-\x7e\r\n]+$/.test(text);
  return `${told.toString("hex")}${bytes.length > SPELLED_BYTES ? "…" : ""}${isText ? ` ${JSON.stringify(text)}` : ""} (${bytes.length} bytes)`;
}
