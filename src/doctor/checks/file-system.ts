/** The database lies on a disk of this machine, which keeps what it is told to keep. */
import type { Check, Found } from "../check.ts";

/** All processes must see one memory and one set of locks: https://www.sqlite.org/wal.html#noshm */
const NETWORK =
  /^(?:nfs\d*|cifs|smb\d*|smbfs|9p|afs|ceph|glusterfs|lustre|gpfs|ocfs2|gfs2|virtiofs|vboxsf|vmhgfs)$/;

/** A program that a user runs answers for it, often over a network. */
const BY_PROGRAM = /^(?:fuse(?:\..+|blk)?)$/;

const IN_MEMORY = /^(?:tmpfs|ramfs)$/;

const OF_CONTAINER = /^(?:overlay|aufs)$/;

export const fileSystem: Check = {
  name: "file_system",
  subject: "the file system",
  looks: ["doctor"],
  on: "file",
  async find({ health: { store } }) {
    const kind = await store.condition.fileSystem();
    const found = kind === null ? null : faultOf(kind);
    return found === null ? [] : [{ ...found, message: `${store.name} ${found.message}` }];
  },
  fact: async ({ health: { store } }) => (await store.condition.fileSystem()) ?? "unknown",
};

/** @internal The end of a sentence about a database on such a file system; null: nothing is wrong with it. */
export function faultOf(kind: string): Found | null {
  if (NETWORK.test(kind)) {
    return {
      message: `lies on ${kind}, which other machines share: the write-ahead log of SQLite does not work there, and tasks may be lost or run twice`,
      advice: "move it to a disk of this machine, and let others push over HTTP",
    };
  }
  if (BY_PROGRAM.test(kind)) {
    return {
      message: `lies on ${kind}, a file system that a program answers for: its locks and flushes may not hold`,
      advice: "move it to a disk of this machine",
    };
  }
  if (IN_MEMORY.test(kind)) {
    return {
      message: `lies on ${kind}, in memory: all tasks are gone when the machine stops`,
      advice: "move it to a disk",
    };
  }
  if (OF_CONTAINER.test(kind)) {
    return {
      message: `lies on ${kind}, in the layer of a container: all tasks are gone when the container is removed`,
      advice: "mount a volume for it",
    };
  }
  return null;
}
