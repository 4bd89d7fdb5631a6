/** Reads sources in TypeScript and JavaScript, and finds methods of classes and functions of `task()` in them. */
import { parse, type ParserPlugin } from "@babel/parser";
import type { CallExpression, Class, Function as SourceFunction, Node } from "@babel/types";

export interface Source {
  readonly text: string;
  /** All that the source consists of, from its start to its end. */
  readonly nodes: readonly Node[];
}

/** Of a class, an object, or by itself. */
export type Callable = Extract<SourceFunction, { params: unknown }>;

const PLUGINS: ParserPlugin[] = ["typescript", "decorators-legacy", "explicitResourceManagement"];

/** Larger sources are written by programs, and take long to read. */
const MOST_CHARACTERS = 1_000_000;

/** @returns null: it cannot be read. */
export function readSource(text: string, isJsx = false): Source | null {
  if (text.length > MOST_CHARACTERS) return null;
  try {
    const plugins = isJsx ? [...PLUGINS, "jsx" as const] : PLUGINS;
    return { text, nodes: [...nodesOf(parse(text, { sourceType: "module", plugins }).program)] };
  } catch {
    return null; // a mistake in it, or brackets that are nested too deeply
  }
}

function* nodesOf(program: Node): Generator<Node> {
  const left: Node[] = [program];
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    yield node;
    const children = Object.values(node).flat().filter(isNode);
    for (const child of children.toReversed()) left.push(child);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

/**
 * The method of the class with this name.
 *
 * @returns null: the source does not have it exactly once.
 */
export function methodIn(
  { nodes }: Source,
  owner: string,
  method: string,
  isStatic: boolean,
): Callable | null {
  const of = only(nodes.filter((node) => isClass(node)).filter(({ id }) => id?.name === owner));
  const found = of?.body.body.filter(
    (member) =>
      (member.type === "ClassMethod" || member.type === "TSDeclareMethod") &&
      (member.static ?? false) === isStatic &&
      nameOf(member.key, member.computed ?? false) === method,
  );
  const one = only(found ?? []);
  return one?.type === "ClassMethod" ? one : null;
}

function isClass(node: Node): node is Class {
  return node.type === "ClassDeclaration" || node.type === "ClassExpression";
}

function nameOf(key: Node, isComputed: boolean): string | null {
  if (key.type === "StringLiteral") return key.value;
  return key.type === "Identifier" && !isComputed ? key.name : null;
}

/** The function that is given to `task(name, …)`, itself or by its name; null as above. */
export function taskIn({ nodes }: Source, name: string): Callable | null {
  const call = only(nodes.filter((node): node is CallExpression => isTask(node, name)));
  const last = call?.arguments.at(-1);
  if (last?.type === "ArrowFunctionExpression" || last?.type === "FunctionExpression") return last;
  if (last?.type !== "Identifier") return null;
  const named = only(declarationsOf(last.name, nodes));
  return named?.type === "FunctionDeclaration" ? named : null;
}

function isTask(node: Node, name: string): boolean {
  if (node.type !== "CallExpression" || node.callee.type !== "Identifier") return false;
  const [first] = node.arguments;
  return node.callee.name === "task" && first?.type === "StringLiteral" && first.value === name;
}

/** All that gives a name of the source its meaning, wherever it stands. */
export function declarationsOf(name: string, nodes: readonly Node[]): Node[] {
  return nodes.filter((node) => {
    if (node.type === "TSTypeParameter") return node.name === name;
    if ("local" in node && isImport(node)) return isNamed(node.local, name);
    return "id" in node && isNamed(node.id, name);
  });
}

function isImport({ type }: Node): boolean {
  return type.startsWith("Import");
}

function isNamed(id: unknown, name: string): boolean {
  return isNode(id) && id.type === "Identifier" && id.name === name;
}

export function only<T>(found: readonly T[]): T | null {
  const [first, ...others] = found;
  return first === undefined || others.length > 0 ? null : first;
}

/**
 * The function or method that the engine has, from the start of its text, of which the end may be missing.
 *
 * @returns null: it cannot be read.
 */
export function callableOf(text: string): Callable | null {
  if (text.endsWith("{ [native code] }")) return null; // a bound function says nothing of its parameters
  const alone = /^(?:async\s+)?([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*=>/u.exec(text);
  if (alone !== null) return firstCallable(`${alone[0]}{}`);
  for (let end = text.indexOf(")"); end !== -1; end = text.indexOf(")", end + 1)) {
    const head = text.slice(0, end + 1);
    const found = firstCallable(`${head}=>{}`, `${head}{}`, `{${head}{}}`);
    if (found !== null) return found;
  }
  return null;
}

/** Of these, one alone can be read. */
function firstCallable(...texts: string[]): Callable | null {
  for (const text of texts) {
    const found = readSource(`(${text})`)?.nodes.find(isCallable);
    if (found !== undefined) return found;
  }
  return null;
}

function isCallable(node: Node): node is Callable {
  return /^(?:Arrow)?Function|Method$/.test(node.type);
}
