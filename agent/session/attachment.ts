import type { Fault } from "../fault/fault.ts";
import type { ClockHooks } from "./device-clock.ts";
import type { Keep } from "./stamp.ts";
import type { EndReason } from "./state.ts";

/** What the parts of a session tell one another, and the rest of the agent. */

export type Facts = Readonly<Record<string, string>>;
/** What a device is known as while an epoch lasts. */
export type Attachment = {
  readonly device: string;
  readonly socket: string;
  /** Below the port, outermost first; absent: the port's own device. */
  readonly node?: readonly string[];
  readonly mode: "real" | "test";
  readonly location: string;
  readonly driver: string;
  readonly facts: Facts;
  readonly known: Admitted["known"];
  readonly contested: boolean;
};
/** As whom the rules admitted what is plugged there, and what they know it by. */
export type Admitted = { readonly device: string; readonly socket: string; readonly known: "socket" | "adapter" };
export type Discarded = {
  readonly location: string;
  readonly bytes: number;
  /** Of a network port: datagrams that are no message, or were not read. */
  readonly framesBroken: number;
  readonly readings: number;
  readonly reason: "broken" | "unproved" | "nodes_full" | "stranger" | "overrun";
};

/** What a session needs of the rest of the agent. */
export type SessionHooks = ClockHooks & {
  readonly keep: Keep;
  /** Whether all that was kept until now is on flash or with the broker. Never rejects. */
  readonly commit: () => Promise<boolean>;
  /** Begins an epoch and returns its number. */
  readonly beginEpoch: (attachment: Attachment) => number;
  readonly endEpoch: (epoch: number, reason: EndReason | "replaced" | "removed" | "stopped") => void;
  readonly learned: (epoch: number, facts: Facts) => void;
  readonly discarded: (what: Discarded) => void;
  readonly raise: (fault: Fault) => void;
  readonly clear: () => void;
  /** The birth no longer tells the truth. */
  readonly changed: () => void;
};
