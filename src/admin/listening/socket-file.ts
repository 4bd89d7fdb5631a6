/** Listening on a Unix socket: a file that the programs of this host may use whose users may use the database. */
import { chmodSync, linkSync, lstatSync, renameSync, rmSync, type Stats } from "node:fs";
import { dirname, join } from "node:path";
import { TqError } from "../../errors.ts";
import { giveOwner } from "../../file-owner.ts";

/** For the owner and the group of the database. */
const MODE = 0o660;

/** Clients cannot connect to a longer path; some systems take a few bytes more. */
const MOST_BYTES = 103;

export interface SocketFile<Server> {
  readonly server: Server;
  /** Removes the file, unless another one has taken its place. */
  readonly remove: () => void;
}

/**
 * Makes the socket file, in place of one that a dead server has left. The server listens on a file with another name
 * first, so that the file has its owner and mode by the time that others see it.
 *
 * @param path absolute
 * @param like the file whose owner gets the one that root makes
 * @param open listens on the path that it is given, and throws where it cannot
 * @throws TqError `conflict` where a server listens there, `invalid` where the path is another file's
 */
export async function openSocketFile<Server extends { stop(now: boolean): unknown }>(
  path: string,
  like: string,
  open: (path: string) => Server,
): Promise<SocketFile<Server>> {
  if (Buffer.byteLength(path) > MOST_BYTES) {
    const why = `the path is too long for a socket, which takes ${MOST_BYTES} bytes`;
    throw cannot("invalid", path, `${why}; give a shorter one`);
  }
  const found = look(path);
  if (found !== undefined) await checkDead(path, found);
  const draft = join(dirname(path), `.tq${randomName()}`);
  const server = open(draft);
  try {
    giveOwner(draft, like);
    chmodSync(draft, MODE);
    const own = lstatSync(draft);
    if (found !== undefined) removeStale(path, found);
    linkSync(draft, path);
    rmSync(draft);
    return { server, remove: () => removeOwn(path, own) };
  } catch (error) {
    server.stop(true);
    rmSync(draft, { force: true });
    throw hasCode(error, "EEXIST") ? inUse(path) : error;
  }
}

async function checkDead(path: string, found: Stats): Promise<void> {
  if (!found.isSocket()) {
    const why = "there is a file that is no socket, and tq deletes no file of others";
    throw cannot("invalid", path, `${why}; give another path`);
  }
  const reason = await failureOf(path);
  if (reason === null) throw inUse(path);
  if (reason === "ECONNREFUSED") return; // nobody listens any more
  const why = `there is a socket that this user cannot try (${reason})`;
  throw cannot("conflict", path, `${why}; remove it if no server uses it, or give another path`);
}

/** The code with which a connection fails; null: a server takes it. */
async function failureOf(path: string): Promise<string | null> {
  try {
    const socket = await Bun.connect({ unix: path, socket: { data: () => {} } });
    socket.end();
    return null;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}

/** Moves the file away first: should another server have replaced it meanwhile, its file goes back. */
function removeStale(path: string, found: Stats): void {
  const away = join(dirname(path), `.tq${randomName()}`);
  try {
    renameSync(path, away);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    throw error;
  }
  const isSame = sameFile(lstatSync(away), found);
  if (!isSame) linkSync(away, path);
  rmSync(away);
  if (!isSame) throw inUse(path);
}

function removeOwn(path: string, own: Stats): void {
  const found = look(path);
  if (found !== undefined && sameFile(found, own)) rmSync(path, { force: true });
}

function sameFile(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

function look(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function inUse(path: string): TqError {
  return cannot("conflict", path, "another server listens there; end it, or give another path");
}

function cannot(code: "conflict" | "invalid", path: string, why: string): TqError {
  return new TqError(code, `Cannot listen on unix:${path}: ${why}`);
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** Short: the path of a socket has at most some 100 bytes. */
function randomName(): string {
  return crypto.getRandomValues(new Uint8Array(4)).toHex();
}
