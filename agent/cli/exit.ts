import { EXIT } from "../../config/command-line.ts";
import type { Fault } from "../fault/fault.ts";

/** The code with which a fault ends a verb. */
export function exitOf(fault: Fault): number {
  switch (fault.key) {
    case "usage":
    case "port.unknown":
      return EXIT.usage;
    case "agent.second":
    case "start.environment":
    case "credentials.too_open":
    case "state.too_open":
    case "port.not_allowed":
      return EXIT.refused;
    case "agent.unreachable":
      return EXIT.offline;
    case "capture.nothing":
    case "identify.silent":
      return EXIT.timedOut;
    default:
      return EXIT.failed;
  }
}
