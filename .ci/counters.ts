/**
 * Counts the lines that run in any thread, process or compiled executable; Bun's own coverage sees only the thread of
 * the tests. The tests run in a copy of the checkout, where every statement of src/ and cli/ first sets a byte of its
 * own in a memory-mapped file. All threads and processes share the file, and the bytes of a killed process stay set.
 * Lines keep their numbers.
 */
import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseSync } from "oxc-parser";

/** By file: the line of each counter. */
export type Lines = Map<string, Map<number, number>>;

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** Copies the checkout to `place`, with counters, and makes the file of the counters, `hits`, beside it. */
export function countedCopy(root: string, place: string): Lines {
  const lines: Lines = new Map();
  let counters = 0;
  for (const file of filesOf(root)) {
    cpSync(join(root, file), join(place, file));
    if (!/^(src|cli)\/.*\.tsx?$/.test(file)) continue;
    const source = readFileSync(join(root, file), "utf8");
    const counted = withCounters(file, source, counters);
    writeFileSync(join(place, file), counted.text);
    lines.set(file, counted.lines);
    counters += counted.lines.size;
  }
  symlinkSync(join(root, "node_modules"), join(place, "node_modules"));

  const hits = join(dirname(place), "hits");
  writeFileSync(hits, new Uint8Array(Math.max(counters, 1)));
  writeFileSync(join(place, "counters.ts"), counterModule(hits, counters));
  return lines;
}

/**
 * The source of the module that opens the file of the counters. A program that cannot open the file, as it runs as
 * another user, runs all the same and counts nothing.
 */
function counterModule(hits: string, counters: number): string {
  return `export const hits: Uint8Array = open();
function open(): Uint8Array {
  try { return Bun.mmap(${JSON.stringify(hits)}); } catch { return new Uint8Array(${counters}); }
}
`;
}

/** The files of the checkout that git tracks or would add; a tracked one may be deleted. */
function filesOf(root: string): string[] {
  const listed = Bun.spawnSync(
    ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    { cwd: root },
  );
  if (!listed.success) throw new Error(`git ls-files failed: ${listed.stderr.toString()}`);
  const files = listed.stdout.toString().split("\0");
  return files.filter((file) => file !== "" && existsSync(join(root, file)));
}

/** Puts a counter before each statement; the first counter has the number `first`. */
function withCounters(file: string, text: string, first: number) {
  const { program, errors } = parseSync(file, text);
  if (errors[0] !== undefined) throw new Error(`Cannot read ${file}: ${errors[0].message}`);

  const starts = lineStarts(text);
  const lines = new Map<number, number>();
  const insertions: { at: number; text: string }[] = [];
  // At one place, what is inserted first stands first: the order of the calls below matters.
  const insert = (at: number, addition: string) => insertions.push({ at, text: addition });
  const addCounter = (node: Node) => {
    const number = first + lines.size;
    lines.set(number, lineOf(starts, node.start));
    return `$hits[${number}] = 1`;
  };

  const visit = (node: Node) => {
    for (const statement of statementsOf(node)) {
      if (isExecuted(statement)) insert(statement.start, `${addCounter(statement)}; `);
    }
    const lone = bracelessBodies(node); // their closing braces follow below, after what is inside
    for (const statement of lone) {
      insert(statement.start, `{ ${addCounter(statement)}; `);
    }
    const body = node["body"];
    if (node.type === "ArrowFunctionExpression" && isNode(body) && body.type !== "BlockStatement") {
      insert(body.start, `(${addCounter(body)}, `);
      visit(body);
      insert(body.end, ")");
      for (const child of childrenOf(node)) if (child !== body) visit(child);
      return;
    }
    for (const child of childrenOf(node)) {
      visit(child);
      if (lone.includes(child)) insert(child.end, " }");
    }
  };
  visit(program as unknown as Node);

  const top = nodesIn(program.body).find((node) => !isDirective(node));
  if (top !== undefined && lines.size > 0) {
    const path = relative(dirname(file), "counters.ts");
    insertions.unshift({ at: top.start, text: `import { hits as $hits } from "${path}"; ` });
  }
  return { text: withInsertions(text, insertions), lines };
}

/** The statements in the list of this node, if it has one. */
function statementsOf(node: Node): Node[] {
  const lists = ["Program", "BlockStatement", "StaticBlock"];
  if (lists.includes(node.type)) return nodesIn(node["body"]);
  return node.type === "SwitchCase" ? nodesIn(node["consequent"]) : [];
}

/** The statements that need braces around them and their counter: those of `if (a) b(); else c();` */
function bracelessBodies(node: Node): Node[] {
  const loops = /^(For|ForIn|ForOf|While|DoWhile)Statement$/;
  const places =
    node.type === "IfStatement"
      ? ["consequent", "alternate"]
      : loops.test(node.type)
        ? ["body"]
        : [];
  return places
    .flatMap((place) => nodesIn([node[place]]))
    .filter((statement) => statement.type !== "BlockStatement");
}

/** False for statements that do nothing when they are reached: types, imports, functions, directives. */
function isExecuted(statement: Node): boolean {
  const declared = statement["declaration"];
  if (isNode(declared)) return isExecuted(declared);
  if (statement["declare"] === true || isDirective(statement)) return false;
  if (/^Export(Named|All)Declaration$/.test(statement.type)) return false;
  return !/^(TS|Import|EmptyStatement|FunctionDeclaration|ClassDeclaration)/.test(statement.type);
}

/** `"use strict"` */
function isDirective(statement: Node): boolean {
  return typeof statement["directive"] === "string";
}

function childrenOf(node: Node): Node[] {
  return Object.values(node).flatMap((value) =>
    Array.isArray(value) ? nodesIn(value) : nodesIn([value]),
  );
}

function nodesIn(value: unknown): Node[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

/** The sort is stable, so that insertions at one place keep their order. */
function withInsertions(text: string, insertions: { at: number; text: string }[]): string {
  let result = "";
  let from = 0;
  for (const insertion of insertions.toSorted((a, b) => a.at - b.at)) {
    result += text.slice(from, insertion.at) + insertion.text;
    from = insertion.at;
  }
  return result + text.slice(from);
}

function lineStarts(text: string): number[] {
  return [0, ...[...text.matchAll(/\n/g)].map((match) => match.index + 1)];
}

/** Counted from 1. */
function lineOf(starts: number[], offset: number): number {
  const after = starts.findIndex((start) => start > offset);
  return after === -1 ? starts.length : after;
}
