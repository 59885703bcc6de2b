import { EXIT } from "../../config/command-line.ts";
import type { Fault } from "../fault/fault.ts";

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
