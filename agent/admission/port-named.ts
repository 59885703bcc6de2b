import { nearest } from "../../config/settings/mistakes.ts";
import { Fault } from "../fault/fault.ts";
import type { Judged } from "./rules.ts";

/** A port as a person names it: by location, by its device, by its path, or by its row in `bedside ports`. Throws Fault `port.unknown`. */
export function portNamed(ports: readonly Judged[], word: string): Judged {
  const named = ports.find(({ port, verdict }) => [port.location, port.path, ...devicesIn(verdict)].includes(word));
  const found = named ?? (/^[1-9]\d{0,3}$/.test(word) ? ports[Number(word) - 1] : undefined);
  if (found !== undefined) return found;
  const near = nearest(
    word,
    ports.flatMap(({ port, verdict }) => [port.location, ...devicesIn(verdict)]),
  );
  const meant = near === undefined ? "" : `; did you mean "${near}"?`;
  throw new Fault("port.unknown", `There is no port ${JSON.stringify(word)}${meant}`, { port: word });
}

const devicesIn = (verdict: Judged["verdict"]): readonly string[] => (verdict.is === "allow" ? [verdict.device] : []);
