import { type Duration, Milliseconds } from "../../config/units.ts";
import { portNamed } from "../admission/port-named.ts";
import type { Judged } from "../admission/rules.ts";
import { Fault, faultRow } from "../fault/fault.ts";
import { type Captures, LASTS_MAX, LASTS_MIN } from "./captures.ts";

type Asked = Readonly<Record<string, unknown>>;
type Room = { readonly ports: readonly Judged[] };

const NAME_MAX = 100;

/**
 * A request of the control socket about captures, `{ "do": "capture", … }`; undefined where it is about something else. A fault is an
 * answer, so that who asks can end with the right code.
 */
export function answerCapture(text: string, captures: Captures, room: Room): Promise<unknown> | undefined {
  const asked = objectIn(text);
  const act = asked === undefined ? undefined : actOf(asked, captures, room);
  return act?.().catch((caught: unknown) => {
    if (caught instanceof Fault) return { fault: faultRow(caught) };
    throw caught;
  });
}

function actOf(asked: Asked, captures: Captures, { ports }: Room): (() => Promise<unknown>) | undefined {
  const word = (key: string): string => {
    const value = asked[key];
    if (typeof value !== "string" || value.trim() === "" || value.length > NAME_MAX)
      throw new Fault("usage", `${key} is a text of 1 to ${NAME_MAX} characters`);
    return value;
  };
  switch (asked.do) {
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
