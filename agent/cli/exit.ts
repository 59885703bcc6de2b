import type { Fault } from "../fault/fault.ts";

/** Exit codes of every verb. */
export const EXIT = { ok: 0, failed: 1, usage: 2, refused: 3, offline: 4, timedOut: 5 } as const;

/** The code with which a fault ends a verb. */
export function exitOf(fault: Fault): number {
  switch (fault.key) {
    case "usage":
      return EXIT.usage;
    case "agent.second":
    case "start.environment":
    case "credentials.too_open":
    case "state.too_open":
      return EXIT.refused;
    case "agent.unreachable":
      return EXIT.offline;
    default:
      return EXIT.failed;
  }
}
