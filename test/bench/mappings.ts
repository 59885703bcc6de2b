import { readFileSync, readlinkSync } from "node:fs";

/** Resident memory of a process by what lies in it, in kB, largest first; the parts add up to VmRSS. */
export type Parts = readonly (readonly [name: string, rssKb: number])[];

export function partsOf(pid: number): Parts {
  const all = mappings(readFileSync(`/proc/${pid}/smaps`, "utf8"));
  const program = readlinkSync(`/proc/${pid}/exe`);
  const sums = new Map<string, number>();
  for (const [at, one] of all.entries()) {
    const part = partOf(one, { program, before: all[at - 1], after: all[at + 1] });
    sums.set(part, (sums.get(part) ?? 0) + one.rssKb);
  }
  return [...sums].filter(([, kb]) => kb > 0).sort(([, a], [, b]) => b - a);
}

export const partsText = (parts: Parts): string => parts.map(([name, kb]) => `${name} ${(kb / 1024).toFixed(1)}`).join(", ");

type Mapping = { readonly from: number; readonly to: number; readonly rights: string; readonly path: string; readonly rssKb: number };
type Place = { readonly program: string; readonly before: Mapping | undefined; readonly after: Mapping | undefined };

function mappings(text: string): readonly Mapping[] {
  const rows = text.matchAll(/^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)\n(?:(?![0-9a-f]+-).*\n)*?Rss: +(\d+) kB$/gm);
  return [...rows].map(([, from = "", to = "", rights = "", path = "", rss]) => ({
    ...{ from: Number.parseInt(from, 16), to: Number.parseInt(to, 16) },
    ...{ rights, path, rssKb: Number(rss) },
  }));
}

const ARENA = 64 * 2 ** 20; // Of malloc, one a thread: reserved whole and aligned.
const STACK = 8 * 2 ** 20; // Of a thread.
const RANDOM_MAX = 0x4000_0000_0000; // V8 puts its pages below, the kernel everything else above.

/** By the rules of Linux on x86-64; what they do not tell is "other". */
function partOf(one: Mapping, { program, before, after }: Place): string {
  if (one.path === program)
    return one.rights.includes("x") ? "program's code" : one.rights.includes("w") ? "program's data" : "program's constants";
  if (one.path.endsWith("(deleted)")) return "add-on";
  if (/\/(libstdc\+\+|libgcc_s)\.so/.test(one.path)) return "libstdc++";
  if (/\.so(\.|$)/.test(one.path)) return "libc";
  if (one.path === "[heap]") return "malloc";
  if (one.path === "[stack]") return "stacks";
  if (one.path !== "") return "other";
  if (before?.path === program && before.to === one.from) return "program's data";
  const size = one.to - one.from;
  if (one.rights.includes("x")) return "V8's compiled code";
  if (one.from < RANDOM_MAX) return "V8's heap";
  if (size === STACK) return "stacks";
  const whole = after?.rights.startsWith("---") === true ? after.to - one.from : size;
  return one.from % ARENA === 0 && whole === ARENA ? "malloc" : "other";
}
