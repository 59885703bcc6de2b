import type { Mono } from "../../config/units.ts";
import type { BrokerSession, Message } from "../effects/effects.ts";
import type { Lane } from "../model/model.ts";
import type { Outgoing } from "../spool/spool.ts";
import type { Topics } from "./topics.ts";

/** Messages that may be unanswered at once, whatever the server would take: what a dying connection may send twice. */
export const IN_FLIGHT_MAX = 100;
/** Of these, the backlog takes at most this share, so that live readings never wait behind it. */
const BACKLOG_SHARE = 0.5;
/** The keepers of the last places: birth and health are never crowded out. */
const STATE_RESERVE = 2;

/** Where batches come from, and where their answers go. */
export type Source = {
  nextLive(now: Mono): Outgoing | undefined;
  nextBacklog(now: Mono): Outgoing | undefined;
  answered(outgoing: Outgoing, code: number, now: Mono): void;
};

/** Sends batches over one session, never more unanswered than the server's Receive Maximum. */
export class Drain {
  readonly #session: BrokerSession;
  readonly #source: Source;
  readonly #topics: Topics;
  readonly #answered: (lane: Lane, code: number) => void;
  readonly #barred: (lane: Lane, now: Mono) => number | undefined;
  readonly #now: () => Mono;
  readonly #quota: number;
  readonly #backlogQuota: number;
  #inFlight = 0;
  #backlogInFlight = 0;
  /** A message of state found no room and comes again: a place is kept for it. */
  #owed = false;
  #ended = false;

  constructor(options: {
    session: BrokerSession;
    source: Source;
    topics: Topics;
    now: () => Mono;
    answered: (lane: Lane, code: number) => void;
    /** The code with which batches of this lane are answered here; undefined: the broker is asked. */
    barred: (lane: Lane, now: Mono) => number | undefined;
  }) {
    this.#session = options.session;
    this.#source = options.source;
    this.#topics = options.topics;
    this.#now = options.now;
    this.#answered = options.answered;
    this.#barred = options.barred;
    this.#quota = Math.max(1, Math.min(IN_FLIGHT_MAX, options.session.receiveMaximum));
    this.#backlogQuota = Math.max(1, Math.floor(this.#quota * BACKLOG_SHARE));
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Sends what may be sent now: live first, then backlog. */
  send(now: Mono): void {
    const reserve = this.#quota > STATE_RESERVE ? STATE_RESERVE : this.#owed ? 1 : 0;
    const room = this.#quota - reserve;
    while (!this.#ended && this.#inFlight < room) {
      const backlogRoom = this.#backlogInFlight < this.#backlogQuota;
      const outgoing = this.#source.nextLive(now) ?? (backlogRoom ? this.#source.nextBacklog(now) : undefined);
      if (outgoing === undefined) return;
      const barred = this.#barred(outgoing.lane, now);
      if (barred === undefined) this.#publish(outgoing);
      else this.#source.answered(outgoing, barred, now);
    }
  }

  /** Publishes a message of state (birth, health) where the quota allows. Undefined: not now, try again at the next tick. */
  sendState(message: Message): Promise<number> | undefined {
    this.#owed = this.#inFlight >= this.#quota;
    if (this.#ended || this.#owed) return undefined;
    this.#inFlight += 1;
    return this.#session.publish(message).then((code) => {
      this.#inFlight -= 1;
      return code;
    });
  }

  /** The session is over: late answers count for nothing. */
  end(): void {
    this.#ended = true;
  }

  #publish(outgoing: Outgoing): void {
    const { lane, range, volatile, bytes } = outgoing;
    const backlog = range === "backlog" ? 1 : 0;
    this.#inFlight += 1;
    this.#backlogInFlight += backlog;
    const properties = volatile ? { range, volatile: "true" } : { range };
    void this.#session.publish({ topic: this.#topics.lane(lane), payload: bytes, retain: false, properties }).then((code) => {
      if (this.#ended) return;
      this.#inFlight -= 1;
      this.#backlogInFlight -= backlog;
      const at = this.#now();
      this.#source.answered(outgoing, code, at);
      this.#answered(lane, code);
      // An answer makes room: what waited goes now, not at the next tick.
      this.send(at);
    });
  }
}
