import { after, type Duration, elapsed, Minutes, type Mono, Seconds } from "../../config/units.ts";
import type { FaultKey } from "../fault/fault.ts";

/** Full jitter: the wait is drawn between nothing and this, doubled with each attempt, up to the cap. */
export const BACKOFF_FIRST = Seconds(2);
export const BACKOFF_CAP = Minutes(5);
/** Where the broker said that it is at a limit, or that a person must act: the wait is drawn between once and twice this, or longer. */
export const BACKOFF_LATER = Seconds(30);
/** Only a connection that held this long makes the next wait short again: a link that flaps would otherwise never back off. */
export const GOOD_AFTER = Minutes(1);
/** Between leaving one broker and the first attempt at the next, which may be the same one by another name. */
export const MOVE_AFTER = Seconds(1);
/** Our own birth must come back within this. */
export const PROOF_WITHIN = Seconds(10);

/**
 * | phase      | what holds                                                                         |
 * |------------|------------------------------------------------------------------------------------|
 * | offline    | no connection; the next attempt begins at `until`                                  |
 * | connecting | TCP, TLS and CONNECT are under way                                                 |
 * | proving    | CONNACK came; our own birth has not come back yet, so nothing counts as delivered  |
 * | online     | the way to the broker and back was walked                                          |
 */
export type UplinkState =
  | { readonly phase: "offline"; readonly until: Mono; readonly attempt: number; readonly because: FaultKey | undefined }
  | { readonly phase: "connecting"; readonly attempt: number }
  | { readonly phase: "proving"; readonly since: Mono; readonly attempt: number }
  | { readonly phase: "online"; readonly since: Mono; readonly attempt: number };

export type UplinkInput =
  | { readonly saw: "tick" }
  | { readonly saw: "connected" }
  | { readonly saw: "heardOurselves" }
  /** The settings name another broker. */
  | { readonly saw: "moved" }
  | {
      readonly saw: "ended";
      readonly key: FaultKey;
      /** "later": asked for by the broker. */
      readonly wait: "usual" | "later";
      /** In [0, 1), drawn by the caller. */
      readonly jitter: number;
    };
export type UplinkAction =
  | { readonly do: "connect" }
  | { readonly do: "prove" }
  | { readonly do: "goOnline" }
  | { readonly do: "goOffline" }
  | { readonly do: "close"; readonly key: FaultKey };
export type UplinkStep = { readonly state: UplinkState; readonly actions: readonly UplinkAction[] };

export const uplinkStart = (now: Mono): UplinkState => ({ phase: "offline", until: now, attempt: 0, because: undefined });

export function nextUplink(state: UplinkState, input: UplinkInput, now: Mono): UplinkStep {
  if (input.saw === "ended" && state.phase !== "offline") return ended(state, input, now);
  if (input.saw === "moved") return moved(state, now);
  switch (state.phase) {
    case "offline":
      if (input.saw !== "tick" || now < state.until) return { state, actions: [] };
      return { state: { phase: "connecting", attempt: state.attempt + 1 }, actions: [{ do: "connect" }] };
    case "connecting":
      if (input.saw !== "connected") return { state, actions: [] };
      return { state: { phase: "proving", since: now, attempt: state.attempt }, actions: [{ do: "prove" }] };
    case "proving":
      if (input.saw === "heardOurselves")
        return { state: { phase: "online", since: now, attempt: state.attempt }, actions: [{ do: "goOnline" }] };
      if (input.saw !== "tick" || elapsed(state.since, now) < PROOF_WITHIN) return { state, actions: [] };
      return { state, actions: [{ do: "close", key: "uplink.no_round_trip" }] };
    case "online":
      return { state, actions: [] };
  }
}

/** What the old one did wrong says nothing about the new one. */
const moved = (state: UplinkState, now: Mono): UplinkStep => ({
  state: { phase: "offline", until: after(now, MOVE_AFTER), attempt: 0, because: undefined },
  actions: state.phase === "online" ? [{ do: "goOffline" }] : [],
});

function ended(state: Exclude<UplinkState, { phase: "offline" }>, input: Extract<UplinkInput, { saw: "ended" }>, now: Mono): UplinkStep {
  const good = state.phase === "online" && elapsed(state.since, now) >= GOOD_AFTER;
  const attempt = good ? 1 : state.attempt;
  const usual = Math.min(BACKOFF_CAP, BACKOFF_FIRST * 2 ** (attempt - 1)) * input.jitter;
  const wait = (input.wait === "later" ? Math.max(usual, BACKOFF_LATER * (1 + input.jitter)) : usual) as Duration;
  return {
    state: { phase: "offline", until: after(now, wait), attempt: good ? 0 : attempt, because: input.key },
    actions: state.phase === "online" ? [{ do: "goOffline" }] : [],
  };
}
