import { isTold, itemOf, itemsOf } from "./block.ts";
import { encodeBlock, readMessage } from "./message.ts";

const ERROR = "GNERR";
const BLANK = "X".charCodeAt(0);

/**
 * BB-9: the block with the value of every parameter blanked that this driver does not tell; an item that is no quadruple is blanked
 * whole. Undefined where it is no block.
 */
export function scrub(frame: Uint8Array): Uint8Array | undefined {
  const message = readMessage(frame);
  if (message === undefined) return undefined;
  const info = message.info.slice();
  for (const item of itemsOf(info)) {
    const said = itemOf(item);
    if (typeof said === "string") item.fill(BLANK);
    else if (!isTold(said.parameter) && said.parameter !== ERROR)
      item.fill(BLANK, item.length - new TextEncoder().encode(said.value).length);
  }
  return encodeBlock({ ...message, info });
}
