import { Milliseconds, Seconds } from "../../config/units.ts";
import { CLOCK_GRAIN, type Emulator, type Sent, type Unit } from "../kit/emulator.ts";
import { roll } from "../kit/emulator-dice.ts";
import {
  abortMessage,
  acceptMessage,
  askedProfile,
  hasOption,
  isAbort,
  isRelease,
  KIND,
  OPTION,
  refuseMessage,
  releaseMessage,
} from "./emulator-association.ts";
import * as attributes from "./emulator-attributes.ts";
import type { Piece } from "./emulator-bytes.ts";
import { frameBytes, hear } from "./emulator-frame.ts";
import {
  ACTION,
  attributesMessage,
  CLASS,
  COMMAND,
  createdMessage,
  errorMessage,
  type PollRequest,
  type Request,
  requestOf,
} from "./emulator-message.ts";
import { steady } from "./emulator-patient.ts";
import { CYCLE_TICKS, cycleMessages, TICKS_A_MS } from "./emulator-polls.ts";
import {
  type Association,
  atBed,
  CREATE_INVOKE,
  FREE,
  type IntellivueState,
  MTU,
  type Poll,
  PRIORITY_MAX,
  PRIORITY_USUAL,
  QUEUE_MAX,
  relativeAt,
  switchedOn,
  systemAttributes,
  timeoutFor,
  type Waiting,
} from "./emulator-state.ts";
import type { Told } from "./emulator-told.ts";

/**
 * The MIB/RS-232 interface of an IntelliVue monitor, written from the protocol paper alone: silent without an association; one client
 * at a time; nothing is served before the create event is confirmed; a client that is silent is aborted.
 *
 * Names in units, by physio id (IV-6): the MDC term where the paper or the code table gives one (4822 is MDC_PULS_OXIM_PULS_RATE);
 * otherwise `intellivue.<physio id in four hex digits>` ("intellivue.F0E5"). Alarms are conditions by the names in their table
 * (emulator-objects.table.ts): told while they stand in a list, and as over in the first that they do not. A unit ends with each message
 * that says something; its `deviceTime` is the relative time in ticks. A value that was there is told as missing once (IV-4): with its
 * object, or where that is gone, with the last message of the answer. Samples are told once the layout of their object was sent (IV-7).
 */
export type IntellivueOptions = {
  /**
   * "spared": each message can be read alone, for tests in which messages are lost or sent twice: static attributes stand in every cycle,
   * no value goes missing, one alarm stands for ever, and units do not tell that another is over (hence they are partial). A real monitor
   * needs a reader that remembers.
   */
  readonly memory: "needed" | "spared";
  /** "unasked": demographics come behind each answer about alarms and when the monitor says who it is; other texts bear the name. */
  readonly patientTold?: "asked" | "unasked";
  /** "none": no wave is sent before a client lists some. */
  readonly listed?: "usual" | "none";
};

export function intellivueEmulatorOf(options: IntellivueOptions): Emulator<IntellivueState> {
  return {
    id: "philips-intellivue",
    speed: 115_200,
    start: (seed) => ({ ...switchedOn(seed), patientTold: options.patientTold ?? "asked", listed: options.listed ?? "usual" }),
    step: (state, heard, at) => {
      const [ear, messages] = hear(state.ear, heard);
      let now: IntellivueState = { ...state, ear };
      const sends: Sent[] = [];
      for (const message of messages) now = receive(now, message, at);
      for (let left = EVENTS_MAX; left > 0 && nextDue(now, at) <= at; left--) now = happen(options, now, at, sends);
      return { state: now, sends, next: Milliseconds(Math.min(IDLE, Math.max(CLOCK_GRAIN, nextDue(now, at) - at))) };
    },
  };
}
export const intellivueEmulator: Emulator<IntellivueState> = intellivueEmulatorOf({ memory: "needed" });
export const intellivueUnlisted: Emulator<IntellivueState> = intellivueEmulatorOf({ memory: "needed", listed: "none" });
/** Bears any fault, and names its patient wherever it can. */
export const intellivueAlone: Emulator<IntellivueState> = intellivueEmulatorOf({ memory: "spared", patientTold: "unasked" });

const IDLE = Seconds(1);
/** In one step, at most. */
const EVENTS_MAX = 200;
/** Cycles that are older than this were never sent. */
const BEHIND_MAX = 5000;
const ERROR = { denied: 2, failed: 10 } as const;

// ── What is heard ───────────────────────────────────────────────────────────────────────────────────────────────────

function receive(state: IntellivueState, message: Uint8Array, at: number): IntellivueState {
  if (message[0] === KIND.request) return associate(state, message, at);
  const { phase } = state;
  if (phase.is === "free") return state;
  if (isRelease(message)) return reply({ ...state, phase: FREE, queue: [] }, at, releaseMessage(KIND.released));
  if (isAbort(message)) return { ...state, phase: FREE, queue: [] };
  const request = requestOf(message);
  if (request === undefined) return state;
  const heard = { ...phase, heardAt: at };
  if (request.ask === "confirm") return { ...state, phase: { ...heard, is: request.invoke === CREATE_INVOKE ? "serving" : phase.is } };
  return phase.is === "serving" ? serve({ ...state, phase: heard }, heard, request, at) : { ...state, phase: heard };
}

function associate(state: IntellivueState, message: Uint8Array, at: number): IntellivueState {
  const { phase, supports } = state;
  const asked = askedProfile(message);
  if (phase.is !== "free" || asked === undefined) return reply(state, at, refuseMessage());
  if (phase.ignored < state.deaf) return { ...state, phase: { ...phase, ignored: phase.ignored + 1 } };
  const options = (asked.options & supports) >>> 0;
  const mtu = Math.max(MTU.least, Math.min(MTU.most, asked.mtuReceive));
  const granted = { ...asked, mtuReceive: MTU.most, mtuSend: MTU.most, options };
  const association: Association = {
    ...{ is: "offered", options, mtu, timeout: timeoutFor(asked.pollPeriod), heardAt: at },
    ...{
      priority: state.listed === "usual" ? PRIORITY_USUAL : { waves: [], numerics: [] },
      known: { named: [], valued: [], raised: [] },
      polls: [],
    },
  };
  const accepted = reply({ ...state, phase: association, queue: [] }, at, acceptMessage(granted));
  const due = accepted.queue[0]!.due + CREATE_AFTER;
  const created = createdMessage(CREATE_INVOKE, relativeAt(state, due), systemAttributes(state, due));
  return { ...accepted, queue: [...accepted.queue, { due, message: created }] };
}
const CREATE_AFTER = 90;
const THINKING = { least: 15, most: 80 } as const;

const reply = (state: IntellivueState, at: number, message: Piece): IntellivueState => wait(state, at, { message });
function wait(state: IntellivueState, at: number, what: { readonly message: Piece } | { readonly poll: PollRequest }): IntellivueState {
  if (state.queue.length >= QUEUE_MAX) return state;
  const dice = roll(state.random);
  // Answers keep the order of their questions.
  const earliest = Math.max(Math.ceil(at), state.queue.at(-1)?.due ?? 0);
  const waiting: Waiting = { ...what, due: earliest + dice.between(THINKING.least, THINKING.most) };
  return { ...state, random: dice.state(), queue: [...state.queue, waiting] };
}

function serve(
  state: IntellivueState,
  phase: Association,
  request: Exclude<Request, { readonly ask: "confirm" }>,
  at: number,
): IntellivueState {
  switch (request.ask) {
    case "poll":
      return poll(state, phase, request, at);
    case "get": {
      const lists = request.attributes.map((id) => (id === attributes.ID.wavePriority ? phase.priority.waves : phase.priority.numerics));
      const known = request.attributes.every((id) => id === attributes.ID.wavePriority || id === attributes.ID.numericPriority);
      if (!known) return reply(state, at, errorMessage(request.invoke, ERROR.failed));
      const answer = request.attributes.map((id, index) => attributes.textIds(id, lists[index]!));
      return reply(state, at, attributesMessage(request.invoke, COMMAND.get, answer));
    }
    case "set":
      return set(state, phase, request, at);
    case "other":
      return reply(state, at, errorMessage(request.invoke, ERROR.denied));
  }
}

function set(state: IntellivueState, phase: Association, request: Request & { readonly ask: "set" }, at: number): IntellivueState {
  const key = request.attribute === attributes.ID.wavePriority ? "waves" : "numerics";
  const allowed = key === "waves" || request.attribute === attributes.ID.numericPriority;
  if (!allowed || request.labels.length > PRIORITY_MAX) return reply(state, at, errorMessage(request.invoke, ERROR.denied));
  const next = { ...state, phase: { ...phase, priority: { ...phase.priority, [key]: request.labels } } };
  if (request.command === COMMAND.set) return next;
  return reply(next, at, attributesMessage(request.invoke, request.command, [attributes.textIds(request.attribute, request.labels)]));
}

const SERVED: readonly number[] = [CLASS.numeric, CLASS.wave, CLASS.enumeration, CLASS.mds, CLASS.demographics, CLASS.alerts];
function poll(state: IntellivueState, phase: Association, request: PollRequest, at: number): IntellivueState {
  const { class: of, action, period } = request;
  const needed =
    of === CLASS.wave ? OPTION.waves : of === CLASS.enumeration ? OPTION.enumerations : action === ACTION.extended ? OPTION.numerics : 0;
  if (!SERVED.includes(of) || !hasOption(phase.options, needed)) return reply(state, at, errorMessage(request.invoke, ERROR.failed));
  if (period === 0) return wait(state, at, { poll: request });
  const others = phase.polls.filter((one) => one.request.class !== of);
  const begun: Poll = { request, until: at + period / TICKS_A_MS, cycle: 0, due: nextCycle(of, at + THINKING.least) };
  return { ...state, phase: { ...phase, polls: [...others, begun] } };
}

const cycleTime = (of: number): number => (of === CLASS.wave ? CYCLE_TICKS.wave : CYCLE_TICKS.slow) / TICKS_A_MS;
const nextCycle = (of: number, at: number): number => (Math.floor(at / cycleTime(of)) + 1) * cycleTime(of);

// ── What happens ────────────────────────────────────────────────────────────────────────────────────────────────────

function nextDue({ queue, phase }: IntellivueState, at: number): number {
  const ends = phase.is === "free" ? Number.POSITIVE_INFINITY : phase.heardAt + phase.timeout;
  const polls = phase.is === "serving" ? phase.polls.map(({ due }) => due) : [];
  return Math.min(queue[0]?.due ?? at + IDLE, ends, ...polls);
}

type Step = { readonly state: IntellivueState; readonly at: number; readonly sends: Sent[]; readonly options: IntellivueOptions };

/** The one thing that is due first. */
function happen(options: IntellivueOptions, state: IntellivueState, at: number, sends: Sent[]): IntellivueState {
  const { phase, queue } = state;
  const due = nextDue(state, at);
  const step: Step = { state: atBed(state, due), at: due, sends, options };
  if (phase.is !== "free" && due === phase.heardAt + phase.timeout) {
    sends.push({ bytes: frameBytes(abortMessage()) });
    return { ...state, phase: FREE, queue: [] };
  }
  const [first, ...rest] = queue;
  if (first !== undefined && first.due === due) {
    const next = { ...step, state: { ...step.state, queue: rest } };
    if ("poll" in first) return phase.is === "free" ? next.state : answer(next, phase, first.poll, 0);
    sends.push({ bytes: frameBytes(first.message) });
    return next.state;
  }
  const running = phase.is === "free" ? undefined : phase.polls.find((one) => one.due === due);
  return running === undefined || phase.is === "free" ? step.state : runPoll(step, phase, running, at);
}

function runPoll(step: Step, phase: Association, running: Poll, at: number): IntellivueState {
  const others = phase.polls.filter((one) => one !== running);
  // The lease is over: nobody asked again.
  if (running.due > running.until) return { ...step.state, phase: { ...phase, polls: others } };
  const of = running.request.class;
  const behind = at - running.due > BEHIND_MAX;
  const due = behind ? nextCycle(of, at - BEHIND_MAX) : running.due + cycleTime(of);
  const next: Association = { ...phase, polls: [...others, { ...running, due, cycle: running.cycle + (behind ? 0 : 1) }] };
  return behind
    ? { ...step.state, phase: next }
    : answer({ ...step, state: { ...step.state, phase: next } }, next, running.request, running.cycle);
}

function answer({ state, at, sends, options }: Step, phase: Association, request: PollRequest, cycle: number): IntellivueState {
  const time = relativeAt(state, at);
  const [messages, known] = cycleMessages({
    ...{ request, cycle, time, since: Math.floor(at * TICKS_A_MS), language: state.language, patientTold: state.patientTold },
    patient: options.memory === "needed" ? state.patient : steady(state.patient),
    ...{ priority: phase.priority.waves, mtu: phase.mtu, memory: options.memory, known: phase.known },
    system: systemAttributes(state, at),
  });
  for (const { bytes: message, told } of messages) {
    const bytes = frameBytes(message);
    const unit: Unit = {
      ...{ bytes: bytes.length, deviceTime: String(time), ...told },
      ...(options.memory === "spared" ? { partial: true } : {}),
      // IV-21: samples that come again would pass for later ones.
      ...(Object.keys(told.waves).length > 0 ? { once: true } : {}),
    };
    sends.push(says(told) ? { bytes, unit } : { bytes });
  }
  return { ...state, phase: { ...phase, known } };
}
const says = ({ observations, waves, conditions }: Told): boolean =>
  [observations, waves, conditions].some((one) => Object.keys(one).length > 0);
