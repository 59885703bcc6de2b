import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, test } from "vitest";
import { LOADER, NEEDED_LIBRARIES, NEEDS, PAGE_MAX } from "../../config/package/needs.table.ts";
import { type Arch, hostArch, ROOT } from "../../config/package/target.ts";
import { packagedFile } from "./agent-process.ts";

/** Read out of the files by readelf, which reads those of the other kind of machine as well. */
const PREBUILDS = join(ROOT, "node_modules/@serialport/bindings-cpp/prebuilds");
const ADDON: Readonly<Record<Arch, string>> = {
  arm64: join(PREBUILDS, "linux-arm64/@serialport+bindings-cpp.armv8.glibc.node"),
  x64: join(PREBUILDS, "linux-x64/@serialport+bindings-cpp.glibc.node"),
};
const ARCHS: readonly Arch[] = ["x64", "arm64"];

/** An ARM64 machine makes its own file only. */
const made = (arch: Arch): boolean => arch === hostArch() || hostArch() === "x64";
for (const arch of ARCHS.filter((one) => !made(one)))
  process.stderr.write(`SKIPPED: what the ${arch} file needs; this machine makes none\n`);

describe.each(ARCHS.filter(made))("the packaged file for %s", (arch) => {
  const file = packagedFile(arch);
  const both = [file, ADDON[arch]];

  test("and its add-on need no newer system libraries than the table says", () => {
    expect(existsSync(ADDON[arch])).toBe(true);
    const versions = both.flatMap(neededVersions);
    expect({
      glibc: newest(versions, "GLIBC"),
      glibcxx: newest(versions, "GLIBCXX"),
      cxxabi: newest(versions, "CXXABI"),
    }).toEqual(NEEDS);
    expect([...new Set(versions.map(({ kind }) => kind))].sort()).toEqual(["CXXABI", "GCC", "GLIBC", "GLIBCXX"]);
  });

  test("and its add-on need no other shared library", () => {
    expect(neededLibraries(file)).toEqual([LOADER[arch], ...NEEDED_LIBRARIES].sort());
    expect([LOADER[arch], ...NEEDED_LIBRARIES]).toEqual(expect.arrayContaining([...neededLibraries(ADDON[arch])]));
  });

  test("and its add-on can be mapped with the largest pages that the table names", () => {
    for (const one of both) expect(misplaced(segments(one), PAGE_MAX[arch]), one).toEqual([]);
    // The dynamic loader, unlike the kernel, refuses a library that does not claim this alignment.
    for (const { align } of segments(ADDON[arch])) expect(align % PAGE_MAX[arch]).toBe(0);
  });
});

test("a segment that shares a page with another of other rights, or lies elsewhere in its page than in the file, is found", () => {
  const code = { offset: 0, address: 0x40_0000, size: 0x1000, rights: "R E", align: 0x1000 };
  const close = { offset: 0x1000, address: 0x40_1000, size: 0x1000, rights: "RW", align: 0x1000 };
  const shifted = { offset: 0x1000, address: 0x42_0000, size: 0x1000, rights: "R", align: 0x1000 };
  expect(misplaced([code, close, shifted], 4096)).toEqual([]);
  expect(misplaced([code, close], 16_384)).toHaveLength(1);
  expect(misplaced([code, shifted], 16_384)).toHaveLength(1);
});

const readelf = (words: readonly string[]): string =>
  execFileSync("readelf", ["--wide", ...words], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, LC_ALL: "C" },
    stdio: ["ignore", "pipe", "ignore"],
  });

type Version = { readonly kind: string; readonly parts: readonly number[] };

/** Of the section that names what must be found elsewhere; "GLIBC_PRIVATE" and the like have no number and are refused here. */
function neededVersions(file: string): readonly Version[] {
  const needs = readelf(["--version-info", file]).split(/^Version needs section/m)[1] ?? "";
  return [...needs.matchAll(/Name: (\w+?)_(\S+)/g)].map(([, kind = "", number = ""]) => {
    expect(number, `${kind} in ${file}`).toMatch(/^\d+(\.\d+)*$/);
    return { kind, parts: number.split(".").map(Number) };
  });
}

const newest = (versions: readonly Version[], wanted: string): string | undefined =>
  versions
    .filter(({ kind }) => kind === wanted)
    .map(({ parts }) => parts)
    .sort(byNumbers)
    .at(-1)
    ?.join(".");

function byNumbers(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((part, index) => part !== b[index]);
  return at === -1 ? a.length - b.length : a[at]! - (b[at] ?? -1);
}

const neededLibraries = (file: string): readonly string[] =>
  [...readelf(["--dynamic", file]).matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name = ""]) => name).sort();

type Segment = {
  readonly offset: number;
  readonly address: number;
  readonly size: number;
  readonly rights: string;
  readonly align: number;
};

/** The parts that are mapped into memory. */
function segments(file: string): readonly Segment[] {
  const rows = [...readelf(["--segments", file]).matchAll(/^ +LOAD +(\S+) (\S+) \S+ \S+ (\S+) (.{3}) (\S+)$/gm)];
  expect(rows.length, `segments of ${file}`).toBeGreaterThanOrEqual(2);
  return rows.map(([, offset, address, size, rights = "", align]) => ({
    rights: rights.trim(),
    ...{ offset: Number(offset), address: Number(address), size: Number(size), align: Number(align) },
  }));
}

/** Why a kernel with such pages could not map them: the place in the page must be that in the file, and a page has one set of rights. */
function misplaced(all: readonly Segment[], page: number): readonly string[] {
  const first = ({ address }: Segment): number => Math.floor(address / page);
  const last = ({ address, size }: Segment): number => Math.floor((address + size - 1) / page);
  return all.flatMap((one, index) => {
    const name = `0x${one.address.toString(16)} (${one.rights})`;
    const wrong = one.address % page === one.offset % page ? [] : [`${name} lies at another place of its page than in the file`];
    const sharing = all
      .slice(index + 1)
      .filter((other) => other.rights !== one.rights && first(one) <= last(other) && first(other) <= last(one));
    return [...wrong, ...sharing.map((other) => `${name} shares a page with 0x${other.address.toString(16)} (${other.rights})`)];
  });
}
