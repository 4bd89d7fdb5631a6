/** Sends datagrams to a Unix socket by the C library, as no function of Bun does. For Linux, where systemd is. */
import { addressOf, type CFunction, loadFunction } from "../../src/c-library.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2_000_000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** A socket's address is at most this long: `man 7 unix`. */
const MOST_PATH_BYTES = 107;

/** @returns false where it was not sent: the receiver is gone, or has no room now. */
export type Send = (text: string) => boolean;

/**
 * Opens a socket that sends to this path; a path that begins with `@` is one of no file.
 *
 * @returns null where the system has no such function, or the path is no address.
 */
export function openDatagrams(path: string): Send | null {
  const address = addressBytes(path);
  const sendTo = loadFunction("sendto", ["i32", "ptr", "u64", "i32", "ptr", "i32"]);
  const descriptor = openSocket(loadFunction("socket", ["i32", "i32", "i32"]));
  if (address === null || sendTo === null || descriptor < 0) return null;
  return (text) => {
    const bytes = Buffer.from(text);
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    const [from, to] = [addressOf(bytes), addressOf(address)];
    return sendTo(descriptor, from, bytes.length, flags, to, address.length) === bytes.length;
  };
}

function openSocket(socket: CFunction | null): number {
  return socket?.(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) ?? -1;
}

function addressBytes(path: string): Buffer | null {
  const isAbstract = path.startsWith("@");
  const name = Buffer.from(isAbstract ? `\0${path.slice(1)}` : `${path}\0`);
  if (!/^[@/]/.test(path) || name.length > MOST_PATH_BYTES) return null;
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX); // the processors that tq runs on are all little-endian
  return Buffer.concat([family, name]);
}
