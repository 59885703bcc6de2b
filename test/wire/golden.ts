import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { protocEncode } from "./protoc.ts";

/**
 * The golden messages: each file has a message as a person writes it, and below it the bytes that it is, as comments. protoc wrote the
 * bytes; ours must read and write the same. What was recorded stays: `node test/wire/golden.ts` adds bytes to the files that have none,
 * and refuses to change any. Who means to change the wire removes the old bytes by hand, and says so in the commit.
 */
const FOLDER = join(import.meta.dirname, "golden");
const BYTES_A_LINE = 32;
const MARK = "# bytes:";

export type Golden = { readonly name: string; readonly message: string; readonly text: string; readonly hex: string };

/** Each says in its first line which message it is. */
export function goldens(): readonly Golden[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".txtpb"))
    .sort()
    .map((name) => {
      const [text = "", ...lines] = readFileSync(join(FOLDER, name), "utf8").split(`${MARK}\n`);
      const message = /^# proto-message: bedside\.v1\.(\w+)$/m.exec(text)?.[1];
      if (message === undefined) throw new TypeError(`${name} does not say which message it is`);
      return { name, message, text, hex: lines.join("").replaceAll(/[^0-9a-f]/g, "") };
    });
}

if (import.meta.main) {
  for (const { name, message, text, hex } of goldens()) {
    const made = Buffer.from(protocEncode(message, text)).toString("hex");
    if (hex !== "" && hex !== made) console.error(`${name}: its text is no longer its bytes; nothing was changed`);
    if (hex !== "") continue;
    const lines = made.match(new RegExp(`.{1,${2 * BYTES_A_LINE}}`, "g")) ?? [];
    writeFileSync(join(FOLDER, name), `${text}${MARK}\n${lines.map((line) => `# ${line}\n`).join("")}`);
    console.log(`${name}: ${made.length / 2} bytes`);
  }
}
