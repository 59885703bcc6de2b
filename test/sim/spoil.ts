import type { Seal, Seals } from "../../agent/effects/effects.ts";
import { namesIn } from "../../agent/spool/names.ts";
import { nextUnitBehind, readSegmentHeader, readUnit, SEGMENT_BYTES, UNITS_END, UNITS_START } from "../../agent/spool/segment.ts";
import type { SimDisk } from "./disk.ts";
import type { Random } from "./random.ts";
import { keyOf } from "./spool-book.ts";
import { FOLDERS } from "./spool-life.ts";

const PAGE = 4096;

/** Stored bytes of a segment change while nothing runs: a bit, a page of zeros, a tail. Adds the names of what stood there. */
export async function spoil(disk: SimDisk, random: Random, seals: Seals, spoilt: Set<string>): Promise<void> {
  const paths = disk.stored(`${FOLDERS.stateDir}/spool`).filter((path) => path.endsWith(".seg"));
  if (paths.length === 0) return;
  const path = random.pick(paths);
  const bytes = disk.contentOf(path);
  const generation = (readSegmentHeader(bytes) ?? readSegmentHeader(bytes.subarray(UNITS_END)))?.generation;
  const key = keyIn(disk.contentOf(`${FOLDERS.stateDir}/spool.key`));
  if (generation === undefined || key === undefined || bytes.length < SEGMENT_BYTES) return;
  const end = bytes.findLastIndex((byte, at) => byte !== 0 && at < UNITS_END) + 1;
  const at = random.between(UNITS_START, Math.max(UNITS_START, end));
  const page = Math.floor(at / PAGE) * PAGE;
  const [from, to] = random.pick([
    [at, at + 1],
    [Math.max(page, UNITS_START), Math.min(page + PAGE, UNITS_END)],
  ] as const);
  for (const name of await namesBetween(bytes, { generation, seal: seals(key), from, to })) spoilt.add(name);
  const changed = bytes.subarray(from, to).map((byte) => (to - from === 1 ? byte ^ 0x20 : 0));
  disk.change(path, from, changed);
}

async function namesBetween(
  bytes: Uint8Array,
  { generation, seal, from, to }: { generation: bigint; seal: Seal; from: number; to: number },
): Promise<readonly string[]> {
  const file = { read: async (at: number, length: number) => bytes.slice(at, Math.min(at + length, bytes.length)) };
  const names: string[] = [];
  for (let at: number | undefined = UNITS_START; at !== undefined && at < to; ) {
    const unit = await readUnit(file, { offset: at, generation, seal });
    if (unit === undefined || "sealedRecords" in unit) {
      at = await nextUnitBehind(file, { offset: at, generation, seal });
      continue;
    }
    if (at + unit.length > from) for (const { run, epoch, lane, n } of unit.blocks.flatMap(namesIn)) names.push(keyOf(run, epoch, lane, n));
    at += unit.length;
  }
  return names;
}

function keyIn(file: Uint8Array): Uint8Array | undefined {
  const [, base64 = ""] = new TextDecoder().decode(file).split(" ");
  return base64 === "" ? undefined : new Uint8Array(Buffer.from(base64, "base64"));
}
