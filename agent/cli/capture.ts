import { EXIT } from "../../config/command-line.ts";
import { type Duration, Milliseconds, Minutes, Seconds } from "../../config/units.ts";
import type { Begun, Part } from "../capture/captures.ts";
import { nodeClock } from "../effects/node/clock.ts";
import { newFile } from "../effects/node/new-file.ts";
import type { Self } from "../effects/node/process.ts";
import { Fault } from "../fault/fault.ts";
import { ask } from "./ask.ts";
import type { Words } from "./words.ts";

const LASTS_USUAL = Seconds(60);
const ASK_EVERY = Milliseconds(500);

/**
 * `bedside capture PORT`: records what the port says and is told, by the agent that has it open. First it says what may name a person.
 * Ctrl-C ends it early. Throws Fault `agent.unreachable`, `port.unknown`, `port.not_allowed` and `capture.*`.
 */
export function capture(words: Words, self: Self): Promise<number> {
  const { operand, extra = {} } = words;
  const { release, discard } = extra;
  if (release === undefined && discard === undefined) {
    if (extra.by !== undefined) throw new Fault("usage", "--by goes with --release and --discard");
    return operand === undefined ? list(words, self) : record(operand, words, self);
  }
  if (operand !== undefined || (release !== undefined && discard !== undefined))
    throw new Fault("usage", "one at a time: a PORT, --release NAME or --discard NAME");
  if (extra.by === undefined)
    throw new Fault("usage", 'a capture leaves this box, or is removed from it, with your name:  --by "R. Mensah"');
  return release === undefined ? remove(discard ?? "", extra.by, words, self) : takeOut(release, extra.by, words, self);
}

// ── Recording ───────────────────────────────────────────────────────────────────────────────────────────────────────

async function record(port: string, { extra = {}, runtimeDir, json }: Words, self: Self): Promise<number> {
  const lasts = extra.for === undefined ? LASTS_USUAL : timeIn(extra.for);
  const stop = self.stopSignal();
  const wish = { do: "capture", port, for_ms: lasts, whole: extra.whole !== undefined, anew: extra.anew !== undefined };
  const begun = await ask<Begun>(runtimeDir, wish);
  const { name } = begun;
  const path = extra.out ?? `${name}.capture.jsonl`;
  self.err(`${beginText(begun, lasts)}\n`);
  const file =
    begun.kept === "whole"
      ? undefined
      : await newFile(path, "capture.unwritable").catch(async (caught: unknown) => {
          await ask(runtimeDir, { do: "capture end", name });
          throw caught;
        });
  try {
    const part = await untilEnded(runtimeDir, name, { stop, take: async ({ lines }) => file?.append(lines) });
    const { ended, received } = part;
    const told = { ...begun, ended, received, ...(file === undefined ? {} : { file: path }) };
    if (received === 0) throw new Fault("capture.nothing", `Nothing came on ${begun.location} while it was recorded`);
    self.out(json ? `${JSON.stringify(told)}\n` : endText(begun, part, path));
    return EXIT.ok;
  } finally {
    await file?.close();
  }
}

type Watch = { readonly stop: AbortSignal; readonly take: (part: Part) => Promise<void> | undefined };
async function untilEnded(runtimeDir: string, name: string, { stop, take }: Watch): Promise<Part> {
  const clock = nodeClock();
  let asked = false;
  for (;;) {
    await clock.sleep(ASK_EVERY, asked ? new AbortController().signal : stop);
    if (stop.aborted && !asked) {
      asked = true;
      await ask(runtimeDir, { do: "capture end", name });
    }
    const part = await ask<Part>(runtimeDir, { do: "captured", name });
    await take(part);
    if (part.ended !== undefined) return part;
  }
}

function beginText({ device, driver, line, location, kept, because, name }: Begun, lasts: Duration): string {
  const head = `${device} at ${location}, read as ${driver} at ${line}: recorded for ${lasts / 1000} s; Ctrl-C ends it early.`;
  if (kept === "scrubbed")
    return `${head}\nWhat may name a person is blanked before a byte is written: by the driver's own field map, and every byte that is in no frame.`;
  return [
    head,
    `EVERY BYTE IS KEPT, and may name a patient: ${WHY[because ?? "wished"]}.`,
    `So it stays on this box, sealed, until a named person releases it:  bedside capture --release ${name} --by "YOUR NAME"`,
  ].join("\n");
}
const WHY: Readonly<Record<NonNullable<Begun["because"]>, string>> = {
  no_map: "nobody has said yet which fields of this driver's frames may",
  unproved: "no frame holds on this port, so nobody knows what device it is",
  wished: "you asked for it with --whole",
};

function endText({ kept, name }: Begun, { ended = "time", received }: Part, path: string): string {
  const why = ENDED[ended];
  const where = kept === "scrubbed" ? `${path}\n  look     bedside replay --decode ${path}` : `kept on this box as ${name}`;
  return `${received} bytes came${why === "" ? "" : `; ${why}`}. ${where}\n`;
}
const ENDED: Readonly<Record<NonNullable<Part["ended"]>, string>> = {
  time: "",
  full: "a capture has no more bytes than that",
  unplugged: "it ended because the port went",
  asked: "it was ended early",
  unheard: "it ended because nobody asked for it any more",
  stopped: "it ended because the agent stopped",
  failed: "it ended because the driver's field map failed",
};

// ── What waits on the box ───────────────────────────────────────────────────────────────────────────────────────────

async function list({ runtimeDir, json }: Words, self: Self): Promise<number> {
  const { waiting } = await ask<{ waiting: readonly string[] }>(runtimeDir, { do: "captures" });
  const text =
    waiting.length === 0
      ? "No capture waits on this box.\n"
      : `${waiting.map((name) => `${name}\n`).join("")}\n  take out   bedside capture --release NAME --by "YOUR NAME"\n  remove     bedside capture --discard NAME --by "YOUR NAME"\n`;
  self.out(json ? `${JSON.stringify({ waiting })}\n` : text);
  return EXIT.ok;
}

/** The box keeps its own until the file is safe. */
async function takeOut(name: string, by: string, { extra = {}, runtimeDir, json }: Words, self: Self): Promise<number> {
  const path = extra.out ?? `${name}.capture.jsonl`;
  const file = await newFile(path, "capture.unwritable");
  try {
    const { text } = await ask<{ text: string }>(runtimeDir, { do: "release", name, by });
    await file.append(text);
  } catch (caught) {
    await file.drop();
    throw caught;
  }
  await file.close();
  await ask(runtimeDir, { do: "discard", name, by });
  self.out(json ? `${JSON.stringify({ name, by, file: path })}\n` : `${path}: released by ${by} (name as given). It may name a patient.\n`);
  return EXIT.ok;
}

async function remove(name: string, by: string, { runtimeDir, json }: Words, self: Self): Promise<number> {
  await ask(runtimeDir, { do: "discard", name, by });
  self.out(json ? `${JSON.stringify({ name, by, discarded: true })}\n` : `${name} is removed from this box.\n`);
  return EXIT.ok;
}

function timeIn(text: string): Duration {
  const [, number = "", unit = ""] = /^(\d{1,6})(ms|s|min)$/.exec(text) ?? [];
  if (number === "") throw new Fault("usage", `--for takes a time such as 60s or 5min, not "${text}"`);
  const unitOf = unit === "ms" ? Milliseconds : unit === "s" ? Seconds : Minutes;
  return unitOf(Number(number));
}
