/**
 * Refuses arguments, settings and a current folder that are not UTF-8: the runtime has replaced their bytes by U+FFFD, and
 * tq would store that, or use another file.
 */
import { isUtf8 } from "node:buffer";
import { readFileSync, readlinkSync } from "node:fs";
import { TqError } from "../../src/errors.ts";

/**
 * Reads the bytes again when an argument has a U+FFFD. Only Linux still has them; other systems refuse nothing.
 *
 * @throws TqError "invalid" when an argument is not UTF-8.
 */
export function requireUtf8(argv: readonly string[], read = () => readProc("cmdline")): void {
  if (!argv.some((text) => text.includes("\uFFFD"))) return;
  for (const bytes of split(read())) {
    if (isUtf8(bytes)) continue;
    throw new TqError(
      "invalid",
      `Cannot read the argument ${JSON.stringify(bytes.toString())}: it is not UTF-8; encode it as UTF-8`,
    );
  }
}

/** @throws TqError "invalid" when the current folder, or a setting in the environment, is not UTF-8. */
export function requireUtf8Surroundings(cwd = process.cwd(), env = process.env): void {
  if (cwd.includes("\uFFFD") && !isUtf8(readFolder())) {
    throw new TqError(
      "invalid",
      `Cannot work in the current folder ${JSON.stringify(cwd)}: its path is not UTF-8; rename that folder, or work in another`,
    );
  }
  const names = Object.keys(env).filter((name) => env[name]?.includes("\uFFFD"));
  if (!names.some((name) => name.startsWith("TQ_"))) return;
  for (const bytes of split(readProc("environ"))) {
    const [name = ""] = bytes.toString().split("=");
    if (isUtf8(bytes) || !name.startsWith("TQ_")) continue;
    throw new TqError("invalid", `Cannot read ${name}: it is not UTF-8; encode it as UTF-8`);
  }
}

function readFolder(): Buffer {
  try {
    return readlinkSync("/proc/self/cwd", { encoding: "buffer" });
  } catch {
    return Buffer.alloc(0);
  }
}

function readProc(file: "cmdline" | "environ"): Buffer {
  try {
    return readFileSync(`/proc/self/${file}`);
  } catch {
    return Buffer.alloc(0);
  }
}

/** In /proc a zero byte ends each argument. */
function split(line: Buffer): Buffer[] {
  const parts = line.toString("latin1").split("\0");
  return parts.map((part) => Buffer.from(part, "latin1"));
}
