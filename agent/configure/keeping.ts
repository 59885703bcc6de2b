import { fromBase64, isBase64, toBase64 } from "../../config/bytes-text.ts";
import type { Mark } from "../../config/envelope/generation.ts";
import type { Disk } from "../effects/effects.ts";
import { isGood, readCopies, writeWhole } from "../spool/run-file.ts";
import type { TrialRecord } from "../trial/trial.ts";
import type { Document, Judgement } from "./document.ts";

/** A copy is no longer than this: two documents in base64, and what was refused. */
const FILE_MAX = 1024 * 1024;

/** What is kept of a kind, in two equal files: a failing card that loses one of them loses nothing. */
export type Keep = {
  readonly record: TrialRecord<Document>;
  /** The highest that ever ran for good: it stays also where the document itself cannot be used any more. */
  readonly floor: Mark | undefined;
  /** What the configuration file said then of what the document goes over. */
  readonly over: string | undefined;
};

type File = {
  readonly format: 1;
  /** Grows with each writing: which of two copies is the newer one. */
  readonly written: number;
  readonly active: string | undefined;
  readonly candidate: string | undefined;
  readonly refused: readonly string[];
  readonly floor: Mark | undefined;
  readonly over: string | undefined;
};
export type ReadKeep = Keep & {
  readonly written: number;
  /** A document that was kept does not hold any more, or no copy could be read as one. */
  readonly lost: boolean;
  /** One copy is missing, damaged, unreadable or older; the other one holds. */
  readonly single: boolean;
};

export const NOTHING_KEPT: Keep = {
  record: { active: undefined, candidate: undefined, refused: [] },
  floor: undefined,
  over: undefined,
};
const COPIES = ["", ".copy"] as const;

/**
 * What is kept of a kind, or nothing where nothing is or nobody can read it. Documents are opened anew: a file that somebody else
 * wrote has no more rights than a message. Throws Fault `disk.*` where a copy cannot be read and no other holds.
 */
export async function readKept(disk: Disk, folder: string, kind: string, open: (bytes: Uint8Array) => Judgement): Promise<ReadKeep> {
  const copies = await readCopies(
    disk,
    COPIES.map((copy) => nameOf(folder, kind, copy)),
    (bytes) => (bytes.length > FILE_MAX ? undefined : parse(bytes)),
  );
  const good = copies.filter(isGood).map((one) => one.good);
  const newest = good.reduce<File | undefined>((best, one) => (best === undefined || one.written > best.written ? one : best), undefined);
  if (newest === undefined) return { ...NOTHING_KEPT, written: 0, lost: copies.includes("damaged"), single: false };
  const [active, candidate] = [newest.active, newest.candidate].map((text) => (text === undefined ? undefined : documentOf(text, open)));
  return {
    record: { active, candidate, refused: newest.refused },
    floor: newest.floor,
    over: newest.over,
    written: newest.written,
    lost: (newest.active !== undefined && active === undefined) || (newest.candidate !== undefined && candidate === undefined),
    single: good.length < COPIES.length || good.some(({ written }) => written !== newest.written),
  };
}

/** Each copy is the old file or the new one, whole, whatever happens meanwhile. Throws Fault `disk.*`. */
export async function writeKept(disk: Disk, folder: string, kind: string, keep: Keep & { readonly written: number }): Promise<void> {
  const { record, floor, over, written } = keep;
  const file: File = {
    format: 1,
    written,
    active: textOf(record.active),
    candidate: textOf(record.candidate),
    refused: record.refused,
    floor,
    over,
  };
  for (const copy of COPIES) await writeWhole(disk, folder, fileName(kind, copy), JSON.stringify(file));
}

/** The names of what was refused, as marks. */
export const marksOf = (refused: readonly string[]): readonly Mark[] =>
  refused.flatMap((id) => {
    const [, generation, sha256 = ""] = /^(\d+)-([0-9a-f]{64})$/.exec(id) ?? [];
    return generation === undefined ? [] : [{ generation: Number(generation), sha256 }];
  });

const fileName = (kind: string, copy: string): string => `desired-${kind}${copy}.json`;
const nameOf = (folder: string, kind: string, copy: string): string => `${folder}/${fileName(kind, copy)}`;

function parse(bytes: Uint8Array): File | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isFile(value) ? value : undefined;
  } catch (caught) {
    if (caught instanceof SyntaxError) return undefined;
    throw caught;
  }
}

function isFile(value: unknown): value is File {
  if (typeof value !== "object" || value === null) return false;
  const { format, written, active, candidate, refused, floor, over } = value as Readonly<Record<string, unknown>>;
  const texts = [active, candidate, over].every((one) => one === undefined || typeof one === "string");
  const list = Array.isArray(refused) && refused.every((one) => typeof one === "string");
  return format === 1 && Number.isSafeInteger(written) && texts && list && (floor === undefined || isMark(floor));
}

function isMark(value: unknown): value is Mark {
  if (typeof value !== "object" || value === null) return false;
  const { generation, sha256 } = value as Readonly<Record<string, unknown>>;
  return Number.isSafeInteger(generation) && typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256);
}

const textOf = (document: Document | undefined): string | undefined => (document === undefined ? undefined : toBase64(document.bytes));

function documentOf(text: string, open: (bytes: Uint8Array) => Judgement): Document | undefined {
  if (!isBase64(text)) return undefined;
  const judged = open(fromBase64(text));
  return judged.is === "good" ? judged.document : undefined;
}
