import type { Emulator, Sent } from "../kit/emulator.ts";
import { roll } from "./emulator-dice.ts";

/**
 * A device or a line that damages every n-th answer. A damaged answer carries no unit: a faithful reader publishes nothing of
 * it. The damage is always one that the paper lets a reader see (there is no checksum: a wrong digit it could not see).
 */
export type FaultyState<S> = { readonly device: S; readonly answers: number; readonly random: number };

/** Every n-th answer ends early, at a byte drawn by the seed: byte and field count do not hold. */
export const cutAnswers = <S>(device: Emulator<S>, every: number): Emulator<FaultyState<S>> =>
  damaged(device, every, (bytes, at) => bytes.slice(0, Math.max(1, Math.floor(at * bytes.length))));

/** Every n-th answer has one byte with bit 7 set: the text holds more than 20-7E. */
export const flippedBytes = <S>(device: Emulator<S>, every: number): Emulator<FaultyState<S>> =>
  damaged(device, every, (bytes, at) => bytes.map((byte, index) => (index === Math.floor(at * bytes.length) ? byte | 0x80 : byte)));

/** `at` is a place in the answer, 0 (included) to 1 (excluded). */
type Damage = (bytes: Uint8Array, at: number) => Uint8Array;

function damaged<S>(device: Emulator<S>, every: number, damage: Damage): Emulator<FaultyState<S>> {
  return {
    id: device.id,
    speed: device.speed,
    start: (seed) => ({ device: device.start(seed), answers: 0, random: seed }),
    step: (state, heard, at) => {
      const turn = device.step(state.device, heard, at);
      const dice = roll(state.random);
      let answers = state.answers;
      const sends = turn.sends.map((sent): Sent => {
        if (sent.unit === undefined) return sent;
        answers += 1;
        return answers % every === 0 ? { bytes: damage(sent.bytes, dice.unit()) } : sent;
      });
      return { state: { device: turn.state, answers, random: dice.state() }, sends, next: turn.next };
    },
  };
}
