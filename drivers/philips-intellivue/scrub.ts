import { type Attribute, Cursor, readAttribute, readList } from "./cursor.ts";
import { COMMAND, EVENT, readMessage, readObjectId } from "./message.ts";
import { CLASS, readPollResult } from "./poll-result.ts";
import { framed, messageOf } from "./serial-frame.ts";

/**
 * Attributes of which a capture may hold the value: what this driver reads, and what describes numbers and samples. All others (bed
 * label, label strings, whatever a later monitor adds) may hold what people wrote (IV-10).
 */
const KEPT: ReadonlySet<number> = new Set([
  ...[0x0950, 0x094b, 0x096e, 0x0967, 0x0984, 0x0928],
  ...[0x0921, 0x092f, 0x093f, 0x0924, 0x0996, 0x0940, 0x096d, 0x098d, 0x096f, 0x0a16, 0x0916, 0x0946, 0x0987, 0x098f],
]);
/** Lists of alerts: of each entry the text is blanked, into which monitors write the patient's name (IV-22). */
const ALERTS: readonly number[] = [0x0902, 0x0904];
const ENTRY_HEAD_BYTES = 16;
const READ_CLASSES: readonly number[] = [CLASS.numeric, CLASS.wave, CLASS.alerts, CLASS.monitor];

/** IV-10: the frame without what may name a person; undefined where it is not understood to its last byte, or is about the patient. */
export function scrub(frame: Uint8Array): Uint8Array | undefined {
  const message = messageOf(frame);
  const kept = message && scrubMessage(message);
  return kept && framed(kept);
}

/** The same of a datagram. */
export function scrubMessage(bytes: Uint8Array): Uint8Array | undefined {
  const message = bytes.slice();
  return blanked(message) ? message : undefined;
}

/** Overwrites in place; false: nothing of it may be kept. */
function blanked(message: Uint8Array): boolean {
  const read = readMessage(message);
  switch (read?.is) {
    case undefined:
      return false;
    case "accepted":
      return read.granted !== undefined;
    case "ended":
    case "error":
      return true;
    case "connect":
      return blankAll(read.attributes);
    case "event": {
      if (read.event.type !== EVENT.create) return false;
      const cursor = new Cursor(read.event.argument);
      readObjectId(cursor);
      const attributes = readList(cursor, readAttribute);
      return attributes !== undefined && cursor.complete && blankAll(attributes);
    }
    case "result": {
      const result = read.command === COMMAND.action ? readPollResult(read.argument) : undefined;
      if (result === undefined || !READ_CLASSES.includes(result.polled)) return false;
      return result.objects.every(({ attributes }) => blankAll(attributes));
    }
  }
}

function blankAll(attributes: readonly Attribute[]): true {
  for (const { id, value } of attributes) {
    const texts = ALERTS.includes(id) ? textsIn(value) : undefined;
    if (texts !== undefined) for (const text of texts) text.fill(0);
    else if (!KEPT.has(id)) value.fill(0);
  }
  return true;
}

/** Undefined where a length in it does not fit. */
function textsIn(value: Uint8Array): readonly Uint8Array[] | undefined {
  const cursor = new Cursor(value);
  const texts = readList(cursor, (entry) => {
    entry.take(ENTRY_HEAD_BYTES);
    return entry.take(entry.u16());
  });
  return cursor.complete ? texts : undefined;
}
