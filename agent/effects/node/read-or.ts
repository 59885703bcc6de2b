/** What is in /proc and sysfs may vanish, or hide, while it is looked at: that is no fault, and there is nothing to read then. */
export function readOr<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
