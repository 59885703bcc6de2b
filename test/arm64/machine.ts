import { copyFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { hostArch } from "../../config/package/target.ts";
import { packagedFile } from "../package/agent-process.ts";

/** How the ARM64 file is run here: by the machine itself where it is one, otherwise by qemu. */
export const emulated = hostArch() === "x64";

/**
 * Nothing stands between the tests and qemu: its process is the agent's. With `page`, qemu behaves as a kernel with memory pages
 * of so many bytes; a real machine has those that it has.
 */
export function arm64Command(
  options: { readonly file?: string; readonly page?: number; readonly words?: readonly string[] } = {},
): readonly string[] {
  const file = options.file ?? packagedFile("arm64");
  if (!emulated) return [file];
  // ./build.sh test sets the variable: the folder with ARM64's C library.
  const root = process.env.BEDSIDE_ARM64_ROOT ?? "/usr/aarch64-linux-gnu";
  return [
    "qemu-aarch64-static",
    "-L",
    root,
    ...(options.page === undefined ? [] : ["-p", String(options.page)]),
    ...(options.words ?? []),
    file,
  ];
}

const SEGMENT_LOADED = 1;
const ALIGN_MAX = 65_536n;

/**
 * A copy of the ARM64 file whose segments all claim the alignment that they have. The one that holds the program claims 4 KiB,
 * which no kernel minds, but qemu then tells the program of pages of 4 KiB whatever `-p` says, and nothing is tried.
 */
export async function copyThatClaimsAlignment(to: string): Promise<string> {
  copyFileSync(packagedFile("arm64"), to);
  const file = await open(to, "r+");
  try {
    const head = Buffer.alloc(64);
    await file.read(head, 0, head.length, 0);
    const [table, size, count] = [Number(head.readBigUInt64LE(32)), head.readUInt16LE(54), head.readUInt16LE(56)];
    const rows = Buffer.alloc(size * count);
    await file.read(rows, 0, rows.length, table);
    for (let at = 0; at < rows.length; at += size) {
      if (rows.readUInt32LE(at) === SEGMENT_LOADED && rows.readBigUInt64LE(at + 48) < ALIGN_MAX) rows.writeBigUInt64LE(ALIGN_MAX, at + 48);
    }
    await file.write(rows, 0, rows.length, table);
  } finally {
    await file.close();
  }
  return to;
}
