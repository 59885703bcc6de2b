/** Simulated time in microseconds since the world began; an integer, exact for 285 years. */
export type Instant = number;
export const MS = 1_000;
export const SECOND = 1_000_000;

export type Cancel = () => void;
type Event = { readonly at: Instant; readonly order: number; act: (() => void) | undefined };

/**
 * Simulated time. Events run in order of time, then of their making; between two of them all promise reactions run to their
 * end, so that nothing depends on the real scheduler.
 */
export class Schedule {
  #now: Instant = 0;
  #made = 0;
  #heap: Event[] = [];
  #count = 0;

  get now(): Instant {
    return this.#now;
  }

  get events(): number {
    return this.#count;
  }

  after(delay: number, act: () => void): Cancel {
    const event: Event = { at: this.#now + Math.max(0, Math.round(delay)), order: this.#made, act };
    this.#made += 1;
    this.#push(event);
    return () => {
      event.act = undefined;
    };
  }

  /** Runs until `done` or until nothing is left; `done` is asked between events. */
  async run(done: () => boolean): Promise<void> {
    await reactions();
    while (!done()) {
      const event = this.#pop();
      if (event === undefined) return;
      if (event.act === undefined) continue;
      this.#now = event.at;
      this.#count += 1;
      event.act();
      await reactions();
    }
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(event, heap[parent] as Event)) break;
      heap[at] = heap[parent] as Event;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Event, heap[child] as Event)) child += 1;
      if (!before(heap[child] as Event, last)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

const before = (one: Event, other: Event): boolean => one.at < other.at || (one.at === other.at && one.order < other.order);

/** Every promise reaction that is due runs before an immediate does. */
const reactions = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
