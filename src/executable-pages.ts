/**
 * Keeps few pages of the executable's file in the memory of this process. Where a page is touched, Linux maps the 64 KiB
 * around it that lie in the same mapping (fault-around), whatever `madvise` says: of a server's 56 MB most are never used.
 * So the mappings are cut into pieces of 16 KiB: with that they are 41 MB. A flag that means nothing for a file's pages
 * keeps neighbours apart. It takes 15 ms, 6,600 mappings of the 65,530 that a process may have, and 1.6 MB of the kernel.
 * After pages were released (the page cache keeps them: to touch one again takes a microsecond) 32 MB come back under load.
 */
import { readFileSync } from "node:fs";
import { type CFunction, loadFunction } from "./c-library.ts";

const PIECE_BYTES = 16 * 1024;

/** Of `man 2 madvise`, on Linux. */
const MADV_DONTNEED = 4;
const MADV_DONTDUMP = 16;

/** The least time between two releases. */
const EACH_MS = 1_000;

interface Mapping {
  readonly start: number;
  readonly bytes: number;
}

let advise: CFunction | null = null;
let mappings: readonly Mapping[] = [];
let releasedAt = -EACH_MS;

/** Call it once a server has started. It does nothing where the system is not Linux, or has no /proc. */
export function keepFewPages(): void {
  if (process.platform !== "linux" || advise !== null) return;
  advise = loadFunction("madvise", ["u64", "u64", "i32"]);
  try {
    mappings = unwrittenMappings(readFileSync("/proc/self/smaps", "latin1"), process.execPath);
  } catch {
    return;
  }
  for (const mapping of mappings) cut(mapping);
  releasePages();
}

/** Every second piece gets the flag; where pages are larger than pieces, the system refuses. */
function cut({ start, bytes }: Mapping): void {
  const end = start + bytes;
  const first = Math.ceil(start / PIECE_BYTES) * PIECE_BYTES;
  for (let at = first; at < end; at += 2 * PIECE_BYTES) {
    if (advise?.(at, Math.min(PIECE_BYTES, end - at), MADV_DONTDUMP) !== 0) return;
  }
}

/** Releases the pages, where `keepFewPages` was called; those in use come back at once. */
export function releasePages(): void {
  const now = performance.now();
  if (mappings.length === 0 || now - releasedAt < EACH_MS) return;
  releasedAt = now;
  for (const { start, bytes } of mappings) advise?.(start, bytes, MADV_DONTNEED);
}

/**
 * The mappings of a file that cannot be written and have no page that was: such a page would be lost.
 *
 * @param smaps the text of /proc/self/smaps
 */
export function unwrittenMappings(smaps: string, file: string): Mapping[] {
  return smaps.split(/\n(?=[\da-f]+-)/).flatMap((text) => {
    const [, from = "", to = "", path] =
      /^([\da-f]+)-([\da-f]+) r-[-x]p \S+ \S+ \S+ +(.+)$/m.exec(text) ?? [];
    if (path !== file || !/^Anonymous: +0 kB$/m.test(text)) return [];
    const start = Number.parseInt(from, 16);
    return [{ start, bytes: Number.parseInt(to, 16) - start }];
  });
}
