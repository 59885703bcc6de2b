import { Cursor, readAttribute, readList } from "./cursor.ts";
import { COMMAND, EVENT, type Granted, type Message, readObjectId } from "./message.ts";
import { CLASS, readPollResult } from "./poll-result.ts";

/** What a message means to the dialogue; what it says of a patient is read by `decode` alone. */
export type Heard =
  | { readonly is: "accepted"; readonly granted: Granted | undefined }
  | { readonly is: "ended" }
  /** The answer to a release, perhaps of an association before. */
  | { readonly is: "released" }
  | { readonly is: "created"; readonly invoke: number }
  | { readonly is: "refused"; readonly invoke: number }
  | { readonly is: "numerics" }
  /** Answer to GET or SET; `waves` is how many are listed. */
  | { readonly is: "list"; readonly invoke: number; readonly waves: number }
  | { readonly is: "other" };

const OTHER: Heard = { is: "other" };
const WAVE_LIST = 0xf23a;

export function heardOf(message: Message | undefined): Heard {
  switch (message?.is) {
    case undefined:
    case "connect":
      return OTHER;
    case "accepted":
      return { is: "accepted", granted: message.granted };
    case "ended":
      return { is: message.how === "released" ? "released" : "ended" };
    case "event":
      return message.event.confirmed && message.event.type === EVENT.create ? { is: "created", invoke: message.invoke } : OTHER;
    case "error":
      return { is: "refused", invoke: message.invoke };
    case "result":
      if (message.command === COMMAND.get || message.command === COMMAND.confirmedSet)
        return { is: "list", invoke: message.invoke, waves: listedWaves(message.argument) };
      return message.command === COMMAND.action && readPollResult(message.argument)?.polled === CLASS.numeric ? { is: "numerics" } : OTHER;
  }
}

/** A list that cannot be read counts as empty. */
function listedWaves(argument: Uint8Array): number {
  const cursor = new Cursor(argument);
  readObjectId(cursor);
  const list = readList(cursor, readAttribute)?.find(({ id }) => id === WAVE_LIST);
  return list === undefined ? 0 : (readList(new Cursor(list.value), (inner) => inner.u32())?.length ?? 0);
}
