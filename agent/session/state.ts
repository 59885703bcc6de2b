import { after, type Duration, elapsed, Minutes, type Mono, Seconds } from "../../config/units.ts";
import type { FaultKey } from "../fault/fault.ts";

/** Opening is tried again after this, doubled each time up to the cap. */
export const RETRY_FIRST = Seconds(1);
export const RETRY_CAP = Seconds(30);
/** A driver that failed is tried again after this, doubled each time up to the cap. */
export const QUARANTINE_FIRST = Seconds(10);
export const QUARANTINE_CAP = Minutes(60);
/** A driver that ran this long is paused as if it failed for the first time. */
export const FORGIVEN_AFTER = Minutes(10);
/** Bytes that hold no frame for this long are told as a wrong speed or model. */
export const NO_FRAME_AFTER = Seconds(5);
/** And for no longer than this, however seldom the device speaks. */
export const NO_FRAME_MOST = Seconds(30);
/** Frames of a device that is not proved yet are held no longer than this. */
export const HELD_FOR = Seconds(10);

/**
 * The life of one admitted port.
 *
 * | phase       | the port | what is published                                        |
 * |-------------|----------|----------------------------------------------------------|
 * | closed      | shut     | nothing; opened at `until`                               |
 * | opening     | shut     | nothing                                                  |
 * | proving     | open     | nothing; frames are held until enough of them hold       |
 * | streaming   | open     | everything, in one epoch                                 |
 * | quarantined | shut     | nothing; opened at `until`                               |
 * | ended       | shut     | nothing, for ever (no longer admitted, or the agent stops) |
 *
 * Silence ends an epoch: behind a serial line nobody can tell a pause from another device on the same cable, so what comes
 * back is proved again and its alerts begin anew.
 */
export type SessionState =
  | { readonly phase: "closed"; readonly until: Mono; readonly attempt: number }
  | { readonly phase: "opening"; readonly attempt: number }
  | {
      readonly phase: "proving";
      readonly since: Mono;
      /** Since when frames are held. They are dropped when that is too long ago; how long nothing was proved is counted on. */
      readonly holding: Mono;
      readonly held: number;
      readonly told: boolean;
      readonly attempt: number;
    }
  | { readonly phase: "streaming"; readonly lastFrame: Mono }
  | { readonly phase: "quarantined"; readonly until: Mono; readonly times: number }
  | { readonly phase: "ended" };

export type SessionInput =
  | { readonly saw: "tick"; readonly bytesCame: boolean }
  | { readonly saw: "opened" }
  | { readonly saw: "openFailed"; readonly key: FaultKey }
  /** An accepted frame; `clean` is false where bytes were discarded since the one before. */
  | { readonly saw: "frame"; readonly clean: boolean }
  | { readonly saw: "gone" }
  | { readonly saw: "driverFailed" }
  | { readonly saw: "revoked" };

export type EndReason = "unplugged" | "silent" | "quarantined" | "revoked";
export type SessionAction =
  | { readonly do: "open" }
  | { readonly do: "close" }
  /** Enough frames held: an epoch begins, and what was held is decoded in order. */
  | { readonly do: "beginEpoch" }
  | { readonly do: "endEpoch"; readonly reason: EndReason }
  /** Held frames count as discards with reason `unproved`. */
  | { readonly do: "dropHeld" }
  | { readonly do: "raise"; readonly key: FaultKey }
  | { readonly do: "clear" };

export type SessionRules = { readonly quiet: Duration; readonly proof: number };
export type SessionStep = { readonly state: SessionState; readonly actions: readonly SessionAction[] };

/** A port at which the agent hung (that often) is not opened before `until`. */
export const sessionStart = (now: Mono, hung?: { readonly until: Mono; readonly deaths: number }): SessionState =>
  hung === undefined ? { phase: "closed", until: now, attempt: 0 } : { phase: "quarantined", until: hung.until, times: hung.deaths };

export const forgiven = (state: SessionState, lasted: Duration): boolean => state.phase === "streaming" && lasted >= FORGIVEN_AFTER;
/** For the next quarantine, after so many before. */
export const quarantineWait = (before: number): Duration => Math.min(QUARANTINE_CAP, QUARANTINE_FIRST * 2 ** before) as Duration;

export function nextSession(state: SessionState, input: SessionInput, now: Mono, rules: SessionRules, quarantines: number): SessionStep {
  if (input.saw === "revoked") return { state: { phase: "ended" }, actions: leave(state, "revoked") };
  if (input.saw === "driverFailed") return quarantine(state, now, quarantines);
  switch (state.phase) {
    case "closed":
    case "quarantined":
      return input.saw === "tick" && now >= state.until
        ? { state: { phase: "opening", attempt: state.phase === "closed" ? state.attempt : 0 }, actions: [{ do: "open" }] }
        : stay(state);
    case "opening":
      if (input.saw === "opened") return { state: proving(now, 0, state.attempt), actions: [] };
      if (input.saw !== "openFailed") return stay(state);
      return { state: closed(now, state.attempt + 1), actions: [{ do: "raise", key: input.key }] };
    case "proving":
      return whileProving(state, input, now, rules);
    case "streaming":
      if (input.saw === "gone") return goneAway(state, now, 0);
      if (input.saw === "frame") return { state: { phase: "streaming", lastFrame: now }, actions: [] };
      if (input.saw !== "tick" || elapsed(state.lastFrame, now) < rules.quiet) return stay(state);
      return {
        state: { ...proving(now, 0, 0), told: true },
        actions: [
          { do: "endEpoch", reason: "silent" },
          { do: "raise", key: "session.silent" },
        ],
      };
    case "ended":
      return stay(state);
  }
}

function whileProving(
  state: Extract<SessionState, { phase: "proving" }>,
  input: SessionInput,
  now: Mono,
  rules: SessionRules,
): SessionStep {
  if (input.saw === "gone") return goneAway(state, now, state.attempt);
  if (input.saw === "frame") {
    const held = input.clean ? state.held + 1 : 1;
    if (held < rules.proof) return { state: { ...state, held }, actions: [] };
    return { state: { phase: "streaming", lastFrame: now }, actions: [{ do: "clear" }, { do: "beginEpoch" }] };
  }
  if (input.saw !== "tick") return stay(state);
  const waited = elapsed(state.since, now);
  const limit = Math.max(NO_FRAME_AFTER, input.bytesCame ? Math.min(rules.quiet, NO_FRAME_MOST) : rules.quiet);
  if (!state.told && waited >= limit)
    return { state: { ...state, told: true }, actions: [{ do: "raise", key: input.bytesCame ? "session.no_frame" : "session.silent" }] };
  if (elapsed(state.holding, now) < HELD_FOR) return stay(state);
  return { state: { ...state, holding: now, held: 0 }, actions: [{ do: "dropHeld" }] };
}

function goneAway(state: SessionState, now: Mono, attempt: number): SessionStep {
  return { state: closed(now, attempt + 1), actions: [...leave(state, "unplugged"), { do: "raise", key: "port.gone" }] };
}

function quarantine(state: SessionState, now: Mono, quarantines: number): SessionStep {
  if (state.phase === "ended") return stay(state);
  return {
    state: { phase: "quarantined", until: after(now, quarantineWait(quarantines)), times: quarantines + 1 },
    actions: [...leave(state, "quarantined"), { do: "raise", key: "session.quarantined" }],
  };
}

/** What must be put right when a phase is left for a shut port. */
function leave(state: SessionState, reason: EndReason): SessionAction[] {
  switch (state.phase) {
    case "streaming":
      return [{ do: "endEpoch", reason }, { do: "close" }];
    case "proving":
      return [{ do: "dropHeld" }, { do: "close" }];
    case "opening":
      return [{ do: "close" }];
    case "closed":
    case "quarantined":
    case "ended":
      return [];
  }
}

const stay = (state: SessionState): SessionStep => ({ state, actions: [] });
const proving = (since: Mono, held: number, attempt: number): Extract<SessionState, { phase: "proving" }> => ({
  phase: "proving",
  since,
  holding: since,
  held,
  told: false,
  attempt,
});
const closed = (now: Mono, attempt: number): SessionState => ({
  phase: "closed",
  until: after(now, Math.min(RETRY_CAP, RETRY_FIRST * 2 ** (attempt - 1)) as Duration),
  attempt,
});
