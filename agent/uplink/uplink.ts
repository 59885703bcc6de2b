import { sameBytes } from "../../config/bytes-text.ts";
import { elapsed, isDue, Milliseconds, type Mono, Seconds } from "../../config/units.ts";
import type { BrokerSession, Effects } from "../effects/effects.ts";
import { asFault, Fault } from "../fault/fault.ts";
import type { Lane } from "../model/model.ts";
import { type DocumentOptions, Documents } from "./documents.ts";
import { Drain, type Source } from "./drain.ts";
import { REACTIONS } from "./packet-check.table.ts";
import { reasonName } from "./packet-check.ts";
import { probeBroker } from "./probe.ts";
import { Refusals } from "./refusals.ts";
import { nextUplink, PROOF_WITHIN, type UplinkAction, type UplinkInput, type UplinkState, uplinkStart } from "./state.ts";
import { retained, type Topics } from "./topics.ts";

const KEEPALIVE = Seconds(30);
const CONNECT_WITHIN = Seconds(15);
const HEALTH_EVERY = Seconds(10);
/** The retained birth is told again at most this often. */
const BIRTH_EVERY = Milliseconds(500);
/** How long a wanted stop waits for what is under way. */
const STOP_WITHIN = Seconds(2);
const NONCE_BYTES = 8;

export type UplinkOptions = {
  readonly effects: Pick<Effects, "broker" | "vault" | "clock" | "entropy">;
  /** Read for every connect. */
  readonly server: () => { readonly host: string; readonly port: number };
  readonly gateway: string;
  readonly topics: Topics;
  readonly source: Source & { connected(): void; disconnected(): void };
  /** The states of the gateway as bytes; `connection` counts connections of this run. */
  readonly state: {
    birth(connection: number, nonce: Uint8Array): Uint8Array;
    death(connection: number, why: "lost" | "stopped"): Uint8Array;
    health(connection: number): Uint8Array;
    /** The nonce of a birth that was heard; undefined where it is none of ours. */
    nonceOf(payload: Uint8Array): Uint8Array | undefined;
  };
  readonly raise: (fault: Fault) => void;
  readonly clear: (which: "uplink" | Place) => void;
  readonly documents: Omit<DocumentOptions, "topics">;
  /** What is doubtful about the own certificate; undefined where nothing is (any more). */
  readonly doubt: (fault: Fault | undefined) => void;
};
/** Where messages go: the lanes, and the two leaves of state. */
type Place = Lane | "birth" | "health" | "reported" | "desired";
export type UplinkView = {
  readonly phase: UplinkState["phase"];
  readonly connection: number;
  readonly since: Mono;
  readonly inFlight: number;
  readonly because: string | undefined;
  readonly nextAttempt: Mono | undefined;
};

/** One connection after another to the one broker; the thin runner of `nextUplink`. */
export class Uplink {
  readonly #options: UplinkOptions;
  readonly #abort = new AbortController();
  #state: UplinkState;
  #since: Mono;
  #connection = 0;
  #nonce: Uint8Array = new Uint8Array();
  #session: BrokerSession | undefined;
  #drain: Drain | undefined;
  /** What happened since the last tick, in order. */
  #inputs: { readonly connection: number; readonly input: UplinkInput; readonly session?: BrokerSession; readonly fault?: Fault }[] = [];
  readonly #refusals = new Refusals<Place>();
  readonly #documents: Documents;
  /** Another broker is being tried beside this one, which may be the same one by another name. */
  #probing = false;
  #birthDue = false;
  #birthAt: Mono | undefined;
  #healthAt: Mono | undefined;
  #because: Fault | undefined;
  /** What the broker answered while our own birth was awaited. */
  #answers: { subscription?: number; birth?: number } = {};

  constructor(options: UplinkOptions) {
    this.#options = options;
    this.#documents = new Documents({ ...options.documents, topics: options.topics });
    const now = options.effects.clock.now();
    this.#state = uplinkStart(now);
    this.#since = now;
  }

  /** Takes what happened, moves the state on, sends what may be sent. */
  tick(now: Mono): void {
    for (const { connection, input, session, fault } of this.#inputs.splice(0)) {
      // A connection that we gave up may still say how it ended; the next one has begun by then.
      if (connection !== this.#connection || this.#state.phase === "offline") continue;
      if (session !== undefined) this.#session = session;
      if (fault !== undefined) this.#fell(fault);
      this.#step(input, now);
    }
    if (!this.#probing || this.#state.phase !== "offline") this.#step({ saw: "tick" }, now);
    if (this.#state.phase !== "online" || this.#drain === undefined) return;
    if (this.#birthDue && isDue(this.#birthAt, BIRTH_EVERY, now)) this.#sendBirth(now);
    if (isDue(this.#healthAt, HEALTH_EVERY, now) && !this.#isBarred("health", now)) this.#sendHealth(now);
    if (!this.#isBarred("reported", now)) this.#documents.tell(this.#drain, now, (code) => this.#stateAnswered("reported", code));
    this.#drain.send(now);
  }

  /** What runs of this kind, or what was refused, is no longer what was told. */
  reportedChanged(kind: string): void {
    this.#documents.changed(kind);
  }

  /**
   * Tries another broker in a session of its own while this one goes on. Where both are one by two names, the new session ends
   * ours: then we come back when the trial is over, and nobody is alarmed. Throws Fault `document.unreachable`, `uplink.*` or
   * `credentials.*`.
   */
  async probe(server: { readonly host: string; readonly port: number }, isDocument: (payload: Uint8Array) => boolean): Promise<void> {
    const { effects, gateway, topics, state } = this.#options;
    const nonce = effects.entropy.bytes(NONCE_BYTES);
    this.#probing = true;
    try {
      const credentials = await effects.vault.credentials();
      const connect = { ...server, clientId: gateway, credentials, keepalive: KEEPALIVE, within: CONNECT_WITHIN, doubt: () => undefined };
      const birth = { topic: topics.birth, payload: state.birth(this.#connection, nonce) };
      const desired = topics.desired("settings");
      await probeBroker(
        { effects, connect, birth, isBirth: (payload) => this.#bears(payload, nonce), desired, isDocument },
        this.#abort.signal,
      );
    } finally {
      this.#probing = false;
      if (this.#state.phase === "offline") this.#step({ saw: "moved" }, effects.clock.now());
    }
  }

  /** The settings name another broker: this one is left in order, and the other one tried soon. */
  moved(): void {
    const { clock } = this.#options.effects;
    const [session, drain] = [this.#session, this.#drain];
    void this.#tellDeath(session, drain).then(() => session?.end());
    drain?.end();
    if (this.#state.phase !== "offline") this.#options.source.disconnected();
    this.#drain = undefined;
    this.#session = undefined;
    // Whatever the old connection still says is not heard any more.
    this.#connection += 1;
    this.#step({ saw: "moved" }, clock.now());
  }

  /** The birth no longer tells the truth; it is told again soon. */
  changed(): void {
    this.#birthDue = true;
  }

  view(): UplinkView {
    const { phase } = this.#state;
    return {
      phase,
      connection: this.#connection,
      since: this.#since,
      inFlight: this.#drain?.inFlight ?? 0,
      because: phase === "online" ? undefined : this.#because?.key,
      nextAttempt: this.#state.phase === "offline" ? this.#state.until : undefined,
    };
  }

  /** A wanted stop: what is under way is waited for, the death is published, the connection closed. At most two seconds. */
  async stop(): Promise<void> {
    const { clock } = this.#options.effects;
    const until = clock.now();
    const drain = this.#drain;
    while (this.#state.phase === "online" && drain !== undefined && elapsed(until, clock.now()) < STOP_WITHIN) {
      drain.send(clock.now());
      if (drain.inFlight === 0) break;
      await clock.sleep(Milliseconds(20), this.#abort.signal);
    }
    const session = this.#session;
    const told = await this.#tellDeath(session, drain);
    drain?.end();
    this.#options.source.disconnected();
    // Where the death has no room under the server's quota, the will tells it; an orderly end would take the will away.
    if (told) await session?.end();
    this.#abort.abort();
  }

  /** Also before the way back is proved: a birth of this connection may stand there, retained. False where it cannot be sent. */
  async #tellDeath(session: BrokerSession | undefined, drain: Drain | undefined): Promise<boolean> {
    const { effects, topics, state } = this.#options;
    const death = retained(topics.birth, state.death(this.#connection, "stopped"));
    const told = session === undefined ? undefined : drain?.sendState(death);
    if (told === undefined) return false;
    await Promise.race([told, session?.closed, effects.clock.sleep(STOP_WITHIN, this.#abort.signal)]);
    return true;
  }

  #step(input: UplinkInput, now: Mono): void {
    const before = this.#state.phase;
    const { state, actions } = nextUplink(this.#state, input, now);
    this.#state = state;
    if (state.phase !== before) this.#since = now;
    for (const action of actions) this.#act(action, now);
  }

  #act(action: UplinkAction, now: Mono): void {
    switch (action.do) {
      case "connect":
        void this.#connect();
        return;
      case "prove":
        void this.#prove(now);
        return;
      case "goOnline":
        this.#goOnline(now);
        return;
      case "goOffline":
        return;
      case "close":
        this.#close(action.key);
        return;
    }
  }

  async #connect(): Promise<void> {
    const { effects, gateway, topics, state, doubt } = this.#options;
    const server = this.#options.server();
    this.#connection += 1;
    const connection = this.#connection;
    try {
      const credentials = await effects.vault.credentials();
      const will = retained(topics.birth, state.death(connection, "lost"));
      const options = { ...server, clientId: gateway, credentials, keepalive: KEEPALIVE, within: CONNECT_WITHIN, will, doubt };
      const session = await effects.broker.connect(options, this.#abort.signal);
      if (connection !== this.#connection) {
        await session.end();
        return;
      }
      this.#inputs.push({ connection, input: { saw: "connected" }, session });
      const fault = await session.closed;
      this.#inputs.push({ connection, input: this.#ended(fault), fault });
    } catch (caught) {
      const fault = asFault(caught, "uplink.unreachable", "Cannot connect to the broker");
      this.#inputs.push({ connection, input: this.#ended(fault), fault });
    }
  }

  /** Subscribes to our own birth and publishes it: when its nonce comes back, the way is open in both directions. */
  async #prove(now: Mono): Promise<void> {
    const { topics, source, effects } = this.#options;
    const session = this.#session;
    if (session === undefined) return;
    this.#nonce = effects.entropy.bytes(NONCE_BYTES);
    const nonce = this.#nonce;
    const connection = this.#connection;
    const answers: { subscription?: number; birth?: number } = {};
    this.#answers = answers;
    this.#drain = new Drain({
      session,
      source,
      topics,
      now: () => effects.clock.now(),
      answered: (lane, code) => this.#answered(lane, code),
      barred: (lane, now) => this.#refusals.barred(lane, now),
    });
    try {
      answers.subscription = await session.subscribe(topics.birth, ({ payload }) => {
        // Every later birth comes back as well, and proves nothing more.
        if (this.#state.phase !== "proving") return;
        if (this.#bears(payload, nonce)) this.#inputs.push({ connection, input: { saw: "heardOurselves" } });
      });
    } catch (caught) {
      this.#options.raise(asFault(caught, "uplink.no_round_trip", "The broker did not take our subscription"));
      return;
    }
    if (this.#session === session) this.#sendBirth(now);
  }

  #goOnline(now: Mono): void {
    this.#because = undefined;
    this.#healthAt = undefined;
    this.#options.clear("uplink");
    this.#options.source.connected();
    if (this.#session !== undefined) void this.#documents.online(this.#session, this.#options);
    this.#drain?.send(now);
  }

  /** The connection ended or never came to be. */
  #fell(fault: Fault): void {
    this.#drain?.end();
    this.#drain = undefined;
    this.#session = undefined;
    this.#options.source.disconnected();
    if (!this.#probing) this.#options.raise(fault);
    this.#because = fault;
  }

  #close(key: "uplink.no_round_trip" | Fault["key"]): void {
    const fault = new Fault(key, this.#unproved());
    const session = this.#session;
    this.#inputs.push({ connection: this.#connection, input: this.#ended(fault), fault });
    void session?.end();
  }

  /** Why the way back could not be walked, from what the broker answered on the way. */
  #unproved(): string {
    const { birth } = this.#options.topics;
    const { subscription, birth: kept } = this.#answers;
    const late = `did not come back within ${PROOF_WITHIN / 1000} s`;
    const begin = `The broker took the session, but this gateway's own message on ${birth} ${late}`;
    if (kept !== undefined && kept >= 0x80) return `${begin}: the broker refused to take it (${reasonName(kept)})`;
    if (subscription !== undefined && subscription >= 0x80)
      return `${begin}: the broker does not let it be read (${reasonName(subscription)})`;
    return kept === undefined ? `${begin}: the broker did not say that it has it` : `${begin}: the broker took it and gave it to nobody`;
  }

  #sendBirth(now: Mono): void {
    const bytes = this.#options.state.birth(this.#connection, this.#nonce);
    const answer = this.#drain?.sendState(retained(this.#options.topics.birth, bytes));
    if (answer === undefined) return;
    const answers = this.#answers;
    void answer.then((code) => {
      answers.birth = code;
      this.#stateAnswered("birth", code);
    });
    this.#birthDue = false;
    this.#birthAt = now;
  }

  #sendHealth(now: Mono): void {
    const bytes = this.#options.state.health(this.#connection);
    const answer = this.#drain?.sendState(retained(this.#options.topics.health, bytes));
    if (answer === undefined) return;
    void answer.then((code) => this.#stateAnswered("health", code));
    this.#healthAt = now;
  }

  #stateAnswered(place: "birth" | "health" | "reported", code: number): void {
    // Until the way back is proved, the proof itself tells what is wrong.
    if (this.#state.phase === "online") this.#answered(place, code);
  }

  #answered(place: Place, code: number): void {
    const { topics, raise, clear, effects } = this.#options;
    this.#refusals.answered(place, code, effects.clock.now());
    if (code < 0x80) {
      clear(place);
      return;
    }
    const topic = topicOf(topics, place);
    const means = REACTIONS.puback[code]?.means ?? "the code is not explained";
    raise(
      new Fault("uplink.publish_refused", `The broker refused a message on ${topic} (${reasonName(code)}): ${means}`, {
        lane: place,
        code,
      }),
    );
  }

  #isBarred(place: "health" | "reported", now: Mono): boolean {
    return this.#refusals.barred(place, now) !== undefined;
  }

  #ended(fault: Fault): UplinkInput {
    const drawn = this.#options.effects.entropy.bytes(4);
    const { react = "again" } = fault.context;
    // Where it ended for what is not sent again for now, the rest need not wait.
    const forRefusal = this.#refusals.ended(fault.context.code, this.#options.effects.clock.now());
    const wait = react === "again" || forRefusal ? "usual" : "later";
    return { saw: "ended", key: fault.key, wait, jitter: new DataView(drawn.buffer, drawn.byteOffset).getUint32(0) / 2 ** 32 };
  }

  /** Whether this is our own birth, published with this nonce. */
  #bears(payload: Uint8Array, nonce: Uint8Array): boolean {
    const heard = this.#options.state.nonceOf(payload);
    return heard !== undefined && sameBytes(heard, nonce);
  }
}

function topicOf(topics: Topics, place: Place): string {
  switch (place) {
    case "birth":
    case "health":
      return topics[place];
    case "reported":
    case "desired":
      return topics[place]("+");
    case "alert":
    case "event":
    case "report":
    case "wave":
      return topics.lane(place);
  }
}
