import { fromBase64, isBase64, toBase64 } from "../../config/bytes-text.ts";
import type { Mark } from "../../config/envelope/generation.ts";
import type { Disk } from "../effects/effects.ts";
import { writeWhole } from "../spool/run-file.ts";
import type { TrialRecord } from "../trial/trial.ts";
import type { Document, Judgement } from "./document.ts";

/** A file of a kind is no longer than this: two documents in base64, and what was refused. */
const FILE_MAX = 1024 * 1024;

type File = {
  readonly format: 1;
  readonly active: string | undefined;
  readonly candidate: string | undefined;
  readonly refused: readonly string[];
};
const NOTHING: TrialRecord<Document> = { active: undefined, candidate: undefined, refused: [] };

/**
 * What is kept of a kind, or nothing where nothing is or nobody can read it. Documents are opened anew: a file that somebody else
 * wrote has no more rights than a message. Throws Fault `disk.*`.
 */
export async function readKept(
  disk: Disk,
  folder: string,
  kind: string,
  open: (bytes: Uint8Array) => Judgement,
): Promise<{ readonly record: TrialRecord<Document>; readonly lost: boolean }> {
  const bytes = await disk.read(nameOf(folder, kind));
  if (bytes === undefined) return { record: NOTHING, lost: false };
  const file = bytes.length > FILE_MAX ? undefined : parse(bytes);
  if (file === undefined) return { record: NOTHING, lost: true };
  const [active, candidate] = [file.active, file.candidate].map((text) => (text === undefined ? undefined : documentOf(text, open)));
  return {
    record: { active, candidate, refused: file.refused },
    lost: (file.active !== undefined && active === undefined) || (file.candidate !== undefined && candidate === undefined),
  };
}

/** The old file or the new one, whole, whatever happens meanwhile. Throws Fault `disk.*`. */
export async function writeKept(disk: Disk, folder: string, kind: string, record: TrialRecord<Document>): Promise<void> {
  const file: File = {
    format: 1,
    active: textOf(record.active),
    candidate: textOf(record.candidate),
    refused: record.refused,
  };
  await writeWhole(disk, folder, `desired-${kind}.json`, JSON.stringify(file));
}

/** The names of what was refused, as marks. */
export const marksOf = (refused: readonly string[]): readonly Mark[] =>
  refused.flatMap((id) => {
    const [, generation, sha256 = ""] = /^(\d+)-([0-9a-f]{64})$/.exec(id) ?? [];
    return generation === undefined ? [] : [{ generation: Number(generation), sha256 }];
  });

const nameOf = (folder: string, kind: string): string => `${folder}/desired-${kind}.json`;

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
  const { format, active, candidate, refused } = value as Readonly<Record<string, unknown>>;
  const isText = (one: unknown): boolean => one === undefined || typeof one === "string";
  return format === 1 && isText(active) && isText(candidate) && Array.isArray(refused) && refused.every((one) => typeof one === "string");
}

const textOf = (document: Document | undefined): string | undefined => (document === undefined ? undefined : toBase64(document.bytes));

function documentOf(text: string, open: (bytes: Uint8Array) => Judgement): Document | undefined {
  if (!isBase64(text)) return undefined;
  const judged = open(fromBase64(text));
  return judged.is === "good" ? judged.document : undefined;
}
