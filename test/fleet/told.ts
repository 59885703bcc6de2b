import { Trouble, troubleText } from "../../config/fleet/trouble.ts";

/** What an operator reads where this work fails with a trouble; nothing where it does not. */
export function told(work: () => unknown): string {
  try {
    work();
  } catch (caught) {
    if (caught instanceof Trouble) return troubleText(caught);
    throw caught;
  }
  return "";
}
