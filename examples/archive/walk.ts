/** Finds the files of a folder and its subfolders. */
import { lstatSync, readdirSync } from "node:fs";
import { reasonOf } from "./read.ts";

export interface FoundFile {
  readonly path: Uint8Array<ArrayBuffer>;
  readonly size: number;
  readonly mtime: number;
}

/** Counts of everything but files. */
export interface WalkCounts {
  folders: number;
  /** Symbolic links, which the walk does not follow: it reads no file twice and ends. */
  links: number;
  /** Sockets, pipes, devices. */
  others: number;
  /** Folders that could not be listed, by reason. */
  readonly unlisted: Record<string, number>;
}

const SLASH = Buffer.from("/");

/** Yields every file below `root`, and counts everything else. Names are bytes, as not all are text. */
export function* walk(root: Buffer, counts: WalkCounts): Generator<FoundFile> {
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const name of list(folder, counts)) {
      const path = Buffer.concat([folder, SLASH, name]);
      const stats = lstatSync(path, { throwIfNoEntry: false });
      if (stats === undefined) continue; // it was removed after it was listed
      if (stats.isDirectory()) folders.push(path);
      else if (stats.isFile()) yield { path, size: stats.size, mtime: stats.mtimeMs };
      else if (stats.isSymbolicLink()) counts.links++;
      else counts.others++;
    }
  }
}

function list(folder: Buffer, counts: WalkCounts): Buffer[] {
  try {
    const names = readdirSync(folder, { encoding: "buffer" });
    counts.folders++;
    return names;
  } catch (error) {
    const reason = reasonOf(error);
    counts.unlisted[reason] = (counts.unlisted[reason] ?? 0) + 1;
    return [];
  }
}
