const LOOK_EVERY = 20;

/** Waits for a condition; what it was is part of the failure. */
export async function waitUntil(what: string, holds: () => boolean | Promise<boolean>, withinMs = 15_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  }
}
