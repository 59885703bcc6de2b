import { TICK } from "../../../agent/main.ts";
import type { LedgerEntry } from "../../support/emulated-device.ts";

/** What is known of a device when its ledger is compared: what it sent, when an agent held its port, and how it speaks. */

/** One time during which one agent process held a port, in monotonic nanoseconds. */
export type Hold = {
  /** The port was first seen in the process's descriptors. */
  readonly from: bigint;
  /** Just before SIGKILL; undefined where it was not killed. */
  readonly killed: bigint | undefined;
};
export type DeviceBook = {
  readonly device: string;
  /** Names that the device's own ledger does not keep; all others must be in it. */
  readonly beyond: (key: string) => boolean;
  /** "unasked": it streams by itself; "asked": only when the agent asks. */
  readonly speaks: "unasked" | "asked";
  /** Its units follow one another so fast that a kill always finds one that is still between it and the agent. */
  readonly breathless?: true | undefined;
  /** Its frames have no start mark: what ends first behind an opened port is not read. */
  readonly isUnmarked?: true | undefined;
  /** It leaves out samples, and they are counted. */
  readonly leavesOut?: true | undefined;
  /** A curve's record that stands still on the line for so long is given up: on a busy machine an emulated device may be halted in it. */
  readonly givesUpMs?: number | undefined;
  /** Most time that its talk needs from the open port until its first unit begins, by its own paper. */
  readonly settlesMs?: number | undefined;
  readonly sent: readonly LedgerEntry[];
  /** In order of time. */
  readonly holds: readonly Hold[];
};

export const TICK_NS = BigInt(TICK * 1e6);
/** Longer than bytes take from an emulator through socat to the agent's tick. */
export const SETTLED_NS = 120_000_000n;
