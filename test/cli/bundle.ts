/** Puts emitted declarations into one file of ambient modules, with nothing in it that the entry does not need. */
import { join } from "node:path";
import { parseSync } from "oxc-parser";

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** A declaration at the top of a module, with the comment above it. */
interface Declared {
  readonly text: string;
  readonly uses: ReadonlySet<string>;
}

/** Where a name of a module comes from; a namespace has no name of its own. */
interface Imported {
  readonly from: string;
  readonly name: string | null;
}

interface Module {
  readonly declared: Map<string, Declared>;
  readonly imported: Map<string, Imported>;
  readonly wanted: Set<string>;
}

/** The modules that programs import, by the path of their entry. */
const ENTRIES: Readonly<Record<string, string>> = { index: "tq", "testing/index": "tq/testing" };

/** @param files the text of each module by its path without ending; the entries are among them */
export function bundle(files: ReadonlyMap<string, string>): string {
  const modules = new Map<string, Module>();
  const open = (name: string): Module => {
    let module = modules.get(name);
    if (module === undefined) modules.set(name, (module = readModule(name, files.get(name))));
    return module;
  };
  const want = (name: string, wanted: string): void => {
    const module = open(name);
    if (module.wanted.has(wanted)) return;
    module.wanted.add(wanted);
    const { from, name: there } = module.imported.get(wanted) ?? {};
    if (from !== undefined && there && files.has(from)) want(from, there);
    for (const used of module.declared.get(wanted)?.uses ?? []) {
      if (module.declared.has(used) || module.imported.has(used)) want(name, used);
    }
  };

  for (const entry of Object.keys(ENTRIES)) {
    for (const name of open(entry).imported.keys()) want(entry, name);
  }
  return [...modules].map(([name, module]) => writeModule(name, module)).join("\n");
}

function readModule(name: string, text: string | undefined): Module {
  if (text === undefined) throw new Error(`There are no declarations of ${name}`);
  const { program } = parseSync(`${name}.d.ts`, text);
  const module: Module = { declared: new Map(), imported: new Map(), wanted: new Set() };
  let end = 0;
  for (const statement of program.body as unknown as Node[]) {
    const above = text.slice(end, statement.start);
    end = statement.end;
    const source = (statement["source"] as { value: string } | null | undefined)?.value;
    if (source !== undefined) {
      for (const [local, there] of specifiers(statement)) {
        module.imported.set(local, { from: target(name, source), name: there });
      }
      continue;
    }
    const declaration = (statement["declaration"] as Node | null | undefined) ?? statement;
    const own =
      comment(above) +
      text.slice(statement.start, statement.end).replace(/^(export )?declare /, "$1");
    const uses = new Set([...own.matchAll(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu)].map(String));
    for (const declared of namesOf(declaration)) {
      const earlier = module.declared.get(declared);
      const overloads = earlier === undefined ? own : `${earlier.text}\n${own}`;
      module.declared.set(declared, {
        text: overloads,
        uses: uses.union(earlier?.uses ?? new Set()),
      });
    }
  }
  return module;
}

/** The comment right above a declaration; those further up belong to the file. */
function comment(above: string): string {
  return /\/\*\*(?:(?!\*\/)[^])*\*\/\s*$/.exec(above)?.[0] ?? "";
}

/** Local name → name in the other module, of an import, an `export … from` or an `export * as`. */
function specifiers(statement: Node): [string, string | null][] {
  if (statement.type === "ExportAllDeclaration") {
    return [[nameOf(statement["exported"]), null]];
  }
  return ((statement["specifiers"] as Node[] | undefined) ?? []).map((specifier) => {
    if (specifier.type === "ImportNamespaceSpecifier") return [nameOf(specifier["local"]), null];
    if (specifier.type === "ExportSpecifier")
      return [nameOf(specifier["exported"]), nameOf(specifier["local"])];
    return [nameOf(specifier["local"]), nameOf(specifier["imported"])];
  });
}

function namesOf(declaration: Node): string[] {
  const many = declaration["declarations"] as Node[] | undefined;
  if (many !== undefined) return many.map(({ id }) => nameOf(id));
  return declaration["id"] ? [nameOf(declaration["id"])] : [];
}

function nameOf(node: unknown): string {
  return (node as { name: string }).name;
}

function target(name: string, source: string): string {
  if (!source.startsWith(".")) return source;
  return join(name, "..", source).replaceAll("\\", "/").replace(/\.ts$/, "");
}

function writeModule(name: string, { declared, imported, wanted }: Module): string {
  const isEntry = Object.hasOwn(ENTRIES, name);
  const word = isEntry ? "export" : "import";
  const imports = [...imported]
    .filter(([local]) => wanted.has(local))
    .map(([local, { from, name: there }]) => {
      const names =
        there === null
          ? `* as ${local}`
          : `{ ${there === local ? local : `${there} as ${local}`} }`;
      const line = `${word} ${names} from "${moduleName(from)}";`;
      return from.startsWith("bun:") ? `// @ts-ignore: only @types/bun has it\n${line}` : line;
    });
  const texts = [...declared].filter(([local]) => wanted.has(local)).map(([, { text }]) => text);
  const lines = [...imports, ...texts, ...(isEntry ? [] : ["export {};"])];
  return `declare module "${moduleName(name)}" {\n${lines.join("\n")}\n}\n`;
}

function moduleName(name: string): string {
  return ENTRIES[name] ?? (name.includes(":") ? name : `tq:internal/${name}`);
}
