import { columns } from "../../config/command-line.ts";
import { shown } from "../../config/settings/mistakes.ts";
import { Fault, faultRow, faultText } from "../fault/fault.ts";
import { LANES, type Lane } from "../model/model.ts";
import type { Amount, Damaged, SealedRange, SpoolLook, Why } from "../spool/look.ts";
import { bytesText, countText, spanText } from "./amounts-text.ts";

export type AboutLook = {
  readonly folder: string;
  /** Bytes that the disk has left. */
  readonly free: number;
  /** Milliseconds since 1970, as this box believes. */
  readonly now: number;
  /** Whether an agent answers: then it works on what is looked at. */
  readonly agent: boolean;
};

const WHY: Readonly<Record<Why, string>> = {
  cannot_be_read: "the file cannot be read",
  too_short: "the file is shorter than a segment, and not empty",
  both_headers: "neither of its headers holds, nor anything else in it: what was in it is not known",
  front_header: "the header does not hold; the one at the end does",
  back_header: "the header at the end does not hold",
  other_lane: "its header says that it is of another lane, and it is read as one of that",
  unit: "a commit does not hold",
  seal: "a commit holds, but its seal does not: it was altered, or moved here from elsewhere",
  blocks: "a commit holds, but not all that it says is in it",
  last_unit: "the last commit does not hold: damaged, or torn by a power cut before it was finished",
};

// ── Sums ──

const add = (one: Amount, other: Amount): Amount => ({
  blocks: one.blocks + other.blocks,
  records: one.records + other.records,
  bytes: one.bytes + other.bytes,
});
const total = (amounts: readonly Amount[]): Amount =>
  amounts.reduce(add, {
    blocks: 0,
    records: 0,
    bytes: 0,
  });
const nameOf = (keyId: number): string => keyId.toString(16).padStart(8, "0");
const damagedIn = ({ segments }: SpoolLook): readonly Damaged[] => segments.flatMap(({ damaged }) => damaged);
const sealedIn = ({ segments }: SpoolLook): readonly SealedRange[] => segments.flatMap(({ sealed }) => sealed);

function laneOf({ segments }: SpoolLook, lane: Lane, now: number) {
  const own = segments.filter((one) => one.lane === lane);
  const oldest = own.flatMap((one) => one.oldest ?? []).sort((a, b) => a - b)[0];
  const newest = own
    .flatMap((one) => one.newest ?? [])
    .sort((a, b) => a - b)
    .at(-1);
  const count = (is: (typeof own)[number]["is"]): number => own.filter((one) => one.is === is).length;
  return {
    segments: count("used"),
    free: count("free"),
    unknown: count("unknown"),
    waiting: total(own.map(({ waiting }) => waiting)),
    delivered: total(own.map(({ delivered }) => delivered)),
    sealed: total(own.flatMap(({ sealed }) => sealed)),
    ...(oldest === undefined ? {} : { oldest: isoOf(oldest), ageSeconds: Math.round((now - oldest) / 1000) }),
    ...(newest === undefined ? {} : { newest: isoOf(newest) }),
  };
}
/** A clock that was never set may have told any number. */
const isoOf = (wall: number): string => (Math.abs(wall) <= 8.64e15 ? new Date(wall).toISOString() : String(wall));

/** What is sealed under keys that are not here, key by key. */
function byKey(sealed: readonly SealedRange[]): readonly (Amount & { readonly key: string })[] {
  return [...Map.groupBy(sealed, ({ keyId }) => keyId)].map(([keyId, units]) => ({ key: nameOf(keyId), ...total(units) }));
}

// ── Inspect ──

/** The answer of `bedside spool inspect --json`; its shape is part of the command's contract. */
export function inspectRow(look: SpoolLook, { folder, free, now, agent }: AboutLook) {
  const { id, ...copies } = look.key;
  return {
    folder,
    agentAnswers: agent,
    diskFreeBytes: free,
    key: { id: id === undefined ? undefined : nameOf(id), ...copies },
    lanes: Object.fromEntries(LANES.map((lane) => [lane, laneOf(look, lane, now)])),
    sealed: byKey(sealedIn(look)),
    damagedPlaces: damagedIn(look).length,
    foreign: look.foreign,
  };
}

export function inspectText(look: SpoolLook, about: AboutLook): string {
  const { segments, foreign } = look;
  const damaged = damagedIn(look).length;
  const used = segments.filter(({ is }) => is !== "free").length;
  const files = `${countText(used, "segment")} of 1 MiB in use, ${segments.length - used} free`;
  const rows = LANES.map((lane) => rowOf(lane, laneOf(look, lane, about.now)));
  const lines = [
    `${about.folder}   ${files}; the disk has ${bytesText(about.free)} left`,
    `  key      ${keyText(look.key)}`,
    ...byKey(sealedIn(look)).map(
      ({ key, blocks, records, bytes }) =>
        `  sealed   ${countText(records, "record")} in ${countText(blocks, "block")}, ${bytesText(bytes)}, under key ${key}, which is not here: only their headers can be read`,
    ),
    ...(damaged === 0 ? [] : [`  damaged  ${countText(damaged, "place")}:  bedside spool verify  names each`]),
    ...(foreign.length === 0 ? [] : [`  foreign  not ours, and not looked at: ${foreign.map(shown).join(", ")}`]),
    ...(about.agent
      ? ["  note     an agent works on it: the numbers move, and what it delivered in the last seconds still counts as waiting"]
      : []),
    "",
    ...columns([["LANE", "SEGMENTS", "WAITING", "BLOCKS", "SIZE", "DELIVERED", "SEALED", "OLDEST WAITING", "NEWEST", "AGE"], ...rows]),
    "",
    "How long its room lasts at the present rate:  bedside status",
  ];
  return `${lines.join("\n")}\n`;
}

function rowOf(lane: Lane, told: ReturnType<typeof laneOf>): readonly string[] {
  const { segments, waiting, delivered, sealed, oldest, newest, ageSeconds } = told;
  const counts = [segments, waiting.records, waiting.blocks].map(String);
  const age = ageSeconds === undefined ? "" : ageSeconds < 0 ? "its clock was ahead" : spanText(ageSeconds);
  return [
    lane,
    ...counts,
    bytesText(waiting.bytes),
    String(delivered.records),
    String(sealed.records),
    secondOf(oldest),
    secondOf(newest),
    age,
  ];
}
const secondOf = (iso: string | undefined): string => iso?.replace("T", " ").replace(/\.\d+Z$/, "Z") ?? "-";

function keyText({ id, ...copies }: SpoolLook["key"]): string {
  const wrong = Object.entries(copies).filter(([, is]) => is !== "good");
  const told = wrong.map(([name, is]) => `${name} is ${is}`).join(", ");
  if (id === undefined) return `none (${told}): nothing can be opened, and what stands here is what the plain headers tell`;
  return `${nameOf(id)}${wrong.length === 0 ? ", both copies are good" : `; ${told}: the agent writes it anew when it starts`}`;
}

// ── Verify ──

/** What keeps the spool from being good: damage goes before what is lost with its key. */
export function verdictOn(look: SpoolLook, folder: string): Fault | undefined {
  const damaged = damagedIn(look);
  const sealed = total(sealedIn(look));
  if (damaged.length > 0) {
    const bytes = damaged.reduce((sum, one) => sum + one.bytes, 0);
    const also = sealed.records === 0 ? "" : `, and ${countText(sealed.records, "record")} cannot be opened`;
    return new Fault(
      "spool.damaged",
      `${countText(damaged.length, "place")} in ${folder} ${damaged.length === 1 ? "does" : "do"} not hold${also}`,
      {
        places: damaged.length,
        bytes,
      },
    );
  }
  if (sealed.blocks === 0) return undefined;
  const why = look.key.id === undefined ? "there is no key" : "the key here is another one";
  return new Fault("spool.sealed", `${countText(sealed.records, "record")} in ${folder} cannot be opened: ${why}`, {
    records: sealed.records,
  });
}

function checkedIn({ segments }: SpoolLook) {
  const opened = total(segments.flatMap(({ waiting, delivered }) => [waiting, delivered]));
  return { files: segments.length, units: segments.reduce((sum, { units }) => sum + units, 0), ...opened };
}

/** The answer of `bedside spool verify --json`; its shape is part of the command's contract. */
export function verifyRow(look: SpoolLook, fault: Fault | undefined) {
  return {
    ok: fault === undefined,
    good: checkedIn(look),
    damaged: damagedIn(look),
    sealed: sealedIn(look).map(({ keyId, ...place }) => ({ ...place, key: nameOf(keyId) })),
    foreign: look.foreign,
    ...(fault === undefined ? {} : { fault: faultRow(fault) }),
  };
}

export function verifyText(look: SpoolLook, fault: Fault | undefined): string {
  const { files, units, blocks, records, bytes } = checkedIn(look);
  const places = damagedIn(look).map((one) => `  damaged  ${one.file} at ${one.offset}, ${one.bytes} B: ${WHY[one.why]}\n`);
  const sealed = sealedIn(look).map(
    (one) =>
      `  sealed   ${one.file} at ${one.offset}, ${one.bytes} B: ${countText(one.records, "record")} under key ${nameOf(one.keyId)}\n`,
  );
  const foreign = look.foreign.map((name) => `  foreign  ${shown(name)} is not ours, and was not looked at\n`);
  const good = `${countText(files, "file")}, ${countText(units, "commit")}; opened and good are ${countText(blocks, "block")}, ${countText(records, "record")}, ${bytesText(bytes)}`;
  return `checked    ${good}\n${[...places, ...sealed, ...foreign].join("")}${fault === undefined ? "all of it holds\n" : `${faultText(fault)}\n`}`;
}
