import { expect } from "vitest";
import type { Lane } from "../../agent/model/model.ts";
import type { Attachment, Discarded, SessionHooks } from "../../agent/session/attachment.ts";
import { Session } from "../../agent/session/session.ts";
import { Seconds } from "../../config/units.ts";
import { type AnyDriver, driver } from "../../drivers/kit/driver.ts";
import { type ConditionMetric, numeric, type Reading } from "../../drivers/kit/reading.ts";
import { decodeBatch } from "../../proto/codec.ts";
import { HandLine, StillClock, settle } from "./fakes.ts";

export const START = 0x02;
export const LENGTH = 5;
export const PULSE = numeric("MDC_PULS_OXIM_PULS_RATE", "MDC_DIM_BEAT_PER_MIN");
const LOST: ConditionMetric = { kind: "condition", refid: "test.sensor", nature: "technical", on: "device" };
export const ASK = Uint8Array.of(0x3f);
/** 02 kind value 0 sum */
export const frame = (kind: string, value: number): Uint8Array => {
  const code = kind.charCodeAt(0);
  return Uint8Array.of(START, code, value, 0, (START + code + value) & 0xff);
};

/** A device that tells a number (n), a serial number (i), a condition (c), what its driver remembers (m) or cannot bear (x). */
export const tiny = driver({
  id: "tiny",
  device: "tiny",
  grade: "document",
  line: { speed: 9600, format: "8N1", modemLines: "untouched" },
  quiet: Seconds(3),
  proof: 3,
  frame: {
    fixed: { start: START, length: LENGTH, accepts: (bytes) => (bytes[0]! + bytes[1]! + bytes[2]! + bytes[3]!) % 256 === bytes[4] },
  },
  metrics: [PULSE, LOST],
  tx: { ask: { holes: [], encode: () => ASK } },
  memory: 0,
  decode: (bytes, memory) => {
    const kind = String.fromCharCode(bytes[1]!);
    if (kind === "x") throw new RangeError("the driver did not think of this");
    return { readings: kind === "m" ? [number(memory)] : readingsOf(kind, bytes[2]!), memory: memory + 1 };
  },
});
function readingsOf(kind: string, value: number): Reading[] {
  if (kind === "i") return [{ told: "identity", fact: "serial", value: `sn-${value}` }, number(value)];
  if (kind === "c") return [{ told: "condition", metric: LOST, present: value > 0 }, number(value)];
  return [number(value)];
}
export const number = (value: number): Reading => ({ told: "number", metric: PULSE, value: { mantissa: BigInt(value), exponent: 0 } });

/** A session, its line, and what it told the rest of the agent in words. */
export class Room {
  readonly clock = new StillClock();
  readonly line: HandLine;
  readonly said: string[] = [];
  /** Of the faults. */
  readonly texts: string[] = [];
  readonly attachments: Attachment[] = [];
  readonly discards: Discarded[] = [];
  readonly session: Session;
  /** What a commit comes to. */
  commit: () => Promise<boolean> = async () => {
    this.said.push("commit");
    return true;
  };
  #epoch = 0;

  constructor(options: { driver?: AnyDriver; hardware?: boolean; line?: HandLine } = {}) {
    this.line = options.line ?? new HandLine();
    const hooks: SessionHooks = {
      commit: () => this.commit(),
      keep: (lane, { epoch, encode }) =>
        this.said.push(
          `${lane} ${epoch} ${toldIn(
            lane,
            encode({ n: 0, atUs: 0 }, () => 1),
          )}`,
        ),
      beginEpoch: (attachment) => {
        this.attachments.push(attachment);
        this.#epoch += 1;
        const { facts, node } = attachment;
        this.said.push(`begin ${this.#epoch} ${JSON.stringify(facts)}${node === undefined ? "" : ` at ${node.join("/")}`}`);
        return this.#epoch;
      },
      endEpoch: (epoch, reason) => this.said.push(`end ${epoch} ${reason}`),
      clockAt: (at) => ({ mono: at, wall: this.clock.wall(), quality: { known: "unsynced", source: "" } }),
      deviceClock: (epoch, { offset, step }) => this.said.push(`clock ${epoch} ${offset}${step === undefined ? "" : ` by ${step.by}`}`),
      learned: (epoch, facts) => this.said.push(`learned ${epoch} ${JSON.stringify(facts)}`),
      discarded: (what) => this.discards.push(what),
      raise: (fault) => {
        this.texts.push(fault.message);
        this.said.push(`raise ${fault.key}${fault.context.frame === undefined ? "" : ` ${fault.context.frame}`}`);
      },
      clear: () => this.said.push("clear"),
      changed: () => undefined,
    };
    this.session = new Session({
      effects: { clock: this.clock, serial: this.line },
      port: { path: "/dev/ttyS0", location: "uart-0", hardware: options.hardware ?? true, facts: {} },
      driver: options.driver ?? tiny,
      admitted: { device: "monitor-1", socket: "bed-1", known: "socket" },
      hooks,
    });
  }

  async tick(...frames: readonly Uint8Array[]): Promise<void> {
    this.line.say(...frames);
    this.session.tick(this.clock.pass(20));
    await settle();
  }
  async pass(time: number): Promise<void> {
    for (let passed = 0; passed < time; passed += 20) await this.tick();
  }
  /** Open, and proved by three frames. */
  async streaming(): Promise<this> {
    await this.tick();
    await this.tick();
    await this.tick(frame("n", 1), frame("n", 2), frame("n", 3));
    expect(this.session.view().phase).toBe("streaming");
    return this;
  }
  taken(): string[] {
    return this.said.splice(0);
  }
}

function toldIn(lane: Lane, field: Uint8Array): string {
  const [record] = decodeBatch(field)!.records;
  const body = record!.body;
  if (lane === "alert" && body.kind === "alert")
    return `${body.alert.edge === 1 ? "onset" : "clear"}${body.alert.cause === 1 ? " at start" : ""}`;
  const value = body.kind === "report" ? body.report.observations[0]?.value : undefined;
  return value?.kind === "decimal" ? String(value.decimal.mantissa) : "nothing";
}
