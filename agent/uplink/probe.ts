import { Seconds } from "../../config/units.ts";
import type { BrokerSession, ConnectOptions, Effects } from "../effects/effects.ts";
import { Fault } from "../fault/fault.ts";
import { reasonName } from "./packet-check.ts";

/** Each of the two answers must come within this time after CONNACK. */
const ANSWER_WITHIN = Seconds(10);

export type ProbeOptions = {
  readonly effects: Pick<Effects, "broker" | "clock">;
  readonly connect: Omit<ConnectOptions, "will">;
  /** Our own birth is published there unretained, and must come back. */
  readonly birth: { readonly topic: string; readonly payload: Uint8Array };
  readonly isBirth: (payload: Uint8Array) => boolean;
  /** The document must stand there for this gateway, or nobody could reach it at that broker. */
  readonly desired: string;
  readonly isDocument: (payload: Uint8Array) => boolean;
};

/**
 * Walks the way to another broker and back, in both directions, in a session of its own: our birth out and in, and down the
 * document that sends us there. A granted subscription shows nothing: a broker may grant it and hand out nothing. Throws Fault with
 * what did not come.
 */
export async function probeBroker(options: ProbeOptions, signal: AbortSignal): Promise<void> {
  const session = await options.effects.broker.connect(options.connect, signal);
  try {
    await Promise.race([walk(session, options, signal), session.closed.then((fault) => Promise.reject(fault))]);
  } finally {
    await session.end();
  }
}

async function walk(session: BrokerSession, options: ProbeOptions, signal: AbortSignal): Promise<void> {
  const { effects, birth, isBirth, desired, isDocument } = options;
  const within = async ({ comes }: Asked, otherwise: string): Promise<void> => {
    const late = effects.clock.sleep(ANSWER_WITHIN, signal).then(() => Promise.reject(refusal(otherwise)));
    await Promise.race([comes, late]);
  };
  const back = await ask(session, birth.topic, isBirth);
  const published = await session.publish({ ...birth, retain: false, properties: {} });
  if (published >= 0x80) throw refusal(`does not take ${birth.topic} (${reasonName(published)})`);
  const down = await ask(session, desired, isDocument);
  await within(back, `took this gateway's own message on ${birth.topic} and did not give it back`);
  await within(down, `does not hold this document on ${desired}, or does not let it be read`);
}

/** In a box, since a promise of a promise is one promise. */
type Asked = { readonly comes: Promise<void> };

async function ask(session: BrokerSession, topic: string, isIt: (payload: Uint8Array) => boolean): Promise<Asked> {
  let came: () => void = () => undefined;
  const comes = new Promise<void>((resolve) => {
    came = resolve;
  });
  const code = await session.subscribe(topic, ({ payload }) => {
    if (isIt(payload)) came();
  });
  if (code >= 0x80) throw refusal(`does not let ${topic} be read (${reasonName(code)})`);
  return { comes };
}

const refusal = (what: string): Fault => new Fault("document.unreachable", `The new broker ${what}`);
