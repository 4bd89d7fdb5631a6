/** Refuses arguments that are not UTF-8: the runtime has replaced their bytes by U+FFFD, and tq would store that. */
import { readFileSync } from "node:fs";
import { TqError } from "../../src/errors.ts";

/**
 * Reads the bytes again when an argument has a U+FFFD. Only Linux still has them; other systems refuse nothing.
 *
 * @throws TqError "invalid" when an argument is not UTF-8.
 */
export function requireUtf8(argv: readonly string[], read = readCommandLine): void {
  if (!argv.some((text) => text.includes("\uFFFD"))) return;
  for (const bytes of split(read())) {
    if (Buffer.from(bytes.toString()).equals(bytes)) continue;
    throw new TqError(
      "invalid",
      `Cannot read the argument ${JSON.stringify(bytes.toString())}: it is not UTF-8; encode it as UTF-8`,
    );
  }
}

function readCommandLine(): Buffer {
  try {
    return readFileSync("/proc/self/cmdline");
  } catch {
    return Buffer.alloc(0);
  }
}

/** In /proc a zero byte ends each argument. */
function split(line: Buffer): Buffer[] {
  const parts = line.toString("latin1").split("\0");
  return parts.map((part) => Buffer.from(part, "latin1"));
}
