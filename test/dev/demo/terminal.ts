import type { WriteStream } from "node:tty";

/** Draws lines over and over on the same place of a terminal, on its second screen, so that the first stays as it was. */
export type Terminal = {
  readonly open: () => boolean;
  readonly draw: (lines: readonly string[]) => void;
  readonly close: () => void;
};

const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const TO_LINE_END = "\x1b[K";
const TO_SCREEN_END = "\x1b[J";
const NO_WRAP = "\x1b[?7l";
const WRAP = "\x1b[?7h";

export function terminal(out: WriteStream): Terminal {
  let open = false;
  const leave = (): void => void out.write(`${WRAP}${LEAVE}`);
  return {
    open: () => open,
    draw: (lines) => {
      if (!open) {
        open = true;
        process.once("exit", leave);
        out.write(`${ENTER}${NO_WRAP}`);
      }
      const shown = lines.slice(0, Math.max(1, out.rows)).map((line) => `${line}${TO_LINE_END}`);
      out.write(`${HOME}${shown.join("\r\n")}${TO_SCREEN_END}`);
    },
    close: () => {
      if (!open) return;
      open = false;
      process.removeListener("exit", leave);
      leave();
    },
  };
}
