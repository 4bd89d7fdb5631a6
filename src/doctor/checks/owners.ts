/** The files of the database belong to one user, and no stranger may write them. */
import { pathInShell } from "../../in-shell.ts";
import type { OwnedFile } from "../../store/condition.ts";
import type { Check, Found } from "../check.ts";

const OTHERS_WRITE = 0o002;

/** Only the owner of a file may delete it in such a folder. */
const STICKY = 0o1000;

export const owners: Check = {
  name: "owner",
  subject: "owner and permissions of the files",
  looks: ["doctor"],
  on: "file",
  async find({ health: { store } }) {
    const files = await store.condition.ownedFiles();
    const file = files.find(({ path }) => path === store.name);
    if (file === undefined) return [];
    return [...othersFiles(file, files), ...openFiles(files)];
  },
  async fact({ health: { store } }) {
    const files = await store.condition.ownedFiles();
    const file = files.find(({ path }) => path === store.name);
    if (file === undefined || file.owner === null) return "";
    return `user ${file.owner}, mode ${(file.mode & 0o777).toString(8)}`;
  },
};

const GROUP_WRITES = 0o020;

/** Users of one group may share a database. Of the folder only the rights count. */
function othersFiles(database: OwnedFile, files: readonly OwnedFile[]): Found[] {
  const beside = files.filter(({ path }) => path.startsWith(database.path));
  return beside
    .filter(({ owner }) => owner !== database.owner)
    .filter(({ group, mode }) => group !== database.group || (mode & GROUP_WRITES) === 0)
    .map(({ path, owner }) => ({
      message: `${path} belongs to user ${owner}, and the database to user ${database.owner}: the service may not be able to write it`,
      advice: `chown ${database.owner} ${pathInShell(path)}`,
    }));
}

function openFiles(files: readonly OwnedFile[]): Found[] {
  const open = files.filter(({ mode }) => (mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0);
  if (open.length === 0) return [];
  const paths = open.map(({ path }) => path);
  const message = `Every user of this machine may write ${paths.join(", ")}, and whoever can write tasks has the models run them`;
  return [{ message, advice: `chmod o-w ${paths.map(pathInShell).join(" ")}` }];
}
