import { type DeviceBook, SETTLED_NS } from "./book.ts";
import { isWave, keyIn, named, type Of, type Share, type SharedEntry } from "./shares.ts";

/**
 * Waves sample by sample. How many units make a block is the agent's affair, so both ledgers are laid out as streams of samples, a
 * metric of a node each, and every block must be a stretch of what was sent. Pure.
 */
export type WaveTally = {
  /** Units of which a sample did not arrive, with the metrics it was of. */
  readonly missing: ReadonlyMap<SharedEntry, readonly string[]>;
  readonly invented: readonly string[];
};

/** A wave of a device as it left: each sample, and the unit it was in. */
type Sent = { readonly samples: readonly number[]; readonly entries: readonly SharedEntry[] };

export function waveTally({ device, leavesOut }: Pick<DeviceBook, "device" | "leavesOut">, { place, entries, records }: Share): WaveTally {
  const missing = new Map<SharedEntry, string[]>();
  const invented: string[] = [];
  const who = named(device, place);
  const streams = streamsOf(entries);
  const known = Object.fromEntries([...streams.keys()].map((key) => [key, true]));
  const blocks = Map.groupBy(records.filter(isWave), ({ body }) => keyIn(known, body.metric));
  for (const [key, told] of blocks) if (!streams.has(key)) invented.push(`${who}: ${told.length} blocks of a wave ${key}`);
  for (const [key, sent] of streams) {
    const told = blocks.get(key) ?? [];
    const places = placesIn(sent, told);
    const arrived = new Set<number>();
    told.forEach(({ epoch, n, body }, at) => {
      const from = places[at];
      if (from === undefined)
        invented.push(`${who}: a block of ${key} that it never sent (epoch ${epoch}, n ${n}: ${body.samples.slice(0, 20).join(" ")})`);
      else for (let i = 0; i < body.samples.length; i += 1) arrived.add(from + i);
    });
    sent.entries.forEach((entry, at) => {
      if (arrived.has(at)) return;
      const keys = missing.get(entry) ?? [];
      if (keys.at(-1) !== key) missing.set(entry, [...keys, key]);
    });
    invented.push(...countFaults({ who, key, leavesOut: leavesOut === true }, told, places));
  }
  return { missing, invented };
}

function streamsOf(entries: readonly SharedEntry[]): ReadonlyMap<string, Sent> {
  const streams = new Map<string, { samples: number[]; entries: SharedEntry[] }>();
  for (const entry of entries) {
    for (const [key, samples] of Object.entries(entry.unit.waves)) {
      const stream = streams.get(key) ?? { samples: [], entries: [] };
      streams.set(key, stream);
      for (const sample of samples) {
        stream.samples.push(sample);
        stream.entries.push(entry);
      }
    }
  }
  return streams;
}

/**
 * Where in the stream each block lies, from the last to the first. A block of few samples fits at many places: of an attachment the
 * last place is taken where all its blocks lie as their count of samples says, or else one behind the other. Where there is none,
 * each block lies at the last place that fits, and what is wrong is seen.
 */
function placesIn(sent: Sent, blocks: readonly Of<"wave">[]): readonly (number | undefined)[] {
  const places = new Map<Of<"wave">, number>();
  let before = sent.samples.length;
  for (const own of [...Map.groupBy(blocks, attachmentOf).values()].toReversed()) {
    const counted = own.map(({ body }) => body.first - own[0]!.body.first);
    const joined = [0];
    for (const { body } of own) joined.push(joined.at(-1)! + body.samples.length);
    const found =
      wholeAt(sent, own, { distances: counted, before }) ??
      wholeAt(sent, own, { distances: joined, before }) ??
      oneByOne(sent, own, before);
    for (const [block, from] of found) places.set(block, from);
    before = Math.min(before, ...found.values());
  }
  return blocks.map((block) => places.get(block));
}

type Places = ReadonlyMap<Of<"wave">, number>;
type Laid = { readonly distances: readonly number[]; readonly before: number };

function wholeAt(sent: Sent, blocks: readonly Of<"wave">[], { distances, before }: Laid): Places | undefined {
  for (let from = before - 1; from >= 0; from -= 1) {
    if (blocks.every((block, at) => fits(sent, block, { from: from + distances[at]!, before })))
      return new Map(blocks.map((block, at) => [block, from + distances[at]!]));
  }
  return undefined;
}

const attachmentOf = ({ run, epoch }: Of<"wave">): string => `${run}/${epoch}`;

function fits({ samples, entries }: Sent, { body, at }: Of<"wave">, { from, before }: { from: number; before: number }): boolean {
  const end = from + body.samples.length;
  return (
    from >= 0 &&
    end <= before &&
    entries[end - 1]!.firstByteAt <= at + SETTLED_NS &&
    body.samples.every((sample, i) => sample === samples[from + i])
  );
}

function oneByOne(sent: Sent, blocks: readonly Of<"wave">[], end: number): Places {
  const places = new Map<Of<"wave">, number>();
  let before = end;
  for (const block of blocks.toReversed()) {
    let from = before - block.body.samples.length;
    while (from >= 0 && !fits(sent, block, { from, before })) from -= 1;
    if (from < 0) continue;
    places.set(block, from);
    before = from;
  }
  return places;
}

/** The sample count goes on by what was sent in between, and by what the device left out. */
function countFaults(
  { who, key, leavesOut }: { readonly who: string; readonly key: string; readonly leavesOut: boolean },
  blocks: readonly Of<"wave">[],
  places: readonly (number | undefined)[],
): readonly string[] {
  const offsets = new Map<string, number>();
  return blocks.flatMap((block, at) => {
    const { epoch, n, body } = block;
    const place = places[at];
    if (place === undefined) return [];
    const attachment = attachmentOf(block);
    const offset = body.first - place;
    const known = offsets.get(attachment) ?? offset;
    offsets.set(attachment, leavesOut ? offset : known);
    const isRight = offset === known || (leavesOut && offset > known);
    return isRight ? [] : [`${who}: ${key} counts its samples wrongly (epoch ${epoch}, n ${n})`];
  });
}
