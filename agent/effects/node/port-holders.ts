import { readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { basename } from "node:path";
import { readOr } from "./read-or.ts";

/** A program that has a port, as a person may look for it: "picocom (process 4711)". */
export type Holder = { readonly pid: number; readonly name: string };
export const holderText = ({ pid, name }: Holder): string => `${name} (process ${pid})`;

/** The node behind a path: two paths may lead to one. */
export type NodeIdentity = { readonly device: bigint; readonly inode: bigint };

/** Where programs of the old kind (minicom, cu, pppd) leave a note instead of a lock. */
const NOTES = "/run/lock";
const NAME_MAX = 64;

/**
 * Who has locked the port: by flock on its node (serialport, picocom), or by a note in /run/lock. Opens nothing. What does not lock,
 * and what hides in another namespace, is not seen.
 */
export function lockHolder(path: string, node: NodeIdentity): Holder | undefined {
  const pid = flockPid(node) ?? notePid(path);
  return pid === undefined ? undefined : { pid, name: nameOf(pid) };
}

/** Everybody who has the node open, as far as this user may look (root: all; others: their own programs). */
export function openHolders(path: string): readonly Holder[] {
  const file = readOr(() => realpathSync(path));
  if (file === undefined) return [];
  const pids = (readOr(() => readdirSync("/proc")) ?? []).filter((name) => /^\d+$/.test(name)).map(Number);
  return pids.filter((pid) => hasOpen(pid, file)).map((pid) => ({ pid, name: nameOf(pid) }));
}

function hasOpen(pid: number, file: string): boolean {
  const folder = `/proc/${pid}/fd`;
  return (readOr(() => readdirSync(folder)) ?? []).some((name) => readOr(() => readlinkSync(`${folder}/${name}`)) === file);
}

function flockPid(node: NodeIdentity): number | undefined {
  // "1: FLOCK  ADVISORY  WRITE 7906 00:1a:4 0 EOF": process; major and minor of the file system in hexadecimal, inode in decimal.
  const major = ((node.device >> 8n) & 0xfffn) | ((node.device >> 32n) & ~0xfffn);
  const minor = (node.device & 0xffn) | ((node.device >> 12n) & ~0xffn);
  const place = `${hex(major)}:${hex(minor)}:${node.inode}`;
  const rows = (readOr(() => readFileSync("/proc/locks", "utf8")) ?? "").split("\n").map((row) => row.split(/\s+/));
  const row = rows.find((words) => words.includes(place));
  return row === undefined ? undefined : Number(row[row.indexOf(place) - 1]);
}
const hex = (value: bigint): string => value.toString(16).padStart(2, "0");

/** "LCK..ttyUSB0" holds a process number as text; of a program that is dead it means nothing. */
function notePid(path: string): number | undefined {
  const text = readOr(() => readFileSync(`${NOTES}/LCK..${basename(path)}`, "latin1"));
  const pid = Number(/^\s*(\d{1,10})\s/.exec(`${text ?? ""}\n`)?.[1] ?? 0);
  return pid > 0 && readOr(() => readFileSync(`/proc/${pid}/comm`)) !== undefined ? pid : undefined;
}

/** Node's programs call themselves by their thread; then the file that runs says more. A program may call itself anything. */
function nameOf(pid: number): string {
  const own = (readOr(() => readFileSync(`/proc/${pid}/comm`, "utf8")) ?? "").trim();
  const file = (readOr(() => readFileSync(`/proc/${pid}/cmdline`, "utf8")) ?? "").split("\0")[0] ?? "";
  const name = own === "MainThread" ? basename(file) : own;
  return name.slice(0, NAME_MAX).replace(/\p{C}/gu, "\ufffd") || "another program";
}
