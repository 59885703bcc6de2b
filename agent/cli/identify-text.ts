import { columns } from "../../config/command-line.ts";
import { Fault } from "../fault/fault.ts";
import type { Heard } from "../identify/hearing.ts";
import type { Begun, Conclusion } from "../identify/identify.ts";

export function beginText({ location, path, device, driver, line, asks }: Begun): string {
  const how = {
    asks: `listens at each speed, then asks as ${driver} does: its first request is harmless`,
    listens: "listens at each speed; asks nothing",
    not_harmless: `listens at each speed; asks nothing, since the first request of ${driver} is not harmless`,
  }[asks];
  return `${location}   ${path}   the rule says ${device}, ${driver} at ${line}\n  ${how}`;
}

/** "  9600 8N1   412 bytes   nonin 82 frames, masimo-ascii none". */
export function heardText({ line, bytes, asked, seen }: Heard): string {
  const frames = seen.map(
    ({ driver, frames: count, row, proof }) => `${driver}: ${count} frames hold, ${row} in a row of ${proof} asked for`,
  );
  const what = bytes === 0 ? "silence" : seen.length === 0 ? "no frame of any driver" : frames.join("; ");
  return `  ${line.padEnd(10)}  ${String(bytes).padStart(6)} bytes${asked === undefined ? "" : `, asked as ${asked}`}   ${what}`;
}

export function foundText({ driver, line }: Begun, found: Conclusion): string {
  if (found.is !== "found") return "";
  const { seen, asked, read, also } = found;
  const how = read ? "the agent reads it now" : asked ? "it answered what it was asked" : "it talks by itself";
  const rows = [
    ["  this is", `${found.device}   (driver ${found.driver}, ${found.line})`],
    [
      "  because",
      `${how}; ${seen.frames} frames hold, ${seen.row >= seen.proof ? "as many in a row as prove it" : "too few"} (${seen.proof})`,
    ],
    ...Object.entries(seen.facts).map(([fact, value]) => [`  ${fact}`, `${value}   (told by the device)`]),
    ...(also.length === 0 ? [] : [["  but", `frames of ${also.join(" and ")} hold as well: compare with the device's label`]]),
    ...(found.driver === driver && found.line === line
      ? []
      : [["  do", `the rule says ${driver} at ${line}: ask biomedical engineering for  driver: ${found.driver}, line: ${found.line}`]]),
  ];
  return columns(rows).join("\n");
}

/** Why nothing was found; undefined where something was. */
export function faultOf({ location, driver, asks }: Begun, tried: readonly Heard[], concluded: Conclusion): Fault | undefined {
  const bytes = tried.reduce((sum, heard) => sum + heard.bytes, 0);
  const lines = new Set(tried.map(({ line }) => line)).size;
  switch (concluded.is) {
    case "found":
      return undefined;
    case "silent": {
      const asked = tried.some((heard) => heard.asked !== undefined) ? `; ${driver} asked, and nothing answered` : "";
      const unasked = asks === "not_harmless" ? `; ${driver} waits to be asked, which only the session of its rule does` : "";
      return new Fault("identify.silent", `${location}: silence at ${lines} lines${asked}${unasked}`, { location });
    }
    case "no_frame":
      return new Fault("identify.no_frame", `${location}: ${bytes} bytes came at ${lines} lines, and no frame of any driver held`, {
        location,
      });
    case "gone":
      return new Fault("port.gone", `${location} hung up meanwhile`, { location });
    case "failed":
      return new Fault(concluded.fault.key, concluded.fault.text, { location });
  }
}
