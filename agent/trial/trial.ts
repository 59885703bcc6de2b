import { after, elapsed, Minutes, type Mono, Seconds } from "../../config/units.ts";

/** A candidate must have proved itself within this time, or what ran before comes back. */
export const TRIAL_WITHIN = Minutes(2);
/** What could not be written down is tried again this often. */
export const STORE_AGAIN = Seconds(5);
/** A replacement runs at the latest after this time, whether or not the disk has said anything: it may take a right away. */
export const REPLACE_WITHIN = Seconds(1);

/** Something that can replace what runs: a document, a certificate, a release. Two that differ have different ids. */
export type Candidate = { readonly id: string };

/**
 * What survives a power cut, written whole or not at all. A candidate in it has not proved itself: whoever starts with one goes back
 * to `active`. `refused` are ids that are not tried again.
 */
export type TrialRecord<C extends Candidate> = {
  readonly active: C | undefined;
  readonly candidate: C | undefined;
  readonly refused: readonly string[];
};

/**
 * Confirm or revert, one machine for everything whose failure could strand a gateway. Every state is on flash before it is acted on,
 * except the way back: that is what a restart would do, too.
 *
 * | phase     | on flash            | runs      |                                                       |
 * |-----------|---------------------|-----------|-------------------------------------------------------|
 * | settled   | active              | active    |                                                       |
 * | beginning | active, then both   | active    | the candidate is being written down                   |
 * | trying    | both                | candidate | until it proves itself, fails, or time is up          |
 * | keeping   | both, then new      | candidate | proved, and being written down                        |
 * | leaving   | both, then old      | active    | reverted, and being written down                      |
 * | replacing | old, then new       | old, new  | a change that cannot strand anyone, without a trial   |
 *
 * Where the disk refuses a replacement, or does not answer, it runs all the same, since it may take a right away, and is written
 * down as soon as it can be. A later one takes its place meanwhile: a disk that is full for days must not outlast a revocation.
 */
export type TrialState<C extends Candidate> = { readonly record: TrialRecord<C> } & (
  | { readonly phase: "settled" }
  | { readonly phase: "beginning"; readonly candidate: C }
  | { readonly phase: "trying"; readonly candidate: C; readonly until: Mono }
  | { readonly phase: "keeping"; readonly candidate: C; readonly until: Mono; readonly again: Mono | undefined }
  | { readonly phase: "leaving"; readonly candidate: C; readonly because: Because; readonly again: Mono | undefined }
  | (Replacing<C> & { readonly phase: "replacing" })
);
type Replacing<C extends Candidate> = {
  /** The newest that came. */
  readonly candidate: C;
  /** Whether it runs; what ran before it is not asked for again. */
  readonly runs: "old" | "new";
  /** What is being written down, perhaps an earlier one; undefined: nothing is, until `again`. */
  readonly writing: C | undefined;
  readonly since: Mono;
  readonly again: Mono | undefined;
};

export type Because = "deadline" | "failed" | "restart";
export type TrialInput<C extends Candidate> =
  | { readonly saw: "offered"; readonly candidate: C }
  /** Offered, and nothing about it could cut the gateway off: no trial. */
  | { readonly saw: "replaced"; readonly candidate: C }
  | { readonly saw: "stored" }
  | { readonly saw: "storeFailed" }
  /** The candidate that runs did what it must: for a connection, a round trip of our own over it. */
  | { readonly saw: "proved"; readonly id: string }
  | { readonly saw: "failed"; readonly id: string }
  | { readonly saw: "tick" };

export type TrialAction<C extends Candidate> =
  | { readonly do: "store"; readonly record: TrialRecord<C> }
  | { readonly do: "apply"; readonly what: C | undefined }
  | {
      readonly do: "tell";
      readonly what: "trying" | "kept" | "unkept" | "reverted" | "not_begun" | "busy";
      readonly id: string;
      readonly because?: Because;
    };
export type TrialStep<C extends Candidate> = { readonly state: TrialState<C>; readonly actions: readonly TrialAction<C>[] };

/** After a start: a candidate on flash has not proved itself, whatever it had come to. What is returned runs from here on. */
export function trialStart<C extends Candidate>(record: TrialRecord<C>): TrialStep<C> {
  const { active, candidate, refused } = record;
  const apply: TrialAction<C> = { do: "apply", what: active };
  if (candidate === undefined) return { state: { phase: "settled", record }, actions: [apply] };
  const left = { active, candidate: undefined, refused: withRefused(refused, candidate.id) };
  return {
    state: { phase: "leaving", record, candidate, because: "restart", again: undefined },
    actions: [apply, { do: "store", record: left }, { do: "tell", what: "reverted", id: candidate.id, because: "restart" }],
  };
}

export function nextTrial<C extends Candidate>(state: TrialState<C>, input: TrialInput<C>, now: Mono): TrialStep<C> {
  if (input.saw === "offered" || input.saw === "replaced") return offered(state, input.candidate, input.saw, now);
  switch (state.phase) {
    case "settled":
      return stay(state);
    case "beginning":
      return whileBeginning(state, input, now);
    case "trying":
      return whileTrying(state, input, now);
    case "keeping":
      return whileKeeping(state, input, now);
    case "leaving":
      return whileLeaving(state, input, now);
    case "replacing":
      return whileReplacing(state, input, now);
  }
}

function offered<C extends Candidate>(state: TrialState<C>, candidate: C, how: "offered" | "replaced", now: Mono): TrialStep<C> {
  const { record } = state;
  if (record.refused.includes(candidate.id)) return { state, actions: [{ do: "tell", what: "not_begun", id: candidate.id }] };
  if (state.phase === "replacing" && how === "replaced") return replaceAgain(state, candidate);
  if (state.phase !== "settled")
    return state.candidate.id === candidate.id ? stay(state) : { state, actions: [{ do: "tell", what: "busy", id: candidate.id }] };
  if (record.active?.id === candidate.id) return stay(state);
  if (how === "offered")
    return { state: { phase: "beginning", record, candidate }, actions: [{ do: "store", record: { ...record, candidate } }] };
  return writeDown({ phase: "replacing", record, candidate, runs: "old", writing: undefined, since: now, again: undefined }, now);
}

/** The newest goes to the disk; two writes at a time could land in any order. */
const writeDown = <C extends Candidate>(state: In<C, "replacing">, now: Mono): TrialStep<C> => ({
  state: { ...state, writing: state.candidate, since: now, again: undefined },
  actions: [{ do: "store", record: kept(state.record, state.candidate) }],
});

/** Where the disk is known to fail the newer one runs at once; else as soon as the disk has said what became of the one before. */
function replaceAgain<C extends Candidate>(state: In<C, "replacing">, candidate: C): TrialStep<C> {
  if (state.candidate.id === candidate.id) return stay(state);
  const next = { ...state, candidate };
  return state.runs === "new" ? { state: next, actions: runUnkept(candidate) } : stay(next);
}

const runUnkept = <C extends Candidate>(candidate: C): readonly TrialAction<C>[] => [
  { do: "apply", what: candidate },
  { do: "tell", what: "unkept", id: candidate.id },
];

function whileReplacing<C extends Candidate>(state: In<C, "replacing">, input: TrialInput<C>, now: Mono): TrialStep<C> {
  const { candidate, record, runs, writing, since, again } = state;
  const unkept = runs === "old" ? runUnkept(candidate) : [];
  if (input.saw === "stored" && writing !== undefined) {
    const landed = kept(record, writing);
    const apply: readonly TrialAction<C>[] = runs === "old" ? [{ do: "apply", what: writing }] : [];
    if (writing.id === candidate.id)
      return { state: { phase: "settled", record: landed }, actions: [...apply, { do: "tell", what: "kept", id: candidate.id }] };
    const next = writeDown({ ...state, record: landed }, now);
    return { state: next.state, actions: [...apply, ...next.actions] };
  }
  if (input.saw === "storeFailed")
    return { state: { ...state, runs: "new", writing: undefined, again: after(now, STORE_AGAIN) }, actions: unkept };
  if (writing !== undefined)
    return elapsed(since, now) < REPLACE_WITHIN ? stay(state) : { state: { ...state, runs: "new" }, actions: unkept };
  return again === undefined || elapsed(again, now) < 0 ? stay(state) : writeDown(state, now);
}

function whileBeginning<C extends Candidate>(state: In<C, "beginning">, input: TrialInput<C>, now: Mono): TrialStep<C> {
  const { candidate, record } = state;
  if (input.saw === "stored") {
    return {
      state: { phase: "trying", candidate, record: { ...record, candidate }, until: after(now, TRIAL_WITHIN) },
      actions: [
        { do: "apply", what: candidate },
        { do: "tell", what: "trying", id: candidate.id },
      ],
    };
  }
  if (input.saw !== "storeFailed") return stay(state);
  // It may be on flash all the same: then the next start goes back, which is where we stay.
  return { state: { phase: "settled", record }, actions: [{ do: "tell", what: "not_begun", id: candidate.id }] };
}

function whileTrying<C extends Candidate>(state: In<C, "trying">, input: TrialInput<C>, now: Mono): TrialStep<C> {
  const { candidate, record, until } = state;
  if (input.saw === "failed" && input.id === candidate.id) return leave(record, candidate, "failed");
  if (elapsed(until, now) >= 0) return leave(record, candidate, "deadline");
  if (input.saw !== "proved" || input.id !== candidate.id) return stay(state);
  return {
    state: { phase: "keeping", candidate, record, until, again: undefined },
    actions: [{ do: "store", record: kept(record, candidate) }],
  };
}

/** Nothing is kept that is not on flash: where it cannot be written in time, the old one comes back, as it would at a restart. */
function whileKeeping<C extends Candidate>(state: In<C, "keeping">, input: TrialInput<C>, now: Mono): TrialStep<C> {
  const { candidate, record, until, again } = state;
  if (input.saw === "stored")
    return { state: { phase: "settled", record: kept(record, candidate) }, actions: [{ do: "tell", what: "kept", id: candidate.id }] };
  if (input.saw === "storeFailed") {
    if (elapsed(until, now) >= 0) return leave(record, candidate, "deadline");
    return stay({ ...state, again: after(now, STORE_AGAIN) });
  }
  if (again === undefined || elapsed(again, now) < 0) return stay(state);
  return { state: { ...state, again: undefined }, actions: [{ do: "store", record: kept(record, candidate) }] };
}

function whileLeaving<C extends Candidate>(state: In<C, "leaving">, input: TrialInput<C>, now: Mono): TrialStep<C> {
  const { candidate, record, again } = state;
  const left = leftBehind(record, candidate);
  if (input.saw === "stored") return stay({ phase: "settled", record: left });
  if (input.saw === "storeFailed") return stay({ ...state, again: after(now, STORE_AGAIN) });
  if (again === undefined || elapsed(again, now) < 0) return stay(state);
  return { state: { ...state, again: undefined }, actions: [{ do: "store", record: left }] };
}

function leave<C extends Candidate>(record: TrialRecord<C>, candidate: C, because: Because): TrialStep<C> {
  return {
    state: { phase: "leaving", record, candidate, because, again: undefined },
    actions: [
      { do: "apply", what: record.active },
      { do: "store", record: leftBehind(record, candidate) },
      { do: "tell", what: "reverted", id: candidate.id, because },
    ],
  };
}

/** Of what was refused, this many are remembered, the newest. */
export const REFUSED_MAX = 32;
const withRefused = (refused: readonly string[], id: string): readonly string[] =>
  [id, ...refused.filter((one) => one !== id)].slice(0, REFUSED_MAX);

const kept = <C extends Candidate>({ refused }: TrialRecord<C>, candidate: C): TrialRecord<C> => ({
  active: candidate,
  candidate: undefined,
  refused,
});
const leftBehind = <C extends Candidate>({ active, refused }: TrialRecord<C>, candidate: C): TrialRecord<C> => ({
  active,
  candidate: undefined,
  refused: withRefused(refused, candidate.id),
});

type In<C extends Candidate, P extends TrialState<C>["phase"]> = Extract<TrialState<C>, { readonly phase: P }>;
const stay = <C extends Candidate>(state: TrialState<C>): TrialStep<C> => ({ state, actions: [] });
