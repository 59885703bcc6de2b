import { isDue, Milliseconds, type Mono } from "../../config/units.ts";
import type { BrokerSession } from "../effects/effects.ts";
import { asFault, Fault } from "../fault/fault.ts";
import type { Drain } from "./drain.ts";
import { reasonName } from "./packet-check.ts";
import { retained, type Topics } from "./topics.ts";

/** The state of a kind is told again at most this often. */
const REPORTED_EVERY = Milliseconds(500);

export type DocumentOptions = {
  readonly topics: Topics;
  /** Kinds of documents that come down, and what is reported of each. */
  readonly kinds: readonly string[];
  readonly heard: (kind: string, payload: Uint8Array) => void;
  readonly reported: (kind: string) => Uint8Array | undefined;
};
type Tell = { readonly raise: (fault: Fault) => void; readonly clear: (which: "desired") => void };

/** The leaves of documents: desired ones down, what became of them up. */
export class Documents {
  readonly #options: DocumentOptions;
  readonly #due = new Set<string>();
  #toldAt: Mono | undefined;

  constructor(options: DocumentOptions) {
    this.#options = options;
  }

  /** What runs of this kind, or what was refused, is no longer what was told. */
  changed(kind: string): void {
    this.#due.add(kind);
  }

  /** All of them are one fault: what is granted for one kind must not end what is refused for another. */
  async online(session: BrokerSession, { raise, clear }: Tell): Promise<void> {
    const { topics, kinds, heard } = this.#options;
    for (const kind of kinds) this.#due.add(kind);
    if (kinds.length === 0) return;
    const asked = kinds.map(async (kind) => {
      const topic = topics.desired(kind);
      return { topic, code: await session.subscribe(topic, ({ payload }) => heard(kind, payload)) };
    });
    try {
      const refused = (await Promise.all(asked)).filter(({ code }) => code >= 0x80);
      const [first] = refused;
      if (first === undefined) return clear("desired");
      const said = refused.map(({ topic, code }) => `${topic} (${reasonName(code)})`).join(" and ");
      raise(
        new Fault("uplink.desired_refused", `The broker does not let this gateway read ${said}`, { lane: "desired", code: first.code }),
      );
    } catch (caught) {
      // The session is over, and tells so itself.
      asFault(caught, "uplink.closed", "The subscription was not answered");
    }
  }

  tell(drain: Drain, now: Mono, answered: (code: number) => void): void {
    if (this.#due.size === 0 || !isDue(this.#toldAt, REPORTED_EVERY, now)) return;
    const { topics, reported } = this.#options;
    for (const kind of this.#due) {
      const payload = reported(kind);
      const answer = payload === undefined ? undefined : drain.sendState(retained(topics.reported(kind), payload));
      if (payload !== undefined && answer === undefined) continue;
      this.#due.delete(kind);
      this.#toldAt = now;
      void answer?.then(answered);
    }
  }
}
