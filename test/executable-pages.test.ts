/** Which mappings of the executable give their pages back. */
import { expect, test } from "bun:test";
import { unwrittenMappings } from "../src/executable-pages.ts";

const mapping = (head: string, written: number) =>
  `${head}\nSize:                 64 kB\nAnonymous:      ${String(written).padStart(8)} kB\nVmFlags: rd mr mw me`;

test("only mappings of the file that nobody can write, or has written, give pages back", () => {
  const smaps = [
    mapping("00200000-00210000 r--p 00000000 fe:00 7 /opt/my tools/tq", 0),
    mapping("00210000-00250000 r-xp 00010000 fe:00 7 /opt/my tools/tq", 0),
    mapping("00250000-00260000 r--p 00050000 fe:00 7 /opt/my tools/tq", 12), // relocated at the start
    mapping("00260000-00270000 rw-p 00060000 fe:00 7 /opt/my tools/tq", 0),
    mapping("7f0000000000-7f0000010000 r-xp 00000000 fe:00 8 /usr/lib/libc.so.6", 0),
    mapping("7f0000010000-7f0000020000 r--p 00000000 00:00 0 ", 0),
  ].join("\n");
  expect(unwrittenMappings(smaps, "/opt/my tools/tq")).toEqual([
    { start: 0x20_0000, bytes: 0x1_0000 },
    { start: 0x21_0000, bytes: 0x4_0000 },
  ]);
  expect(unwrittenMappings("", "/opt/my tools/tq")).toEqual([]);
});
