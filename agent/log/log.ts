import type { Effects } from "../effects/effects.ts";
import { causesOf, type Fault, faultText } from "../fault/fault.ts";
import { EVENTS, type EventKey } from "./events.table.ts";

/** Edges, not repetitions: one line when something begins, one when it ends. */
export class Log {
  readonly #effects: Pick<Effects, "log" | "clock">;

  constructor(effects: Pick<Effects, "log" | "clock">) {
    this.#effects = effects;
  }

  event(key: EventKey, facts: Readonly<Record<string, string | number | undefined>> = {}): void {
    const said = Object.entries(facts)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}=${String(value)}`)
      .join(" ");
    this.#line(`${EVENTS[key]}${said === "" ? "" : `  ${said}`}    ${key}`);
  }

  fault(fault: Fault): void {
    this.#line(faultText(fault));
    const cause = causesOf(fault).join(" ← ");
    const { frame } = fault.context;
    if (cause !== "" || frame !== undefined)
      this.event("fault.detail", { number: fault.number, frame, cause: cause === "" ? undefined : JSON.stringify(cause) });
  }

  #line(text: string): void {
    this.#effects.log(`${new Date(this.#effects.clock.wall()).toISOString()}  ${text}`);
  }
}
