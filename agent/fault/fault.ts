import { FAULTS, type FaultKey } from "./faults.table.ts";

export type { FaultKey } from "./faults.table.ts";

/** An operational fault: something outside went wrong. Caught by the runner of its scope; nothing wider stops. */
export class Fault extends Error {
  readonly key: FaultKey;
  readonly context: Readonly<Record<string, string | number>>;

  constructor(key: FaultKey, message: string, context: Readonly<Record<string, string | number>> = {}, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "Fault";
    this.key = key;
    this.context = context;
  }

  /** "BED-205", what people say on the phone. */
  get number(): string {
    return FAULTS[this.key].number;
  }
}

/** A broken invariant: a bug. The process exits, the service manager restarts it, the spool is intact. */
export class AssertionFailed extends Error {}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFailed(message);
}

/** Names what was caught: a Fault stays itself, a bug goes on, anything else becomes the given fault. */
export function asFault(caught: unknown, key: FaultKey, message: string): Fault {
  if (caught instanceof AssertionFailed) throw caught;
  return caught instanceof Fault
    ? caught
    : new Fault(key, `${message}: ${caught instanceof Error ? caught.message : String(caught)}`, {}, { cause: caught });
}

/** The lines a person reads: number and fact with the key, likely cause, next command. A program's own words are none of them. */
export function faultText(fault: Fault): string {
  const row = FAULTS[fault.key];
  const [fact = "", ...details] = fault.message.split("\n");
  return [`${row.number}  ${fact}    ${fault.key}`, ...details, `  likely   ${row.likely}`, `  do       ${row.next}`].join("\n");
}

/** The same for programs, with what the host or a library said, where it said more. */
export function faultRow(fault: Fault) {
  const { likely, next } = FAULTS[fault.key];
  const causes = causesOf(fault);
  return { number: fault.number, key: fault.key, text: fault.message, likely, next, ...(causes.length === 0 ? {} : { causes }) };
}

/** What stands in the fact already is not said again. */
export function causesOf(fault: Fault): readonly string[] {
  const causes: string[] = [];
  for (let cause = fault.cause; cause instanceof Error; cause = cause.cause) causes.push(cause.message);
  return causes.filter((cause) => !fault.message.includes(cause));
}
