import { after, type Duration, type Mono, Seconds } from "../../config/units.ts";
import type { Answer, AnyDriver, Effect, Expected, Kept, Line, Seen, Step, Template, Templates } from "./driver.ts";
import { frameMax } from "./framer.ts";

/** Effects a dialogue may have in one step; the rest waits for the next, so that none can hold the thread. */
export const EFFECTS_A_TURN = 16;
/** From the end of a dialogue to its next beginning. */
export const RESTART_PAUSE = Seconds(2);
/** An answer under way may take this many times the line time of the longest frame: devices pause while they print. */
export const ANSWER_FRAMES = 2;

/** What the link saw. `frame`: an accepted one, after `decode`; `broken`: a complete frame whose check failed; `bytes`: any arrived. */
export type DialogueEvent =
  | { readonly saw: "bytes" }
  | { readonly saw: "broken"; readonly bytes: number; readonly channel?: string }
  | { readonly saw: "frame"; readonly seen: Seen }
  /** What was asked for under this number came to this. */
  | { readonly saw: "committed"; readonly commit: number; readonly how: Kept };
/**
 * What to do now. `refused` says which rule the driver broke: nothing of that effect was done, and the dialogue is over for good. `commit`
 * numbers a wish to have on flash what was told; `committed` is its answer.
 */
export type DialogueTurn = {
  readonly writes: readonly Uint8Array[];
  readonly ended: boolean;
  readonly refused?: string;
  readonly commit?: number;
};

const IDLE: DialogueTurn = { writes: [], ended: false };

type State =
  /** Begins at the next step at or after this instant; undefined: at the first step. */
  | { readonly phase: "pausing"; readonly until: Mono | undefined }
  /** More effects than one turn may have. */
  | { readonly phase: "ready"; readonly at: Mono; readonly answer: Answer }
  | { readonly phase: "sleeping"; readonly until: Mono }
  | { readonly phase: "expecting"; readonly effect: Extract<Effect, { do: "expect" }>; readonly until: Mono; readonly untilMax: Mono }
  | { readonly phase: "committing"; readonly commit: number; readonly until: Mono }
  | { readonly phase: "over" };

/**
 * Resumes a driver's dialogue; it is the only way from a driver to the line. Pure state: it neither waits nor reads a clock.
 *
 * | phase     | left by                                                  | to                                   |
 * |-----------|----------------------------------------------------------|--------------------------------------|
 * | pausing   | a step at or after `wakeAt` (the first step: at once)    | the generator's first effect         |
 * | sleeping  | a step at or after `wakeAt`                              | its next effect                      |
 * | expecting | a wanted frame · a broken frame · `wakeAt` passed        | its next effect                      |
 * | committing| its own answer · `wakeAt` passed                       | its next effect                      |
 * | ready     | any step (more than EFFECTS_A_TURN effects in one turn)  | its next effect                      |
 * | any       | return → pausing; a refused effect, a throw, cancel()    | over: no step does anything any more |
 *
 * Transmit gate: a send is done only where the very effect came from this line's `send` and its bytes are still exactly what the
 * declared template encoded. Throws what the driver's generator, templates and `wanted` throw (the session is quarantined then).
 */
export class DialogueRunner<M> {
  readonly #driver: AnyDriver;
  readonly #line: Line<M, Templates>;
  /** Sends that this line has encoded and the generator has not yet yielded. */
  readonly #encoded = new WeakMap<Effect, Uint8Array>();
  #running: Step<void> | undefined;
  #state: State;
  #commits = 0;

  /** `memory` gives what decode has learned by now. A driver without `run` has nothing to do: every step is idle. */
  constructor(driver: AnyDriver, memory: () => M) {
    this.#driver = driver;
    this.#line = lineOf(driver.tx, memory, this.#encoded);
    this.#state = driver.run === undefined ? { phase: "over" } : { phase: "pausing", until: undefined };
  }

  /** When it wants a step at the latest; undefined before the first step (take it at once), and when it is over. */
  get wakeAt(): Mono | undefined {
    const state = this.#state;
    if (state.phase === "over") return undefined;
    return state.phase === "ready" ? state.at : state.until;
  }

  /** One turn: with an event as soon as it is seen (events in their order), without one when `wakeAt` has come. `now` never falls. */
  step(now: Mono, event?: DialogueEvent): DialogueTurn {
    const state = this.#state;
    switch (state.phase) {
      case "over":
        return IDLE;
      case "pausing":
        if (state.until !== undefined && now < state.until) return IDLE;
        this.#running = this.#driver.run!(this.#line);
        return this.#resume(now, "done");
      case "sleeping":
        return now < state.until ? IDLE : this.#resume(now, "done");
      case "ready":
        return this.#resume(now, state.answer);
      case "committing":
        if (event?.saw === "committed" && event.commit === state.commit) return this.#resume(now, event.how);
        return now < state.until ? IDLE : this.#resume(now, "refused");
      case "expecting": {
        const answer = this.#answer(state, now, event);
        return answer === undefined ? IDLE : this.#resume(now, answer);
      }
    }
  }

  /**
   * Ends it at once: its `finally` blocks have run when this returns. An effect yielded there is not done, and named in the answer.
   * Throws what such a block throws.
   */
  cancel(): string | undefined {
    const running = this.#running;
    this.#over();
    const end = running?.return();
    return end === undefined || end.done === true ? undefined : `an effect inside finally (${end.value.do})`;
  }

  #over(): void {
    this.#running = undefined;
    this.#state = { phase: "over" };
  }

  /** Undefined: go on waiting. An answer that came with the last moment counts: what was seen is looked at before the time is. */
  #answer(state: Extract<State, { phase: "expecting" }>, now: Mono, event: DialogueEvent | undefined): Expected<string> | undefined {
    const { effect, untilMax } = state;
    if (event?.saw === "broken") {
      const { bytes, channel } = event;
      return { got: "broken", bytes, ...(channel === undefined ? {} : { channel }) };
    }
    if (event?.saw === "frame") {
      for (const [name, matches] of Object.entries(effect.wanted)) if (matches(event.seen.frame)) return { got: name, seen: event.seen };
    }
    if (now >= state.until) return { got: "nothing" };
    // The bytes of a frame were told before it; a frame aside of the talk has none that count.
    if (event?.saw === "bytes") {
      const again = after(now, effect.between);
      if (again <= untilMax) this.#state = { ...state, until: again };
      else this.#state = { ...state, until: untilMax };
    }
    return undefined;
  }

  #resume(now: Mono, first: Answer): DialogueTurn {
    const writes: Uint8Array[] = [];
    const running = this.#running!;
    let answer = first;
    // Where the driver throws, it is over; only a turn that ends well sets another state.
    this.#over();
    for (let effects = 0; ; effects++) {
      if (effects === EFFECTS_A_TURN) {
        this.#running = running;
        this.#state = { phase: "ready", at: now, answer };
        return { writes, ended: false };
      }
      const step = running.next(answer);
      if (step.done === true) {
        this.#state = { phase: "pausing", until: after(now, RESTART_PAUSE) };
        return { writes, ended: true };
      }
      const effect = step.value;
      switch (effect.do) {
        case "send": {
          const bytes = this.#encoded.get(effect);
          this.#encoded.delete(effect);
          if (bytes === undefined || !same(bytes, effect.bytes))
            return this.#refuse(running, writes, `bytes that no template encoded (${effect.template})`);
          writes.push(bytes);
          answer = "done";
          break;
        }
        case "sleep":
          this.#running = running;
          this.#state = { phase: "sleeping", until: after(now, effect.time) };
          return { writes, ended: false };
        case "commit":
          this.#running = running;
          this.#commits += 1;
          this.#state = { phase: "committing", commit: this.#commits, until: after(now, effect.within) };
          return { writes, ended: false, commit: this.#commits };
        case "expect":
          this.#running = running;
          this.#state = {
            phase: "expecting",
            effect,
            until: after(now, effect.within),
            untilMax: after(now, this.#longest(effect.within)),
          };
          return { writes, ended: false };
        default:
          return this.#refuse(running, writes, "an effect that does not exist");
      }
    }
  }

  /** Longest wait of one expect: a device that babbles must not keep it waiting for ever. 10 bits a byte. */
  #longest(within: Duration): Duration {
    const frameTime = (frameMax(this.#driver.frame) * 10_000) / this.#driver.line.speed;
    return (within + ANSWER_FRAMES * frameTime) as Duration;
  }

  #refuse(running: Step<void>, writes: readonly Uint8Array[], refused: string): DialogueTurn {
    running.return();
    return { writes, ended: true, refused };
  }
}

function lineOf<M>(tx: Templates, memory: () => M, encoded: WeakMap<Effect, Uint8Array>): Line<M, Templates> {
  return {
    get memory() {
      return memory();
    },
    *send(name: string, fill: Readonly<Record<string, number>> = {}) {
      const template: Template<string> | undefined = Object.hasOwn(tx, name) ? tx[name] : undefined;
      if (template === undefined) throw new RangeError(`No template "${name}" is declared.`);
      const bytes = template.encode(fill);
      const effect: Effect = { do: "send", template: name, bytes };
      encoded.set(effect, Uint8Array.from(bytes));
      return done(yield effect);
    },
    *sleep(time: Duration) {
      return done(yield { do: "sleep", time });
    },
    *expect<N extends string>(wanted: Readonly<Record<N, (frame: Uint8Array) => boolean>>, within: Duration, between = within) {
      const answer = yield { do: "expect", wanted, within, between };
      if (typeof answer === "string") throw new TypeError("An expect was answered as if it were another effect: use yield*.");
      return answer as Expected<N>;
    },
    *commit(within: Duration) {
      const answer = yield { do: "commit", within };
      if (answer !== "kept" && answer !== "refused") throw new TypeError("A commit was answered as if it were another effect: use yield*.");
      return answer;
    },
  };
}

function done(answer: Answer): "done" {
  if (answer !== "done") throw new TypeError("A send or a sleep was answered as if it were another effect: use yield*.");
  return answer;
}

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);
