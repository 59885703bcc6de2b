import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

/**
 * Sockets of a process on which anybody could reach it: listening TCP, and every UDP. Asked of `ss` (Debian: iproute2), as a
 * reviewer would, and of the kernel's tables; each tells its own rows.
 */
export function openDoors(pid: number): readonly string[] {
  const listening = ss("--listening", "--tcp", "--udp");
  const udp = ss("--udp");
  const own = [...listening, ...udp].filter((row) => row.includes(`pid=${pid},`));
  return [...own.map((row) => `ss: ${row.split(/\s+/).slice(0, 5).join(" ")}`), ...inTables(pid).map((row) => `/proc: ${row}`)];
}

const ss = (...words: readonly string[]): readonly string[] =>
  execFileSync("ss", ["--no-header", "--numeric", "--processes", ...words], { encoding: "utf8" }).split("\n");

/** The same from the kernel's tables. */
function inTables(pid: number): string[] {
  const own = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw cause;
      }
    }),
  );
  return ["tcp", "tcp6", "udp", "udp6"].flatMap((kind) => doorsOfKind(kind, own));
}

const LISTEN = "0A";

function doorsOfKind(kind: string, own: ReadonlySet<string | undefined>): string[] {
  const table = `/proc/net/${kind}`;
  // Without IPv6 there is no such table.
  if (!existsSync(table)) return [];
  const rows = readFileSync(table, "utf8").trim().split("\n").slice(1);
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter((columns) => own.has(columns[9]) && (kind.startsWith("udp") || columns[3] === LISTEN))
    .map((columns) => `${kind} ${columns[1]}`);
}
