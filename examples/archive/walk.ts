/** Finds the files of a folder and its subfolders. */
import { lstatSync, readdirSync } from "node:fs";
import { reasonOf } from "./read.ts";

export interface Found {
  readonly path: Uint8Array<ArrayBuffer>;
  readonly size: number;
  readonly mtime: number;
}

/** What the walk met beside files. */
export interface Met {
  folders: number;
  /** Symbolic links: not followed, so nothing is read twice and no circle is walked. */
  links: number;
  /** Sockets, pipes, devices. */
  others: number;
  /** Folders that could not be listed, by reason. */
  readonly closed: Record<string, number>;
}

const SLASH = Buffer.from("/");

/** Yields every file below `root`; counts what else is there in `met`. Names are bytes throughout. */
export function* walk(root: Buffer, met: Met): Generator<Found> {
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const name of list(folder, met)) {
      const path = Buffer.concat([folder, SLASH, name]);
      const stats = lstatSync(path, { throwIfNoEntry: false });
      if (stats === undefined) continue; // it vanished since it was listed
      if (stats.isDirectory()) folders.push(path);
      else if (stats.isFile()) yield { path, size: stats.size, mtime: stats.mtimeMs };
      else if (stats.isSymbolicLink()) met.links++;
      else met.others++;
    }
  }
}

function list(folder: Buffer, met: Met): Buffer[] {
  try {
    const names = readdirSync(folder, { encoding: "buffer" });
    met.folders++;
    return names;
  } catch (error) {
    const reason = reasonOf(error);
    met.closed[reason] = (met.closed[reason] ?? 0) + 1;
    return [];
  }
}
