import { TROUBLES, type TroubleKey } from "./troubles.table.ts";

export type { TroubleKey } from "./troubles.table.ts";

/** What ends a command before it has done what was asked. The first line of the message is the fact, the others are details. */
export class Trouble extends Error {
  readonly key: TroubleKey;

  constructor(key: TroubleKey, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "Trouble";
    this.key = key;
  }

  get exit(): number {
    return TROUBLES[this.key].exit;
  }
}

/** The lines a person reads. */
export function troubleText({ key, message }: Trouble): string {
  const { number, likely, next } = TROUBLES[key];
  const [fact = "", ...details] = message.split("\n");
  return [
    `${number}  ${fact}    ${key}`,
    ...details.map((line) => `           ${line}`),
    `  likely   ${likely}`,
    `  do       ${next}`,
  ].join("\n");
}

/** The same for programs. */
export const troubleRow = ({ key, message }: Trouble) => ({ key, text: message, ...TROUBLES[key] });

/** What came from outside, in a line that cannot move a cursor. */
export const plain = (text: string): string => text.slice(0, 256).replace(/\p{C}/gu, "\ufffd");
