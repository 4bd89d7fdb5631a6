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

/** What is compiled: `root` is the checkout, or the counted copy of it. */
export async function build(root: string, outfile = "dist/tq", flags: string[] = []) {
  mkdirSync(join(root, "dist"), { recursive: true });
  // Both entry points and flat names, or the thread's file is not found inside the binary.
  await run(
    ["build", "--compile", "--minify", "--sourcemap", "--entry-naming", "[name].[ext]"]
      // Parsing takes two thirds of a start. The format, as CommonJS has no top-level await.
      .concat(["--bytecode", "--format=esm"])
      // What both entry points load stands in the executable once.
      .concat(["--splitting"])
      // Or the "main" and "exports" of the packages that users' models import are not read.
      .concat(["--compile-autoload-package-json"])
      // A bunfig.toml in the user's folder may preload anything.
      .concat(["--no-compile-autoload-bunfig"])
      .concat(["cli/main.ts", "src/worker/thread.ts", "--outfile", outfile])
      .concat(flags),
    root,
  );
  // The executable carries them.
  const folder = dirname(resolve(root, outfile));
  for (const map of new Bun.Glob("*.map").scanSync(folder)) rmSync(join(folder, map));
}

/** True when there is no dist/tq, or something that goes into it is newer. */
export function isStale(root: string): boolean {
  const built = statSync(join(root, "dist/tq"), { throwIfNoEntry: false })?.mtimeMs;
  if (built === undefined) return true;
  const inputs = ["{package,package-lock,tsconfig}.json", "{src,cli}/**/*"];
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
