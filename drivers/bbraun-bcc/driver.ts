import { Milliseconds, Seconds } from "../../config/units.ts";
import { within } from "../kit/bound.ts";
import { driver, type Line, type Step, type Template } from "../kit/driver.ts";
import { BED, decode, kindOf, type Memory, START } from "./answer.ts";
import { BED_LENGTH_MAX, BLOCK_BYTES_MAX, encodeRequest, readMessage } from "./message.ts";
import { PARAMETER_METRICS } from "./parameter.ts";
import { DELIVERED } from "./rate.ts";
import { scrub } from "./scrub.ts";

// ── What may be sent ────────────────────────────────────────────────────────────────────────────────────────────────

type BedHole = `bed${number}`;
const BED_HOLES: readonly BedHole[] = Array.from({ length: BED_LENGTH_MAX }, (_, i) => `bed${i + 1}` as const);
type Hole = BedHole | "stuffed";
const SLOTS = "123456789ABCDEFGHIJKLMNO";

/** The bed id as holes: a UTF-16 unit each, 0 behind its end (BB-14). */
export const bedHoles = (bed: string): Readonly<Record<BedHole, number>> =>
  Object.fromEntries(BED_HOLES.map((hole, i) => [hole, i < bed.length ? bed.charCodeAt(i) : 0]));

/** Throws RangeError where a hole is out of its bounds. */
function addressed(fill: Readonly<Record<Hole, number>>): { readonly bed: string; readonly stuffed: boolean } {
  const units = BED_HOLES.map((hole) => within(hole, fill[hole] ?? 0, [0, 0xffff]));
  return { bed: String.fromCharCode(...units).replace(/\0+$/, ""), stuffed: within("stuffed", fill.stuffed, [0, 1]) === 1 };
}

const toBed = (command: string): Template<Hole> => ({
  holes: ["stuffed", ...BED_HOLES],
  encode: (fill) => encodeRequest(command, addressed(fill)),
});
const byte = (value: number): Template => ({ holes: [], encode: () => Uint8Array.of(value) });

/** BB-15: all of it reads. Nothing here can start, stop or set a pump. */
const TX = {
  alive: {
    holes: ["stuffed"],
    encode: ({ stuffed }) => encodeRequest("ADMIN:ALIVE", { bed: "1", stuffed: within("stuffed", stuffed, [0, 1]) === 1 }),
  } as Template<"stuffed">,
  version: toBed("ADMIN:VERSION"),
  memory: toBed("MEM:GET"),
  slot: {
    holes: ["stuffed", "pillar", "slot", ...BED_HOLES],
    encode: (fill) => {
      const slot = SLOTS[within("slot", fill.slot, [1, SLOTS.length]) - 1];
      return encodeRequest(`MEM:GETSLOT#${within("pillar", fill.pillar, [1, 3])}${slot}`, addressed(fill));
    },
  } as Template<Hole | "pillar" | "slot">,
  ack: byte(0x06),
  nak: byte(0x15),
};

// ── The device ──────────────────────────────────────────────────────────────────────────────────────────────────────

const ANSWER_WITHIN = Seconds(3); // BB-15
const BLOCK_PAUSE = Milliseconds(100);
const POLL_PAUSE = Seconds(1);
/** Of one answer: 24 pumps of about 1 kB each, and the rack's own. */
const BLOCKS_MAX = 80;
const BROKEN_MAX = 3;

/** B. Braun Space and Compact plus: a rack of pumps behind a SpaceCOM or ComDevice, asked as one; each pump is a node. */
export const bbraunBcc = driver({
  id: "bbraun-bcc",
  device: "B. Braun Space and Compact plus, a rack of infusion pumps, BCC",
  grade: "document",
  line: { speed: 9600, format: "8N1", modemLines: "untouched" }, // BB-11
  quiet: Seconds(10),
  proof: 1, // BB-12: length, sum and form
  frame: {
    delimited: { start: "\x01", end: "\x04", lengthMax: BLOCK_BYTES_MAX, accepts: (frame) => kindOf(readMessage(frame)) !== undefined },
  },
  personal: true, // BB-9
  scrub, // BB-9
  metrics: [DELIVERED, BED, ...PARAMETER_METRICS],
  tx: TX,
  memory: START,
  decode,
  run,
  firstRequest: "harmless", // BB-15: ALIVE, and VERSION behind its answer.
});

// ── Asking ──────────────────────────────────────────────────────────────────────────────────────────────────────────

type Asking = Line<Memory, typeof TX>;

function* run(line: Asking): Step<void> {
  const stuffed = yield* greet(line);
  if (stuffed === undefined) return;
  const address = () => ({ ...bedHoles(line.memory.bed), stuffed });
  yield* line.send("version", address());
  if (!(yield* hear(line, "version"))) return;
  do {
    yield* line.sleep(POLL_PAUSE);
    yield* line.send("memory", address());
  } while (yield* hear(line, "memory"));
}

/** BB-13: a site may have switched stuffing off; the way that was answered before is tried first. Returns the one that is answered. */
function* greet(line: Asking): Step<0 | 1 | undefined> {
  for (const stuffed of line.memory.stuffed ? ([1, 0] as const) : ([0, 1] as const)) {
    yield* line.send("alive", { stuffed });
    if (yield* hear(line, "alive")) return stuffed;
  }
  return undefined;
}

/**
 * All blocks of one answer, each acknowledged (BB-12); false where it did not come to its end. What comes late of an answer that
 * was given up is of another kind, and not taken for this one.
 */
function* hear(line: Asking, kind: ReturnType<typeof kindOf>): Step<boolean> {
  const wanted = { block: (frame: Uint8Array) => kindOf(readMessage(frame)) === kind };
  let broken = 0;
  for (let blocks = 0; blocks < BLOCKS_MAX; blocks++) {
    const answer = yield* line.expect(wanted, ANSWER_WITHIN);
    if (answer.got === "nothing") return false;
    if (answer.got === "broken" && ++broken > BROKEN_MAX) return false;
    yield* line.sleep(BLOCK_PAUSE);
    yield* line.send(answer.got === "broken" ? "nak" : "ack");
    if (answer.got === "block" && readMessage(answer.seen.frame)?.last === true) return true;
  }
  return false;
}
