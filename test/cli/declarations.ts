/**
 * The declarations of the module "tq" in one file, made from the source: for projects that depend on tq, and what
 * `tq init` writes for editors.
 * `bun test/cli/declarations.ts` renews the file after a change of what programs see.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { bundle } from "./bundle.ts";

const HERE = resolve(import.meta.dir, "../..");

/** The checkout itself: in the copy that counts lines, other comments stand before the declarations. */
export const ROOT = HERE.replace(/\/coverage\/tree$/, "");

export const DECLARATIONS = join(ROOT, "types/tq.d.ts");

/** `tq init` puts valibot's declarations in place of this line: a project of the executable has no packages. */
const VALIBOT = `declare module "tq:internal/valibot" {\nexport * from "valibot";\n}\n`;

/** What the declarations should be. */
export async function makeDeclarations(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "tq-types-"));
  try {
    await emit(folder);
    return `${bundle(await read(folder))}\n${VALIBOT}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs the compiler on the module's entry. */
async function emit(folder: string): Promise<void> {
  const options = {
    noEmit: false,
    noCheck: true,
    declaration: true,
    emitDeclarationOnly: true,
    stripInternal: true,
    rootDir: ROOT,
    outDir: folder,
    typeRoots: [join(ROOT, "node_modules/@types")],
  };
  const config = {
    extends: join(ROOT, "tsconfig.json"),
    compilerOptions: options,
    include: [],
    files: [
      join(ROOT, "src/index.ts"),
      join(ROOT, "src/testing/index.ts"),
      join(ROOT, "src/sqlite/sql.d.ts"),
    ],
  };
  const path = join(folder, "tsconfig.json");
  writeFileSync(path, JSON.stringify(config));
  await compile(path);
}

/** Type-checks a project; throws what the compiler says against it. */
export async function compile(project: string): Promise<void> {
  const tsc = Bun.spawn([process.execPath, join(ROOT, "node_modules/.bin/tsc"), "-p", project], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [problems, code] = await Promise.all([new Response(tsc.stdout).text(), tsc.exited]);
  if (code !== 0) throw new Error(problems);
}

/** The emitted files by their path below src/, without an ending. */
async function read(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const src = join(folder, "src");
  for await (const path of new Bun.Glob("**/*.d.ts").scan({ cwd: src, absolute: true })) {
    const name = relative(src, path)
      .replaceAll("\\", "/")
      .replace(/\.d\.ts$/, "");
    files.set(name, await Bun.file(path).text());
  }
  return files;
}

if (import.meta.main) await Bun.write(DECLARATIONS, await makeDeclarations());
