import { type Duration, Milliseconds, Seconds } from "../../config/units.ts";
import type { Emulator, Sent } from "../kit/emulator.ts";
import { roll } from "../kit/emulator-dice.ts";
import {
  type AnswerMeaning,
  type AnswerName,
  type AnswerShape,
  answerBytes,
  conclude,
  type Fields,
  MISCA,
  MISCA_MEANING,
  MISCF,
  MISCF_980,
  MISCF_980_MEANING,
  MISCF_MEANING,
} from "./emulator-fields.ts";
import { type Model, nextBreath, switchedOn, type Ventilation } from "./emulator-ventilation.ts";

/**
 * The settings port of a Puritan Bennett 840, written from the protocol paper alone: SNDF and SNDA are answered after their CR
 * and a short while, RSET empties the receive buffer, anything else is ignored. The waveform port is not emulated.
 */

/** What the ventilator's receive buffer holds; the oldest byte gives way to one that does not fit. */
export const RECEIVE_BUFFER_MAX = 64;
/** Commands that wait for their answer. */
export const WAITING_MAX = 4;
const THINKING = { least: 30, most: 140 } as const;
const IDLE = Seconds(1);
const CR = "\r";

export type Pb840State = {
  readonly ventilation: Ventilation;
  /** "recorded": the fields are answered as they are, for ever. */
  readonly fields: "ventilating" | "recorded";
  /** Received, not yet ended by CR. */
  readonly received: string;
  readonly waiting: readonly { readonly answer: AnswerName; readonly due: Duration }[];
};

export type Pb840Options = { readonly model: Model; readonly speed: number };

export function pb840Emulator({ model, speed }: Pb840Options): Emulator<Pb840State> {
  return {
    id: "puritan-bennett-840",
    speed,
    unchecked: true, // PB-11
    start: (seed) => ({ ventilation: switchedOn(seed, model), fields: "ventilating", received: "", waiting: [] }),
    step: (state, heard, at) => {
      let now = listen(state, heard, at);
      const sends: Sent[] = [];
      for (let first = now.waiting[0]; first !== undefined && first.due <= at; first = now.waiting[0]) {
        const ventilation = now.fields === "recorded" ? now.ventilation : nextBreath(now.ventilation, at);
        now = { ...now, ventilation, waiting: now.waiting.slice(1) };
        sends.push(answer(first.answer, ventilation));
      }
      const due = now.waiting[0]?.due;
      return { state: now, sends, next: due === undefined ? IDLE : Milliseconds(due - at) };
    },
  };
}

/** An 840 as it comes out of its box: 9600 bits a second. */
export const puritanBennett840Emulator: Emulator<Pb840State> = pb840Emulator({ model: "840", speed: 9600 });

/** A device that answers with recorded fields, whatever the seed. */
export const recordedState = (miscf: Fields, misca: Fields): Pb840State => ({
  ventilation: { ...switchedOn(1, "840"), miscf, misca },
  fields: "recorded",
  received: "",
  waiting: [],
});

function answer(name: AnswerName, { model, miscf, misca }: Ventilation): Sent {
  const [shape, meaning, fields] = form(name, model, { miscf, misca });
  const bytes = answerBytes(shape, fields);
  return { bytes, unit: { bytes: bytes.length, waves: {}, ...conclude(meaning, fields) } };
}
function form(name: AnswerName, model: Model, { miscf, misca }: { miscf: Fields; misca: Fields }): [AnswerShape, AnswerMeaning, Fields] {
  if (name === "MISCA") return [MISCA, MISCA_MEANING, misca];
  return model === "980" ? [MISCF_980, MISCF_980_MEANING, miscf] : [MISCF, MISCF_MEANING, miscf];
}

function listen(state: Pb840State, heard: Uint8Array, at: Duration): Pb840State {
  let now = state;
  for (const byte of heard) {
    const character = String.fromCharCode(byte);
    if (character !== CR) now = { ...now, received: `${now.received}${character}`.slice(-RECEIVE_BUFFER_MAX) };
    else now = obey({ ...now, received: "" }, now.received, at);
  }
  return now;
}

function obey(state: Pb840State, command: string, at: Duration): Pb840State {
  // Whatever stands in front of it: that is what RSET is for.
  if (command.endsWith("RSET")) return { ...state, waiting: [] };
  if (command !== "SNDF" && command !== "SNDA") return state;
  if (state.waiting.length >= WAITING_MAX) return state;
  const dice = roll(state.ventilation.random);
  const due = Milliseconds(at + dice.between(THINKING.least, THINKING.most));
  const ventilation = { ...state.ventilation, random: dice.state() };
  return { ...state, ventilation, waiting: [...state.waiting, { answer: command === "SNDF" ? "MISCF" : "MISCA", due }] };
}
