import type { Arch } from "./target.ts";

/**
 * What the packaged file, with the add-on in it, asks of the machine: the newest symbol version of each system library that it
 * names, and no library beside these. A test reads both out of the files themselves, so that neither a newer Node nor a newer
 * add-on moves them unseen.
 */
export const NEEDS = {
  glibc: "2.28", // Debian 10, RHEL 8, 64-bit Raspberry Pi OS.
  glibcxx: "3.4.21", // libstdc++ of GCC 5, but see the next line.
  cxxabi: "1.3.11", // libstdc++ of GCC 7; Debian 10 has that of GCC 8.
} as const;

export const NEEDED_LIBRARIES: readonly string[] = [
  "libc.so.6",
  "libdl.so.2",
  "libgcc_s.so.1",
  "libm.so.6",
  "libpthread.so.0",
  "libstdc++.so.6",
];

/** The dynamic loader, which on both kinds of machine is glibc's. */
export const LOADER: Readonly<Record<Arch, string>> = {
  arm64: "ld-linux-aarch64.so.1",
  x64: "ld-linux-x86-64.so.2",
};

/** Bytes: the largest memory page of a kernel that the file of each kind of machine runs under; a Raspberry Pi 5 has 16 KiB. */
export const PAGE_MAX: Readonly<Record<Arch, number>> = {
  arm64: 65_536,
  x64: 4_096,
};
