// Starts the Bun that package.json pins, whatever other Bun is on the PATH: `node .ci/bun.mjs ARGS`.
// When npm has not run the install script of bun, its executable is a placeholder, so this program runs the script.
import { spawn, spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../node_modules/bun/", import.meta.url));
const bun = `${folder}bin/bun.exe`;

const size = statSync(bun, { throwIfNoEntry: false })?.size;
if (size === undefined) {
  console.error("Cannot start Bun: it is not installed; run npm install first");
  process.exit(1);
}
if (size < 1_000_000) {
  spawnSync(process.execPath, ["install.js"], { cwd: folder, stdio: "inherit" });
}

const child = spawn(bun, process.argv.slice(2), { stdio: "inherit" });
process.on("SIGINT", () => {}); // the terminal sends it to Bun as well: wait for its end
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("exit", (code, signal) => {
  if (signal !== null) console.error(`Bun was killed by ${signal}`);
  process.exit(code ?? 1);
});
