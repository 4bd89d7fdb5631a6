/** Compiles dist/tq: `bun .ci/build.ts [--all]`; `--all` makes one executable for each platform. */
import { mkdirSync, rmSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { run } from "./run.ts";

const PLATFORMS = [
  "linux-x64",
  "linux-arm64",
  "linux-x64-musl",
  "linux-arm64-musl",
  "darwin-x64",
  "darwin-arm64",
  "windows-x64",
  "windows-arm64",
];

/** Compiles the executable of `root`: the checkout, or its copy that counts the lines which tests run. */
export async function build(root: string, outfile = "dist/tq", flags: string[] = []) {
  mkdirSync(join(root, "dist"), { recursive: true });
  // Without both entry points and flat names the executable does not find its thread's file.
  await run(
    ["build", "--compile", "--minify", "--sourcemap", "--entry-naming", "[name].[ext]"]
      // Bytecode saves the parsing, two thirds of a start; its default format, CommonJS, has no top-level await.
      .concat(["--bytecode", "--format=esm"])
      // The modules that both entry points import are in the executable once.
      .concat(["--splitting"])
      // The packages that users' models import are found by the "main" and "exports" of their package.json.
      .concat(["--compile-autoload-package-json"])
      // Models are compiled as their tsconfig.json says: paths, JSX, decorators.
      .concat(["--compile-autoload-tsconfig"])
      // A .env in the current folder is for other programs: it would set tq's settings and the tasks' environment unsaid.
      .concat(["--no-compile-autoload-dotenv"])
      // A bunfig.toml in the user's folder could preload any code.
      .concat(["--no-compile-autoload-bunfig"])
      .concat(defineBuild(root))
      .concat(["cli/main.ts", "src/worker/thread.ts", "--outfile", outfile])
      .concat(flags),
    root,
  );
  // The executable has its source maps inside.
  const folder = dirname(resolve(root, outfile));
  for (const map of new Bun.Glob("*.map").scanSync(folder)) rmSync(join(folder, map));
}

function defineBuild(root: string): string[] {
  const build = buildOf(root);
  return build === null ? [] : ["--define", `BUILD=${JSON.stringify(build)}`];
}

/** The commit of a checkout, with a mark where it has changes; null where git does not know the folder. */
export function buildOf(root: string): string | null {
  const git = (...args: string[]) => {
    const { success, stdout } = Bun.spawnSync(["git", ...args], { cwd: root, stderr: "ignore" });
    return success ? stdout.toString().trim() : null;
  };
  try {
    const commit = git("rev-parse", "--short=7", "HEAD");
    if (commit === null) return null;
    return git("status", "--porcelain", "--untracked-files=no") === ""
      ? commit
      : `${commit}.changed`;
  } catch {
    return null; // git is not installed
  }
}

/** True when dist/tq is missing or older than one of its sources. */
export function isStale(root: string): boolean {
  const built = statSync(join(root, "dist/tq"), { throwIfNoEntry: false })?.mtimeMs;
  if (built === undefined) return true;
  const inputs = ["{package,package-lock,tsconfig}.json", "{src,cli,types}/**/*"];
  const files = inputs.flatMap((pattern) => [...new Bun.Glob(pattern).scanSync(root)]);
  return files.some((file) => statSync(join(root, file)).mtimeMs > built);
}

if (import.meta.main) {
  const root = join(import.meta.dir, "..");
  if (process.argv[2] !== "--all") await build(root);
  else {
    for (const platform of PLATFORMS) {
      await build(root, `dist/tq-${platform}`, [`--target=bun-${platform}`]);
    }
  }
}
