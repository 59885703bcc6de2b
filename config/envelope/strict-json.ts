/** Why bytes are not taken for a document; each has a fault of its own. */
export type JsonRefusal = {
  readonly why: "oversized" | "truncated" | "not_json" | "nested" | "duplicate_key" | "forbidden_key";
  /** Where: the offset in the text, or the key. */
  readonly detail: string;
};

/** A document is at most this many bytes long. */
export const DOCUMENT_BYTES_MAX = 128 * 1024;
/** Objects and lists lie at most this deep in one another. */
export const DOCUMENT_DEPTH_MAX = 16;
/** Keys that mean something to JavaScript itself. */
const FORBIDDEN: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Reads JSON from bytes that nobody vouches for yet. Stricter than JSON.parse, which takes duplicate keys (the last wins), `__proto__`
 * and any depth: size, depth and keys are looked at before a value is made. UTF-8 without a byte order mark.
 */
export function readStrictJson(bytes: Uint8Array): { readonly value: unknown } | JsonRefusal {
  if (bytes.length > DOCUMENT_BYTES_MAX)
    return { why: "oversized", detail: `${bytes.length} bytes, at most ${DOCUMENT_BYTES_MAX} are taken` };
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (caught) {
    if (caught instanceof TypeError) return { why: "not_json", detail: "the bytes are not UTF-8" };
    throw caught;
  }
  const found = scan(text);
  if (found !== undefined) return found;
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (caught) {
    if (caught instanceof SyntaxError) return { why: "not_json", detail: caught.message };
    throw caught;
  }
}

type Frame = { readonly keys: Set<string> | undefined; expectsKey: boolean };

/** One pass over the tokens. What it lets through, JSON.parse still judges: here only nesting, keys and an early end are looked at. */
function scan(text: string): JsonRefusal | undefined {
  const open: Frame[] = [];
  let any = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    const top = open.at(-1);
    switch (char) {
      case " ":
      case "\t":
      case "\n":
      case "\r":
        continue;
      case "{":
      case "[":
        if (open.length === DOCUMENT_DEPTH_MAX) return { why: "nested", detail: `more than ${DOCUMENT_DEPTH_MAX} deep at ${at}` };
        open.push(char === "{" ? { keys: new Set(), expectsKey: true } : { keys: undefined, expectsKey: false });
        break;
      case "}":
      case "]":
        if (open.pop() === undefined) return { why: "not_json", detail: `"${char}" at ${at} closes nothing` };
        break;
      case ",":
        if (top?.keys !== undefined) top.expectsKey = true;
        break;
      case '"': {
        const end = stringEnd(text, at);
        if (end === undefined) return { why: "truncated", detail: `the text that begins at ${at} does not end` };
        if (top?.keys !== undefined && top.expectsKey) {
          const refusal = takeKey(text.slice(at, end + 1), top.keys);
          if (refusal !== undefined) return refusal;
          top.expectsKey = false;
        }
        at = end;
        break;
      }
    }
    any = true;
  }
  if (!any || open.length > 0) return { why: "truncated", detail: `the document ends at ${text.length} within something open` };
  return undefined;
}

/** Keys are compared as they are meant, not as they are written: "\u0061" is "a". */
function takeKey(written: string, keys: Set<string>): JsonRefusal | undefined {
  let key: string;
  try {
    key = JSON.parse(written) as string;
  } catch (caught) {
    if (caught instanceof SyntaxError) return { why: "not_json", detail: caught.message };
    throw caught;
  }
  if (FORBIDDEN.has(key)) return { why: "forbidden_key", detail: `"${key}"` };
  if (keys.has(key)) return { why: "duplicate_key", detail: `"${key.slice(0, 64)}" stands twice` };
  keys.add(key);
  return undefined;
}

function stringEnd(text: string, start: number): number | undefined {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === '"') return at;
  }
  return undefined;
}
