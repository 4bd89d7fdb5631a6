/** Runs the archive example with dist/tq; compiles dist/tq first when it is missing or older than its sources. */
import { join } from "node:path";
import { build, isStale } from "./build.ts";
import { exitCode } from "./run.ts";

const root = join(import.meta.dir, "..");
if (isStale(root)) await build(root);

process.on("SIGINT", () => {}); // the terminal sends it to the example as well: wait for its end
const program = ["run", "examples/archive/main.ts", ...process.argv.slice(2)];
process.exitCode = await exitCode([join(root, "dist/tq"), ...program], root);
