/** Quantities with their unit in the type. A bare number never crosses a module boundary as a time or a size. */

/** Elapsed time in milliseconds; may be fractional; never negative. */
export type Duration = number & { readonly unit: "ms" };
/** Monotonic time in nanoseconds since boot (CLOCK_MONOTONIC). Comparable within one boot only. */
export type Mono = bigint & { readonly unit: "ns since boot" };
/** Wall-clock time in milliseconds since 1970-01-01T00:00:00Z, as the host believes it. For stamps only, never for elapsed time. */
export type Wall = number & { readonly unit: "ms since epoch" };
/** A size in bytes. */
export type Bytes = number & { readonly unit: "B" };

/** What an ordinary quartz drifts at most when nobody sets it right: 100 ppm. */
export const CLOCK_DRIFT = 100e-6;

export const Milliseconds = (value: number): Duration => value as Duration;
export const Seconds = (value: number): Duration => (value * 1000) as Duration;
export const Minutes = (value: number): Duration => (value * 60_000) as Duration;
export const KiB = (value: number): Bytes => (value * 1024) as Bytes;
export const MiB = (value: number): Bytes => (value * 1024 * 1024) as Bytes;

/** The instant `time` after `from`. */
export const after = (from: Mono, time: Duration): Mono => (from + BigInt(Math.round(time * 1e6))) as Mono;
/** How long it is from `from` to `to`; negative where `to` came first. */
export const elapsed = (from: Mono, to: Mono): Duration => (Number(to - from) / 1e6) as Duration;
/** Whether what was done at `last` is to be done again; undefined: it never was. */
export const isDue = (last: Mono | undefined, every: Duration, now: Mono): boolean => last === undefined || elapsed(last, now) >= every;
/** Microseconds since boot, the resolution of the wire. Exact below 2^53 µs (285 years of uptime). */
export const microseconds = (at: Mono): number => Number(at / 1000n);
