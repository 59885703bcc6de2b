import { type Duration, Milliseconds } from "../../config/units.ts";
import { portNamed } from "../admission/port-named.ts";
import type { Judged } from "../admission/rules.ts";
import { type Captures, capturesOf, LASTS_MAX, LASTS_MIN } from "../capture/captures.ts";
import { Fault, faultRow } from "../fault/fault.ts";
import { Identify } from "../identify/identify.ts";

type Asked = Readonly<Record<string, unknown>>;
type Parts = { readonly captures: Captures; readonly identify: Identify; readonly room: { readonly ports: readonly Judged[] } };
type Options = Parameters<typeof capturesOf>[0];

/** What people may ask of a running agent beside how it is, and what that needs of its turns. */
export class Requests {
  readonly #parts: Parts;

  constructor(options: Options & Pick<Parts, "room">) {
    this.#parts = { captures: capturesOf(options), identify: new Identify(options), room: options.room };
  }

  answer(text: string): Promise<unknown> | undefined {
    return answerRequest(text, this.#parts);
  }

  /** Behind the sessions. */
  tick(): void {
    this.#parts.captures.tick();
  }

  /** Ports that were lent are shut, and what was recorded is kept, when this resolves. */
  async stop(): Promise<void> {
    await this.#parts.captures.stop();
    await this.#parts.identify.stop();
  }
}

const NAME_MAX = 100;

/**
 * A request of the control socket that does something, `{ "do": "capture", … }`; undefined where it is none. A fault is an answer, so
 * that who asks can end with the right code.
 */
export function answerRequest(text: string, parts: Parts): Promise<unknown> | undefined {
  const asked = objectIn(text);
  const act = asked === undefined ? undefined : actOf(asked, parts);
  return act?.().catch((caught: unknown) => {
    if (caught instanceof Fault) return { fault: faultRow(caught) };
    throw caught;
  });
}

function actOf(asked: Asked, { captures, identify, room: { ports } }: Parts): (() => Promise<unknown>) | undefined {
  const word = (key: string): string => {
    const value = asked[key];
    if (typeof value !== "string" || value.trim() === "" || value.length > NAME_MAX)
      throw new Fault("usage", `${key} is a text of 1 to ${NAME_MAX} characters`);
    return value;
  };
  switch (asked.do) {
    case "identify":
      return async () => identify.begin(portNamed(ports, word("port")));
    case "identified":
      return async () => identify.progress;
    case "capture":
      return async () =>
        captures.begin({
          judged: portNamed(ports, word("port")),
          lasts: lastsIn(asked),
          whole: asked.whole === true,
          anew: asked.anew === true,
        });
    case "captured":
      return async () => captures.take(word("name"));
    case "capture end":
      return async () => {
        captures.end(word("name"));
        return {};
      };
    case "captures":
      return async () => ({ waiting: await captures.waiting() });
    case "release":
      return async () => ({ text: await captures.release(word("name"), word("by")) });
    case "discard":
      return async () => {
        await captures.discard(word("name"), word("by"));
        return {};
      };
    default:
      return undefined;
  }
}

function lastsIn({ for_ms }: Asked): Duration {
  if (typeof for_ms === "number" && for_ms >= LASTS_MIN && for_ms <= LASTS_MAX) return Milliseconds(for_ms);
  throw new Fault("usage", `a capture lasts ${LASTS_MIN / 1000} s to ${LASTS_MAX / 60_000} min`);
}

function objectIn(text: string): Asked | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Asked) : undefined;
  } catch (caught) {
    if (caught instanceof SyntaxError) return undefined;
    throw caught;
  }
}
