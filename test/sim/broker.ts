import type { Broker, BrokerSession, ConnectOptions, Message } from "../../agent/effects/effects.ts";
import { Fault } from "../../agent/fault/fault.ts";
import { type Life, never, type Stage } from "./life.ts";
import { type Instant, MS, SECOND } from "./schedule.ts";

/** How the broker and the network behave in a seed. Chances are per message; times in µs. */
export type BrokerManner = {
  readonly receiveMaximum: number;
  readonly travelMax: number;
  readonly ackMax: number;
  /** The connection breaks before the message was recorded, or after it and before the PUBACK. */
  readonly dropBefore: number;
  readonly dropAfter: number;
  /** Nothing is taken and nothing answered for a while, and the connection stays. */
  readonly pause: number;
  readonly pauseMax: number;
  /** PUBACK 0x10: accepted, no subscriber. */
  readonly noSubscriber: number;
  /** A lane's topic is refused with 0x87 for a while. */
  readonly refuse: number;
  readonly refuseMax: number;
  /** After a drop no connection is taken for up to this long. */
  readonly downMax: number;
};

/** What the receiver has: every PUBLISH that reached the broker. */
export type Received = {
  readonly at: Instant;
  readonly life: Life;
  readonly connection: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  readonly properties: Readonly<Record<string, string>>;
  readonly code: number;
};
/** Hears what happens at the broker, in order. */
export type Receiver = {
  /** The agent handed over a message; returns what it says, for the trace. */
  published(connection: Connection, message: Message): string;
  received(message: Received): void;
  /** A PUBACK has reached a living process. */
  answered(message: Received): void;
};

export type Connection = {
  readonly number: number;
  readonly life: Life;
  readonly will: Message | undefined;
  open: boolean;
  unanswered: number;
  /** Messages that left the agent and have not arrived. */
  readonly onTheWay: { message: Message; resolve: (code: number) => void }[];
  /** Earliest time for the next arrival and the next answer: both keep their order. */
  arrivesAfter: Instant;
  answersAfter: Instant;
  readonly heard: Map<string, (message: { topic: string; payload: Uint8Array; retain: boolean }) => void>;
  readonly close: (fault: Fault) => void;
};

export class SimBroker {
  readonly #stage: Stage;
  readonly #receiver: Receiver;
  readonly #problem: (checker: string, text: string) => void;
  readonly #retained = new Map<string, Message>();
  readonly #refusedUntil = new Map<string, Instant>();
  #manner: BrokerManner;
  #downUntil: Instant = 0;
  #pausedUntil: Instant = 0;
  #connection: Connection | undefined;
  #connections = 0;
  #lateWill: Message | undefined;

  constructor(stage: Stage, manner: BrokerManner, receiver: Receiver, problem: (checker: string, text: string) => void) {
    this.#stage = { ...stage, random: stage.random.stream("broker") };
    this.#manner = manner;
    this.#receiver = receiver;
    this.#problem = problem;
  }

  /** From now on the broker behaves like this; outages under way end. */
  behave(manner: BrokerManner): void {
    this.#manner = manner;
    this.#downUntil = 0;
    this.#pausedUntil = 0;
    this.#refusedUntil.clear();
  }

  down(until: Instant): void {
    this.#downUntil = until;
    this.#drop("broker down");
  }

  /** The process died; what was in the host's socket may still arrive, a prefix of it. */
  lifeEnded(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const arriving = this.#stage.random.between(0, connection.onTheWay.length);
    for (const { message } of connection.onTheWay.splice(0, arriving)) this.#record(connection, message);
    this.#drop("process gone");
  }

  of(life: Life): Broker {
    return { connect: (options, signal) => this.#connect(life, options, signal) };
  }

  async #connect(life: Life, options: ConnectOptions, signal: AbortSignal): Promise<BrokerSession> {
    if (!life.alive) return never();
    const { random, trace, schedule } = this.#stage;
    const delay = random.between(1 * MS, 40 * MS);
    trace.add("connect", schedule.now, life.index, delay);
    return life.later(delay, () => {
      if (signal.aborted) throw new Fault("uplink.closed", "given up");
      if (schedule.now < this.#downUntil)
        throw new Fault(random.pick(["uplink.unreachable", "uplink.refused", "uplink.timed_out"]), "The broker is down");
      return this.#accept(life, options);
    });
  }

  #accept(life: Life, options: ConnectOptions): BrokerSession {
    const { trace, schedule } = this.#stage;
    if (this.#connection !== undefined) this.#drop("taken over");
    if (this.#lateWill !== undefined) this.#publishWill();
    this.#connections += 1;
    let close: (fault: Fault) => void = () => undefined;
    const closed = new Promise<Fault>((resolve) => {
      close = (fault) => {
        if (life.alive) resolve(fault);
      };
    });
    const connection: Connection = {
      number: this.#connections,
      life,
      will: options.will,
      open: true,
      unanswered: 0,
      onTheWay: [],
      arrivesAfter: schedule.now,
      answersAfter: schedule.now,
      heard: new Map(),
      close,
    };
    this.#connection = connection;
    trace.add("connack", schedule.now, connection.number);
    return {
      receiveMaximum: this.#manner.receiveMaximum,
      packetMax: Number.POSITIVE_INFINITY,
      closed,
      publish: (message) => this.#publish(connection, message),
      subscribe: (topic, heard) => this.#subscribe(connection, topic, heard),
      end: () => this.#endedByAgent(connection),
    };
  }

  #publish(connection: Connection, given: Message): Promise<number> {
    if (!connection.life.alive || !connection.open) return never();
    const { trace, schedule, random } = this.#stage;
    const message = { ...given, payload: given.payload.slice() };
    const said = this.#receiver.published(connection, message);
    trace.add("publish", schedule.now, connection.number, message.topic, said);
    trace.bytes(message.payload);
    connection.unanswered += 1;
    if (connection.unanswered > this.#manner.receiveMaximum) {
      this.#problem("quota", `${connection.unanswered} unanswered messages where ${this.#manner.receiveMaximum} are allowed`);
    }
    return new Promise((resolve) => {
      connection.onTheWay.push({ message, resolve });
      const due = Math.max(connection.arrivesAfter, schedule.now + random.between(100, this.#manner.travelMax));
      connection.arrivesAfter = due;
      schedule.after(due - schedule.now, () => this.#arrive(connection));
    });
  }

  /** The oldest message that is on its way reaches the broker. */
  #arrive(connection: Connection): void {
    if (!connection.open) return;
    const { schedule, random } = this.#stage;
    const manner = this.#manner;
    if (schedule.now < this.#pausedUntil) {
      schedule.after(this.#pausedUntil - schedule.now, () => this.#arrive(connection));
      return;
    }
    if (random.chance(manner.pause)) {
      this.#pausedUntil = schedule.now + random.between(100 * MS, manner.pauseMax);
      schedule.after(this.#pausedUntil - schedule.now, () => this.#arrive(connection));
      return;
    }
    if (random.chance(manner.dropBefore)) {
      this.#breakDown();
      return;
    }
    const next = connection.onTheWay.shift();
    if (next === undefined) return;
    const received = this.#record(connection, next.message);
    if (random.chance(manner.dropAfter)) {
      this.#breakDown();
      return;
    }
    const due = Math.max(connection.answersAfter, schedule.now + random.between(100, manner.ackMax));
    connection.answersAfter = due;
    schedule.after(due - schedule.now, () => {
      if (!connection.open || !connection.life.alive) return;
      connection.unanswered -= 1;
      this.#stage.trace.add("puback", schedule.now, connection.number, received.code, received.topic);
      this.#receiver.answered(received);
      next.resolve(received.code);
    });
  }

  #record(connection: Connection, message: Message): Received {
    const { schedule } = this.#stage;
    const code = this.#codeFor(message.topic);
    const received = { ...message, at: schedule.now, life: connection.life, connection: connection.number, code };
    this.#receiver.received(received);
    if (code < 0x80) {
      if (message.retain) this.#retained.set(message.topic, message);
      this.#deliver(message, false);
    }
    return received;
  }

  #codeFor(topic: string): number {
    const { random, schedule } = this.#stage;
    const isRecords = /\/up\/(alerts|events|reports|waves)$/.test(topic);
    if (isRecords && random.chance(this.#manner.refuse)) {
      this.#refusedUntil.set(topic, schedule.now + random.between(1 * SECOND, this.#manner.refuseMax));
    }
    if (schedule.now < (this.#refusedUntil.get(topic) ?? 0)) return 0x87;
    return random.chance(this.#manner.noSubscriber) ? 0x10 : 0;
  }

  #deliver(message: Message, retain: boolean): void {
    const connection = this.#connection;
    const hear = connection?.heard.get(message.topic);
    if (connection === undefined || hear === undefined) return;
    this.#stage.schedule.after(this.#stage.random.between(100, this.#manner.travelMax), () => {
      if (connection.open && connection.life.alive) hear({ topic: message.topic, payload: message.payload.slice(), retain });
    });
  }

  #subscribe(
    connection: Connection,
    topic: string,
    hear: (message: { topic: string; payload: Uint8Array; retain: boolean }) => void,
  ): Promise<number> {
    if (!connection.life.alive || !connection.open) return never();
    const { schedule, random, trace } = this.#stage;
    trace.add("subscribe", schedule.now, connection.number, topic);
    return new Promise((resolve) => {
      schedule.after(random.between(200, 2 * this.#manner.travelMax), () => {
        if (!connection.open || !connection.life.alive) return;
        connection.heard.set(topic, hear);
        resolve(1);
        const retained = this.#retained.get(topic);
        if (retained !== undefined) this.#deliver(retained, true);
      });
    });
  }

  /** DISCONNECT 0x00 after what was sent before it: the messages arrive, their answers do not, and there is no will. */
  #endedByAgent(connection: Connection): Promise<void> {
    return connection.life.later(this.#stage.random.between(200, 2 * this.#manner.travelMax), () => {
      if (!connection.open) return;
      for (const { message } of connection.onTheWay.splice(0)) this.#record(connection, message);
      this.#close(connection, "ended by the agent");
    });
  }

  #breakDown(): void {
    const { schedule, random } = this.#stage;
    if (this.#manner.downMax > 0 && random.chance(0.5)) this.#downUntil = schedule.now + random.between(0, this.#manner.downMax);
    this.#drop("connection lost");
  }

  /** The connection breaks; the broker notices it a little later and publishes the will. */
  #drop(why: string): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#close(connection, why);
    this.#lateWill = connection.will;
    this.#stage.schedule.after(this.#stage.random.between(0, 2 * SECOND), () => {
      if (this.#lateWill === connection.will) this.#publishWill();
    });
  }

  #close(connection: Connection, why: string): void {
    this.#stage.trace.add("closed", this.#stage.schedule.now, connection.number, why);
    connection.open = false;
    connection.close(new Fault("uplink.closed", `The simulated connection ended: ${why}`));
    if (this.#connection === connection) this.#connection = undefined;
  }

  #publishWill(): void {
    const will = this.#lateWill;
    this.#lateWill = undefined;
    if (will === undefined) return;
    if (will.retain) this.#retained.set(will.topic, will);
    this.#deliver(will, false);
  }
}
