/** Arguments are bytes to the system and text to us: of what is no UTF-8 the text keeps only U+FFFD. */
import { readFileSync } from "node:fs";
import { TqError } from "../../src/errors.ts";

/**
 * Looks at the bytes where an argument may have lost some. Only Linux still has them; elsewhere nothing is refused.
 *
 * @throws TqError "invalid" when an argument is not UTF-8.
 */
export function checkBytes(argv: readonly string[], read = readCommandLine): void {
  if (!argv.some((text) => text.includes("\uFFFD"))) return;
  for (const bytes of split(read())) {
    if (Buffer.from(bytes.toString()).equals(bytes)) continue;
    throw new TqError(
      "invalid",
      `Cannot read the argument ${JSON.stringify(bytes.toString())}: it is not UTF-8; give the text in that encoding`,
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

/** A zero byte ends each argument. */
function split(line: Buffer): Buffer[] {
  const parts = line.toString("latin1").split("\0");
  return parts.map((part) => Buffer.from(part, "latin1"));
}
