import { elapsed, Milliseconds, type Mono } from "../../config/units.ts";
import type { Reading } from "../../drivers/kit/reading.ts";

export type Wave = Extract<Reading, { told: "wave" }>;
/** Samples that become one record, and when the last of them was read. */
export type WaveBlock = { readonly wave: Wave; readonly at: Mono };

/**
 * What a device sends sample by sample is stamped in blocks of this length: no shorter than those in which other monitors send theirs
 * (256 ms, 333 ms, a second), and no longer than the commit window of waves. Until then they are as bytes that are still on the line: a
 * kill or a power cut may cost them, and no number of a record is taken for them.
 */
export const WAVE_BLOCK = Milliseconds(250);

/**
 * The waves of one epoch on their way to the stamp. Samples that follow one another without a hole, in one shape and with the same doubt,
 * become one block; nothing else is ever put together, and no sample changes its number.
 *
 * | a reading                                              | the block before it      | itself                 |
 * |--------------------------------------------------------|--------------------------|------------------------|
 * | goes on where the block ends, and says the same        | grows by it              | is in it               |
 * | has a hole before it, another shape, doubt or word     | is ready                 | begins the next        |
 * | lasts WAVE_BLOCK by itself, or nobody knows how long   | is ready                 | is ready               |
 *
 * A block is ready as well when it lasts WAVE_BLOCK, when its first sample has waited that long, and when its epoch ends.
 */
export class WaveBlocks {
  /** By reference id. */
  readonly #open = new Map<string, Open>();

  /** What is ready now that this came, in order. */
  add(wave: Wave, at: Mono): readonly WaveBlock[] {
    const key = wave.metric.refid;
    const open = this.#open.get(key);
    if (open !== undefined && goesOn(open, wave)) {
      open.waves.push(wave);
      open.count += countOf(wave);
      open.at = at;
      return isLong(wave, open.count) ? this.#close([[key, open]]) : [];
    }
    const ready = open === undefined ? [] : this.#close([[key, open]]);
    if (isLong(wave, countOf(wave))) return [...ready, { wave, at }];
    this.#open.set(key, { waves: [wave], count: countOf(wave), since: at, at });
    return ready;
  }

  /** What has waited long enough. */
  due(now: Mono): readonly WaveBlock[] {
    return this.#open.size === 0 ? NONE : this.#close([...this.#open].filter(([, { since }]) => elapsed(since, now) >= WAVE_BLOCK));
  }

  /** All that waits: its epoch ends. */
  all(): readonly WaveBlock[] {
    return this.#close([...this.#open]);
  }

  #close(ready: readonly (readonly [key: string, open: Open])[]): readonly WaveBlock[] {
    for (const [key] of ready) this.#open.delete(key);
    return ready.map(([, { waves, count, at }]) => ({ wave: joined(waves, count), at }));
  }
}

const NONE: readonly WaveBlock[] = [];
type Open = { readonly waves: Wave[]; count: number; readonly since: Mono; at: Mono };

const countOf = ({ samples, absent = 0 }: Wave): number => samples.length + absent;

/** Where the rate is not known nobody knows how long it lasts, and nothing is put together. */
function isLong({ metric: { rate } }: Wave, count: number): boolean {
  return rate === undefined || (count * rate[1] * 1000) / rate[0] >= WAVE_BLOCK;
}

function goesOn({ waves: [begun], count }: Open, wave: Wave): boolean {
  return (
    begun !== undefined &&
    wave.metric === begun.metric &&
    wave.first === begun.first + count &&
    wave.gapBefore === undefined &&
    (wave.absent === undefined) === (begun.absent === undefined) &&
    wave.validity === begun.validity &&
    wave.reason === begun.reason &&
    wave.demo === begun.demo &&
    wave.qualifiers?.join() === begun.qualifiers?.join()
  );
}

function joined(waves: readonly Wave[], count: number): Wave {
  const begun = waves[0]!;
  if (waves.length === 1) return begun;
  return begun.absent === undefined ? { ...begun, samples: waves.flatMap(({ samples }) => samples) } : { ...begun, absent: count };
}
