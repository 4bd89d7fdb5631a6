/** Lists the files with another program, and compares its paths with those of the archive. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

export interface Check {
  readonly by: string;
  readonly files: number;
  /** Paths that the archive lacks, and paths that it alone has. */
  readonly missing: Uint8Array[];
  readonly extra: Uint8Array[];
}

export async function check(root: string, archived: readonly Uint8Array[]): Promise<Check> {
  const { by, paths } =
    Bun.which("find") === null || process.platform === "win32" ? walkAgain(root) : await find(root);
  const ours = new Set(archived.map(keyOf));
  const theirs = new Set(paths.map(keyOf));
  return {
    by,
    files: paths.length,
    missing: paths.filter((path) => !ours.has(keyOf(path))),
    extra: archived.filter((path) => !theirs.has(keyOf(path))),
  };
}

async function find(root: string): Promise<{ by: string; paths: Uint8Array[] }> {
  const child = Bun.spawn(["find", root, "-type", "f", "-print0"], { stderr: "ignore" });
  const output = await new Response(child.stdout).bytes();
  const paths: Uint8Array[] = [];
  for (let at = 0, end = 0; (end = output.indexOf(0, at)) !== -1; at = end + 1) {
    paths.push(output.subarray(at, end));
  }
  return { by: "find", paths };
}

/** For systems without find, and for Windows, whose find is another program. */
function walkAgain(root: string): { by: string; paths: Uint8Array[] } {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => Buffer.from(join(parentPath, name)));
  return { by: "a second walk", paths };
}

function keyOf(path: Uint8Array): string {
  return Buffer.from(path).toString("latin1");
}
