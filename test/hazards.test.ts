import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { codeOf } from "./tidy-source.ts";

const ROOT = resolve(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const HAZARDS = Array.from({ length: 20 }, (_, index) => `Z${String(index + 1).padStart(2, "0")}`);
const SENTENCE =
  "**It is not an alarm system**, it never commands a therapy, it holds no patient identity, and nobody treats a patient from its screens.";

/** A test as agent/HAZARDS.md names it: a line `- path: name`. */
type Named = { readonly file: string; readonly name: string };
type Chapter = { readonly hazard: string; readonly named: readonly Named[]; readonly notYet: boolean };

function chaptersOf(page: string): readonly Chapter[] {
  return page
    .split(/^## /m)
    .slice(1)
    .flatMap((text) => {
      const hazard = /^Z\d\d(?= )/.exec(text)?.[0];
      const named = [...text.matchAll(/^- (test\/[\w./-]+): (.+)$/gm)].map(([, file = "", name = ""]) => ({ file, name }));
      return hazard === undefined ? [] : [{ hazard, named, notYet: /^\*\*Not yet:\*\* \S/m.test(text) }];
    });
}

/** Past the bracket that closes the one at `from`; texts are blank in code. */
function closed(code: string, from: number): number {
  let depth = 0;
  for (let at = from; at < code.length; at += 1) {
    if ("([{".includes(code.charAt(at))) depth += 1;
    if (")]}".includes(code.charAt(at))) depth -= 1;
    if (depth === 0) return at + 1;
  }
  return code.length;
}

/** The title that begins at `from`; what differs from case to case (%s, $name, a template's holes) as "…". */
function titleAt(text: string, code: string, from: number): string | undefined {
  const quote = code.charAt(from);
  if (!["'", '"', "`"].includes(quote)) return undefined;
  let title = "";
  for (let at = from + 1; text.charAt(at) !== quote; at += 1) {
    if (quote === "`" && text.startsWith("${", at)) {
      at = closed(code, at + 1) - 1;
      title += "…";
    } else {
      if (text.charAt(at) === "\\") at += 1;
      title += text.charAt(at);
    }
  }
  return title.replaceAll(/%[\d.]*[a-z]|\$[a-z]\w*(\.\w+)*/gi, "…");
}

/** Full names of the tests of a file, with those of the groups around them, as vitest reports them; none that is always skipped. */
function testsOf(text: string): ReadonlySet<string> {
  const code = codeOf(text);
  const groups: { readonly end: number; readonly title: string }[] = [];
  const names = new Set<string>();
  for (const call of code.matchAll(/(?<![\w.$])(describe|test|it)((?:\.\w+)*)(?=[<(.])/g)) {
    let open = code.indexOf("(", call.index);
    let end = closed(code, open);
    for (let next = /^\s*(?:\.\w+)?\s*\(/.exec(code.slice(end)); next !== null; next = /^\s*(?:\.\w+)?\s*\(/.exec(code.slice(end))) {
      open = end + next[0].length - 1;
      end = closed(code, open);
    }
    const title = titleAt(text, code, open + 1 + (/^\s*/.exec(code.slice(open + 1))?.[0].length ?? 0));
    if (title === undefined || /\.(skip|todo)$/.test(call[2] ?? "")) continue;
    const around = groups.filter((group) => group.end > call.index).map((group) => group.title);
    if (call[1] === "describe") groups.push({ end, title });
    else names.add([...around, title].join(" "));
  }
  return names;
}

/** What every driver is asked: conformance.test.ts runs it under these names. */
function proofsOf(text: string): ReadonlySet<string> {
  const code = codeOf(text);
  const titles = [...code.matchAll(/\bname: (?=["`])/g)].map((match) => titleAt(text, code, match.index + match[0].length));
  return new Set(titles.map((title) => `the driver … ${title}`));
}

const inGit = new Set(execFileSync("git", ["ls-files", "test"], { cwd: ROOT, encoding: "utf8" }).split("\n"));
const known = new Map<string, ReadonlySet<string>>();
function namesIn(file: string): ReadonlySet<string> {
  const names = known.get(file) ?? (file === "test/drivers/proofs.ts" ? proofsOf : testsOf)(read(file));
  known.set(file, names);
  return names;
}

/** What is wrong with a page of hazards, in words. */
function wrongIn(page: string): readonly string[] {
  const chapters = chaptersOf(page);
  const told = chapters.map(({ hazard }) => hazard);
  const order = told.join(" ") === HAZARDS.join(" ") ? [] : [`these are not the twenty hazards in order: ${told.join(" ")}`];
  const bare = chapters
    .filter(({ named, notYet }) => named.length === 0 && !notYet)
    .map(({ hazard }) => `${hazard} has neither a test nor a "Not yet"`);
  const lines = [...page.matchAll(/^- .*$/gm)].length;
  const read = chapters.flatMap(({ named }) => named).length;
  const unread = lines === read ? [] : [`${lines - read} lines that begin with a dash name no test`];
  const missing = chapters.flatMap(({ hazard, named }) =>
    named
      .filter(({ file, name }) => !inGit.has(file) || !namesIn(file).has(name))
      .map(({ file, name }) => `${hazard}: ${inGit.has(file) ? `${file} has no test "${name}"` : `there is no ${file}`}`),
  );
  return [...order, ...bare, ...unread, ...missing];
}

describe("the page of hazards", () => {
  const page = read("agent/HAZARDS.md");

  test("names tests that exist, and has for each hazard one of them or says that there is none yet", () => {
    expect(wrongIn(page)).toEqual([]);
  });

  test.each<[string, string, string, RegExp]>([
    [
      "a test by another name",
      "- test/e2e/flood.test.ts: noise",
      "- test/e2e/flood.test.ts: silence",
      /^Z19: test\/e2e\/flood.test.ts has no test "silence /,
    ],
    ["a file that is not there", "- test/e2e/flood.test.ts: noise", "- test/e2e/flod.test.ts: noise", /^Z19: there is no test\/e2e\/flod/],
    ["a name that is cut", " (R53)\n", "\n", /^Z19: .* has no test/],
    ["a hazard left out", "## Z07 ", "## Z77 ", /not the twenty hazards/],
    ["a line that is no test", "- test/e2e/flood.test.ts: noise", "- noise", /name no test/],
  ])("is refused with %s", (_, from, to, says) => {
    expect(page).toContain(from);
    expect(wrongIn(page.replace(from, to))).toEqual([expect.stringMatching(says)]);
  });

  test("is refused with a hazard that has neither", () => {
    const emptied = page.replace(/^## Z20 [\s\S]*/m, "## Z20 A name leaks\n");
    expect(wrongIn(emptied)).toEqual(['Z20 has neither a test nor a "Not yet"']);
  });
});

test("names of tests are read with their groups, across tables and templates, and without those that never run", () => {
  const text = `
describe("a \\"house\\"", () => {
  test.each([["x", (a) => a]])(\`%s of $\{deep({ a: "}" })} and $what.name\`, run);
  test.skipIf(no).each([1])("%i", { timeout: 5 }, run);
  test.skip("never", run);
});
it("alone", run);
// test("in a comment", run);
`;
  expect([...testsOf(text)]).toEqual(['a "house" … of … and …', 'a "house" …', "alone"]);
});

test("the README says what Bedside is not", () => {
  expect(read("README.md").replaceAll(/\s+/g, " ")).toContain(SENTENCE);
});
