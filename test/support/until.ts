export type Patience = {
  readonly everyMs?: number;
  /** More about how things stood, for the failure. */
  readonly said?: () => string;
};

/** Waits for what only real time brings: a process, a line, a file system. Throws with `what` after `withinMs`. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = 10_000,
  { everyMs = 5, said = () => "" }: Patience = {},
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Not within ${withinMs} ms: ${what}\n${said()}`.trimEnd());
    await new Promise((again) => setTimeout(again, everyMs));
  }
}
