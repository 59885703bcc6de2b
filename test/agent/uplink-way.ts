import { expect } from "vitest";
import type { BrokerSession, ConnectOptions, Effects } from "../../agent/effects/effects.ts";
import { Fault } from "../../agent/fault/fault.ts";
import type { Lane } from "../../agent/model/model.ts";
import type { Outgoing } from "../../agent/spool/spool.ts";
import { topicsOf } from "../../agent/uplink/topics.ts";
import { Uplink } from "../../agent/uplink/uplink.ts";
import type { Duration } from "../../config/units.ts";
import { entropyOf, HandBroker, StillClock, settle } from "./fakes.ts";

export const TOPICS = topicsOf("gw-1");

export class Session extends HandBroker {
  heard: Parameters<BrokerSession["subscribe"]>[1] = () => undefined;
  subscription = 0;
  ended = 0;
  close: (fault: Fault) => void = () => undefined;
  override closed = new Promise<Fault>((resolve) => {
    this.close = resolve;
  });
  override subscribe(_topic?: string, heard?: Session["heard"]): Promise<number> {
    if (heard !== undefined) this.heard = heard;
    return Promise.resolve(this.subscription);
  }
  override async end(): Promise<void> {
    this.ended += 1;
    this.close(new Fault("uplink.closed", "we ended it"));
  }
  sent(topic: string) {
    return this.published.filter((message) => message.topic === topic);
  }
}

/** An uplink with a broker in the test's hands. A birth is "birth <connection> <nonce>", as text. */
export class Way {
  readonly clock = new StillClock();
  readonly told: string[] = [];
  readonly faults: Fault[] = [];
  readonly attempts: ConnectOptions[] = [];
  readonly live: Outgoing[] = [];
  readonly answered: number[] = [];
  readonly uplink: Uplink;
  session = new Session(20);
  refuses: Fault | undefined;
  read = 0;
  signal: AbortSignal | undefined;

  constructor(receiveMaximum = 20, kinds: readonly string[] = []) {
    this.session = new Session(receiveMaximum);
    const text = (words: string): Uint8Array => new TextEncoder().encode(words);
    const effects: Pick<Effects, "broker" | "vault" | "clock" | "entropy"> = {
      broker: {
        connect: async (options, signal) => {
          this.attempts.push(options);
          this.signal = signal;
          if (this.refuses !== undefined) throw this.refuses;
          return this.session;
        },
      },
      vault: {
        credentials: async () => {
          this.read += 1;
          const bytes = Uint8Array.of(this.read);
          return { ca: bytes, cert: bytes, key: bytes };
        },
      },
      clock: {
        now: this.clock.now,
        wall: this.clock.wall,
        worked: this.clock.worked,
        sleep: async (time: Duration) => {
          await settle();
          this.clock.pass(time);
        },
      },
      entropy: entropyOf(5),
    };
    this.uplink = new Uplink({
      effects,
      server: () => ({ host: "broker", port: 8883 }),
      documents: { kinds, heard: () => undefined, reported: () => undefined },
      gateway: "gw-1",
      topics: TOPICS,
      source: {
        nextLive: () => this.live.shift(),
        nextBacklog: () => undefined,
        answered: (_outgoing, code) => this.answered.push(code),
        connected: () => this.told.push("connected"),
        disconnected: () => this.told.push("disconnected"),
      },
      state: {
        birth: (connection, nonce) => text(`birth ${connection} ${Buffer.from(nonce).toString("hex")}`),
        death: (connection, why) => text(`death ${connection} ${why}`),
        health: (connection) => text(`health ${connection}`),
        nonceOf: (payload) => {
          const [kind, , nonce = ""] = wordsOf(payload).split(" ");
          return kind === "birth" ? Uint8Array.from(Buffer.from(nonce, "hex")) : undefined;
        },
      },
      raise: (fault) => {
        this.faults.push(fault);
        this.told.push(`raise ${fault.key}`);
      },
      doubt: (fault) => this.told.push(...(fault === undefined ? [] : [`doubt ${fault.key}`])),
      clear: (which) => {
        if (which !== "birth" && which !== "health") this.told.push(`clear ${which}`);
      },
    });
  }

  async tick(time = 20): Promise<void> {
    this.uplink.tick(this.clock.pass(time));
    await settle();
  }
  /** Ticks until the phase is reached; at most ten minutes. */
  async until(phase: string): Promise<void> {
    for (let tick = 0; this.uplink.view().phase !== phase; tick++) {
      if (tick > 30_000) expect.fail(`it never was ${phase}`);
      await this.tick();
    }
  }
  async online(): Promise<this> {
    await this.until("proving");
    await settle();
    const [birth] = this.session.sent(TOPICS.birth);
    this.session.heard({ topic: TOPICS.birth, payload: birth!.payload, retain: false });
    birth!.answer(0);
    await this.until("online");
    return this;
  }
  batch(lane: Lane = "report"): void {
    this.live.push({ lane, range: "live", volatile: false, bytes: Uint8Array.of(1), of: undefined as never });
  }
}
export const wordsOf = (payload: Uint8Array): string => new TextDecoder().decode(payload);
