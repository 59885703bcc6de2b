import { type Node, parse } from "acorn";

/** What a module looks like with a counter on every branch, and the words it compares with: a fuzzer's dictionary. */
export type Instrumented = {
  readonly code: string;
  readonly edges: number;
  readonly words: readonly string[];
  readonly numbers: readonly number[];
};

/** The array of counters, and what is called where a loop turns too often; both are globals of the fuzzing process. */
export const COUNTERS = "__edges";
export const RUNAWAY = "__runaway";
/** Turns of one loop in one execution: no parser of ours needs as many for the inputs that it is given. */
export const TURNS_MAX = 20_000_000;
const WORD_LETTERS_MAX = 24;

type Insertion = { readonly at: number; readonly text: string };
type Tree = Node & Readonly<Record<string, unknown>>;

/** Puts counters into JavaScript (types stripped before); their numbers begin at `from`. Lines stay where they were. */
export function instrumented(source: string, from: number): Instrumented {
  const insertions: Insertion[] = [];
  const words = new Set<string>();
  const numbers = new Set<number>();
  let next = from;
  const count = (): string => `${COUNTERS}[${next++}]++`;
  const put = (at: number, text: string): void => void insertions.push({ at, text });

  const block = (node: Tree, loop: boolean): void => {
    const counted = loop ? `if(${count()}>${TURNS_MAX})${RUNAWAY}();` : `${count()};`;
    if (node.type === "BlockStatement") put(node.start + 1, counted);
    else put(node.start, `{${counted}`);
  };
  const blockEnd = (node: Tree): void => {
    if (node.type !== "BlockStatement") put(node.end, "}");
  };
  const expression = (node: Tree): void => put(node.start, `(${count()},`);

  /** Insertions at one place keep their order: what opens outside stands first, what closes inside as well. */
  function walk(node: Tree): void {
    const opened = openings(node, { block, expression });
    if (node.type === "Literal") learn(node.value);
    if (node.type === "TemplateElement") learn((node.value as { cooked?: string }).cooked ?? "");
    for (const child of childrenOf(node)) walk(child);
    for (const { node: inner, is } of opened) {
      if (is === "expression") put(inner.end, ")");
      else blockEnd(inner);
    }
    if (node.type === "IfStatement" && node.alternate === null) put((node.consequent as Tree).end, `else{${count()}}`);
  }
  function learn(value: unknown): void {
    if (typeof value === "string" && value.length > 0 && value.length <= WORD_LETTERS_MAX) words.add(value);
    if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff) numbers.add(value);
  }

  walk(parse(source, { ecmaVersion: "latest", sourceType: "module" }) as unknown as Tree);
  const sorted = insertions.map((one, order) => ({ ...one, order })).sort((a, b) => a.at - b.at || a.order - b.order);
  let code = "";
  let at = 0;
  for (const { at: place, text } of sorted) {
    code += source.slice(at, place) + text;
    at = place;
  }
  return { code: code + source.slice(at), edges: next - from, words: [...words], numbers: [...numbers] };
}

type Opened = { readonly node: Tree; readonly is: "block" | "expression" };
type Put = { readonly block: (node: Tree, loop: boolean) => void; readonly expression: (node: Tree) => void };

/** The branches that begin in this node, each with its counter put. */
function openings(node: Tree, { block, expression }: Put): readonly Opened[] {
  const opened: Opened[] = [];
  const asBlock = (child: unknown, loop = false): void => {
    block(child as Tree, loop);
    opened.push({ node: child as Tree, is: "block" });
  };
  const asExpression = (child: unknown): void => {
    expression(child as Tree);
    opened.push({ node: child as Tree, is: "expression" });
  };
  switch (node.type) {
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "CatchClause":
      asBlock(node.body);
      break;
    case "ArrowFunctionExpression":
      if ((node.body as Tree).type === "BlockStatement") asBlock(node.body);
      else asExpression(node.body);
      break;
    case "IfStatement":
      asBlock(node.consequent);
      if (node.alternate !== null) asBlock(node.alternate);
      break;
    case "ForStatement":
    case "ForInStatement":
    case "ForOfStatement":
    case "WhileStatement":
    case "DoWhileStatement":
      asBlock(node.body, true);
      break;
    case "ConditionalExpression":
      asExpression(node.consequent);
      asExpression(node.alternate);
      break;
    case "LogicalExpression":
      asExpression(node.right);
      break;
    case "SwitchCase": {
      const [first] = node.consequent as readonly Tree[];
      if (first !== undefined && first.type !== "VariableDeclaration") asBlock(first);
      break;
    }
  }
  return opened;
}

function* childrenOf(node: Tree): Generator<Tree> {
  for (const value of Object.values(node)) {
    for (const one of Array.isArray(value) ? value : [value])
      if (typeof one === "object" && one !== null && typeof (one as Tree).type === "string") yield one as Tree;
  }
}
