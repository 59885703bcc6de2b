/** A source file as the house rules look at it. */
export type Source = {
  readonly path: string;
  readonly text: string;
  /** Equal length and lines; comments and the contents of strings, templates and patterns are blanks. */
  readonly code: string;
  readonly imports: readonly Import[];
};
export type Import = {
  readonly from: string;
  readonly line: number;
  /** Nothing of it is left when the program runs. */
  readonly typeOnly: boolean;
  /** `import(…)` in the middle of code; a specifier that is no literal text is told as "". */
  readonly dynamic: boolean;
};

export function sourceOf(path: string, text: string): Source {
  const code = codeOf(text);
  return { path, text, code, imports: importsOf(text, code) };
}

export const lineOf = (text: string, at: number): number => text.slice(0, at).split("\n").length;

/** Where an import leads: a path in the repository, or the name of a package as it is written. */
export function targetOf(path: string, from: string): string {
  if (!from.startsWith(".")) return from;
  const parts = path.split("/").slice(0, -1);
  for (const part of from.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

function importsOf(text: string, code: string): readonly Import[] {
  const found: Import[] = [];
  for (const match of code.matchAll(/^[ \t]*(?:import|export)\b([^;"'()=]*?)(?:\bfrom\s*)?(["'])( *)\2/gm)) {
    const start = match.index + match[0].length - 1 - match[3]!.length;
    const names = match[1]!.trim();
    found.push({
      from: text.slice(start, start + match[3]!.length),
      line: lineOf(text, start),
      typeOnly: isTypeOnly(names),
      dynamic: false,
    });
  }
  for (const match of code.matchAll(/(\btypeof\s+)?\bimport\s*\(\s*(["'])?( *)/g)) {
    const start = match.index + match[0].length - match[3]!.length;
    const from = match[2] === undefined ? "" : text.slice(start, start + match[3]!.length);
    found.push({ from, line: lineOf(text, start), typeOnly: match[1] !== undefined, dynamic: true });
  }
  return found;
}

function isTypeOnly(names: string): boolean {
  if (/^type\b/.test(names)) return true;
  const braces = /^\{([^}]*)\}$/.exec(names);
  if (braces === null) return false;
  const each = braces[1]!.split(",").map((name) => name.trim());
  return each.every((name) => name === "" || /^type\s/.test(name));
}

/** What may stand before a `/` that begins a pattern and not a division. */
const BEFORE_PATTERN = /(?:^|[(,=:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|in|of|do|else|yield|await))\s*$/;

/** Blanks out what is not code. A template's holes are code. */
export function codeOf(text: string): string {
  const out: string[] = [];
  /** Depth of braces at which a template's hole ends. */
  const holes: number[] = [];
  let depth = 0;
  let at = 0;
  const blank = (to: number): void => {
    for (; at < to; at++) out.push(text[at] === "\n" ? "\n" : " ");
  };
  const copy = (to: number): void => {
    for (; at < to; at++) out.push(text[at]!);
  };
  const template = (): void => {
    blank(endOfTemplate(text, at));
    if (text.startsWith("${", at)) {
      holes.push(depth);
      depth += 1;
      copy(at + 2);
    } else copy(at + 1);
  };
  while (at < text.length) {
    const two = text.slice(at, at + 2);
    const one = text[at]!;
    if (two === "//") blank(endOr(text, text.indexOf("\n", at)));
    else if (two === "/*") blank(endOr(text, text.indexOf("*/", at) + 2));
    else if (one === '"' || one === "'") {
      copy(at + 1);
      blank(endOfString(text, at, one));
      copy(at + 1);
    } else if (one === "`") {
      copy(at + 1);
      template();
    } else if (one === "/" && BEFORE_PATTERN.test(out.slice(-40).join(""))) {
      copy(at + 1);
      blank(endOfPattern(text, at));
      copy(at + 1);
    } else if (one === "}" && holes.at(-1) === depth - 1) {
      holes.pop();
      depth -= 1;
      copy(at + 1);
      template();
    } else {
      if (one === "{") depth += 1;
      if (one === "}") depth -= 1;
      copy(at + 1);
    }
  }
  return out.join("");
}

const endOr = (text: string, end: number): number => (end < 2 ? text.length : end);

function endOfString(text: string, from: number, quote: string): number {
  let at = from;
  while (at < text.length && text[at] !== quote && text[at] !== "\n") at += text[at] === "\\" ? 2 : 1;
  return Math.min(at, text.length);
}

function endOfTemplate(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== "`" && !text.startsWith("${", at)) at += text[at] === "\\" ? 2 : 1;
  return Math.min(at, text.length);
}

function endOfPattern(text: string, from: number): number {
  let inClass = false;
  let at = from;
  for (; at < text.length && text[at] !== "\n"; at++) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "[") inClass = true;
    else if (text[at] === "]") inClass = false;
    else if (text[at] === "/" && !inClass) break;
  }
  return Math.min(at, text.length);
}
