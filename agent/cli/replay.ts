import { EXIT } from "../../config/command-line.ts";
import { driverById } from "../../drivers/index.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";
import { atLine, UDP } from "../../drivers/kit/line.ts";
import { conclusion, disagreement, type Wanted } from "../capture/agreement.ts";
import { CAPTURE_MAX, type Capture, rawCapture, readCapture } from "../capture/capture-file.ts";
import { type Replayed, replay } from "../capture/replay.ts";
import type { Self } from "../effects/node/process.ts";
import { readSmallFile } from "../effects/node/small-file.ts";
import { Fault, type FaultKey, faultRow, faultText } from "../fault/fault.ts";
import { readingRow } from "./reading-row.ts";
import type { Words } from "./words.ts";

/**
 * `bedside replay --decode FILE`: the readings of a capture, a line of JSON for each frame that says something, as they would be
 * published; the summary goes to stderr. Exit 1 where they are not those of NAME.expected.jsonl beside it, or where a session would
 * publish nothing at all. Throws Fault `usage`, `capture.unreadable`, `capture.invalid` or `capture.driver`.
 */
export async function replayFile(words: Words, self: Self): Promise<number> {
  const { operand: path = "", extra = {}, json } = words;
  if (extra.decode === undefined) throw new Fault("usage", "replay wants --decode FILE");
  if (extra.raw !== undefined && extra.driver === undefined)
    throw new Fault("usage", "--raw wants --driver ID: bytes do not say whose they are");
  const bytes = await read(path, "capture.unreadable");
  const capture = extra.raw === undefined ? parsed(bytes, path) : undefined;
  const named = driverOf(extra.driver ?? capture?.head.driver, path);
  const driver = (isOfNetwork(capture) ? atLine(named, UDP) : undefined) ?? named;
  const { pieces } = capture ?? rawCapture(bytes, { driver: driver.id, speed: driver.line.speed });
  const replayed = replay(driver, pieces);
  const rows = replayed.frames.flatMap(({ t_ms, decoded }) => readingRow(t_ms, decoded.readings) ?? []);
  for (const row of rows) self.out(`${JSON.stringify(row)}\n`);
  const expected = extra.raw === undefined ? await expectedOf(path) : undefined;
  const fault = unproved(driver, replayed) ?? (expected === undefined ? undefined : differs(driver, replayed, expected));
  const summary = { driver: driver.id, ...replayed.counts, pending: replayed.pending, compared: expected?.units.length ?? 0 };
  if (json) self.err(`${JSON.stringify({ ...summary, ...(fault === undefined ? {} : { fault: faultRow(fault) }) })}\n`);
  else self.err(`${[summaryText(summary, expected?.path), ...(fault === undefined ? [] : [faultText(fault)])].join("\n")}\n`);
  return fault === undefined ? EXIT.ok : EXIT.failed;
}

/** A line of it is a datagram then. */
function isOfNetwork(capture: Capture | undefined): boolean {
  const line: unknown = capture?.head.line;
  return typeof line === "object" && line !== null && "at" in line && line.at === UDP;
}

function parsed(bytes: Uint8Array, path: string): Capture {
  const read = readCapture(new TextDecoder().decode(bytes));
  if ("mistake" in read) throw new Fault("capture.invalid", `${path}, ${read.mistake}`, { path });
  return read;
}

function driverOf(id: string | undefined, path: string): AnyDriver {
  if (id === undefined) throw new Fault("capture.driver", `${path} does not say which driver reads it`, { path });
  const driver = driverById(id);
  if (driver === undefined) throw new Fault("capture.driver", `There is no driver ${JSON.stringify(id)}`, { path, driver: id });
  return driver;
}

const read = async (path: string, key: FaultKey): Promise<Uint8Array> => (await readSmallFile(path, { max: CAPTURE_MAX, key })).bytes;

type Expected = { readonly path: string; readonly units: readonly Wanted[] };

/** Beside the capture and named as it is; undefined where there is none. */
async function expectedOf(capture: string): Promise<Expected | undefined> {
  const path = capture.replace(/\.capture\.jsonl$/, ".expected.jsonl");
  if (path === capture) return undefined;
  const bytes = await read(path, "capture.unreadable").catch((caught: unknown) => {
    if (caught instanceof Fault && caught.context.why === "it does not exist") return undefined;
    throw caught;
  });
  if (bytes === undefined) return undefined;
  const lines = new TextDecoder().decode(bytes).split("\n");
  return { path, units: lines.flatMap((line, index) => (line.trim() === "" ? [] : [unitIn(line, `${path}, line ${index + 1}`)])) };
}

function unitIn(line: string, place: string): Wanted {
  try {
    const unit: unknown = JSON.parse(line);
    if (typeof unit === "object" && unit !== null && PARTS.every((part) => isObject((unit as Record<string, unknown>)[part])))
      return unit as Wanted;
  } catch (caught) {
    if (!(caught instanceof SyntaxError)) throw caught;
  }
  throw new Fault("capture.invalid", `${place}: an expected unit has ${PARTS.join(", ")}`, { place });
}
const PARTS = ["observations", "waves", "conditions"] as const;
const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

function unproved({ id, proof }: AnyDriver, { row, counts }: Replayed): Fault | undefined {
  if (row >= proof) return undefined;
  const held = `${counts.frames} frames of ${counts.framed} bytes hold, at most ${row} in a row`;
  return new Fault("capture.unproved", `${id} wants ${proof} frames in a row: ${held}; ${counts.discarded} bytes are in none`);
}

function differs(driver: AnyDriver, { frames }: Replayed, { path, units }: Expected): Fault | undefined {
  const concluded = frames.flatMap(({ decoded }) => conclusion(decoded.readings) ?? []);
  const first = disagreement(driver, concluded, units);
  return first === undefined ? undefined : new Fault("capture.differs", `${path}: ${first}`, { path });
}

type Summary = Replayed["counts"] & { readonly driver: string; readonly pending: number; readonly compared: number };
const summaryText = (
  { driver, bytes, frames, framed, discarded, broken, pending, compared }: Summary,
  expected: string | undefined,
): string =>
  `${driver}: ${bytes} bytes: ${frames} frames of ${framed}, ${discarded} discarded (${broken} frames broken), ${pending} pending; ` +
  (expected === undefined ? "compared with nothing" : `compared with ${compared} units of ${expected}`);
