/** The tq on another machine that `--url` names: its address, and the token with which it lets this program in. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { isLoopback, plainHost } from "../../src/admin/access/address.ts";
import { messageOf, TqError } from "../../src/errors.ts";
import { quote } from "../../src/quote.ts";
import type { Remote } from "../command/program.ts";

export interface Target {
  /** For people: as it was given. */
  readonly name: string;
  /** Begins every address: `https://box7:8989`; without a slash at its end. */
  readonly base: string;
  /** The path of a Unix socket; null: the address says where it is. */
  readonly socket: string | null;
  readonly token: string;
  readonly tokenFile: string;
}

/** @throws TqError "invalid" for an address or a token that cannot be used */
export function readTarget(remote: Remote): Target {
  const place = placeOf(remote);
  return { name: remote.url, ...place, ...readToken(remote) };
}

function placeOf({ url, insecure }: Remote): Pick<Target, "base" | "socket"> {
  if (url.startsWith("unix:")) {
    const socket = url.slice("unix:".length);
    if (socket !== "") return { base: "http://localhost", socket: resolve(socket) };
    throw refused(url, "it lacks the path of the socket, such as unix:/run/tq.sock");
  }
  const read = URL.parse(url);
  if (read === null || (read.protocol !== "http:" && read.protocol !== "https:")) {
    const why = "it must begin with http://, https:// or unix:, such as https://box7.lan:8989";
    throw refused(url, why);
  }
  if (read.username !== "" || read.password !== "") {
    const shown = `${read.protocol}//…@${read.host}`; // a password is shown nowhere
    throw refused(shown, "it has a name or a password; the token in --token-file stands for them");
  }
  if (read.search !== "" || read.hash !== "") {
    throw refused(url, "nothing may stand behind its path");
  }
  if (read.protocol === "http:" && !insecure && !isLoopback(plainHost(read.hostname))) {
    const why =
      "all that lies between could read the token; use https://, a tunnel to a port of this machine, or give --insecure-url too";
    throw refused(url, why);
  }
  return { base: `${read.origin}${read.pathname.replace(/\/+$/, "")}`, socket: null };
}

function refused(url: string, why: string): TqError {
  return new TqError("invalid", `Cannot use --url ${quote(url)}: ${why}`);
}

function readToken({ tokenFile }: Remote): Pick<Target, "token" | "tokenFile"> {
  if (tokenFile === undefined) {
    const why = "give --token-file with a file that has a token of that tq; tq token add makes one";
    throw new TqError("invalid", `Cannot use --url without a token: ${why}`);
  }
  const token = contentOf(tokenFile).trim();
  if (/^[\x21-\x7e]{1,4096}$/.test(token)) return { token, tokenFile };
  const why = token === "" ? "it is empty" : "it holds more than one word of ASCII letters";
  throw new TqError("invalid", `Cannot use the token in ${tokenFile}: ${why}`);
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new TqError("invalid", `Cannot read the token in ${file}: ${messageOf(cause)}`, {
      cause,
    });
  }
}
