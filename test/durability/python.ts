import { spawn } from "node:child_process";
import { join } from "node:path";

/** A program in Python of this folder: it is told lines and answers in lines. It ends when its standard input does. */
export type Python = {
  /** Every line that it printed. */
  readonly lines: readonly string[];
  /** Says a line; resolves with the first later one that begins so. */
  readonly ask: (line: string, answer: string) => Promise<string>;
  readonly heard: (begins: string) => Promise<string>;
  /** Its exit code, once its input has ended. */
  readonly stop: () => Promise<number | null>;
};

/** Resolves when it has said "ready". */
export async function startPython(
  program: string,
  words: readonly string[],
  onLine: (line: string) => void = () => undefined,
): Promise<Python> {
  const child = spawn("/usr/bin/python3", ["-B", join(import.meta.dirname, program), ...words], { stdio: ["pipe", "pipe", "inherit"] });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const ended = new Promise<number | null>((done, failed) => {
    child.once("error", failed);
    child.once("close", done);
  });
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const [last = "", ...whole] = (rest + text).split("\n").reverse();
    rest = last;
    for (const line of whole.reverse()) {
      lines.push(line);
      onLine(line);
    }
    for (const look of [...waiting]) look();
  });
  // A runner that ends without cleaning up takes it along: its input ends then.
  child.stdin.on("error", () => undefined);
  const answered = (begins: string, from: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = lines.slice(from).find((line) => line.startsWith(begins));
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      void ended.then((code) => reject(new Error(`${program} ended with ${code} before it said "${begins}"`)), reject);
      look();
    });
  await answered("ready", 0);
  return {
    lines,
    ask: (line, answer) => {
      const from = lines.length;
      child.stdin.write(`${line}\n`);
      return answered(answer, from);
    },
    heard: (begins) => answered(begins, 0),
    stop: () => {
      child.stdin.end();
      return ended;
    },
  };
}
