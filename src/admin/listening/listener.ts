/** Where the admin API takes its requests: a port, in the clear or by TLS, or a Unix socket. */
import { clearTimeout, setTimeout } from "../../clock.ts";
import { TqError } from "../../errors.ts";
import type { Report } from "../../log/events.ts";
import { type Address, type HostAddress, parseListen } from "../access/address.ts";
import type { KeyPair, KeyPairFiles } from "./certificate.ts";
import { openSocketFile } from "./socket-file.ts";

export interface Listener {
  /** `http://127.0.0.1:8989`, with the port that was really taken, or `unix:/run/tq.sock`. */
  readonly url: string;
  /** Takes no more requests, and lets those that are under way end, for half a second. */
  readonly stop: () => Promise<void>;
}

export interface ListenOptions {
  /** As the user wrote it. */
  readonly given: string;
  readonly address: Address;
  readonly tls: KeyPairFiles | null;
  /** A socket file gets the owner of this file. */
  readonly owner: string;
  /** As `Store.after`. */
  readonly after: (ms: number, then: () => void) => () => void;
  readonly report: Report | undefined;
}

export type Server = Bun.Server<undefined>;

export interface Handling {
  readonly fetch: (request: Request, server: Server) => Promise<Response>;
  readonly idleTimeout: number;
}

/** A server that stops cuts off a request that is still under way after this time: its body may never come. */
const GRACE_MS = 500;

/** @throws TqError `invalid` */
export function readAddress(
  listen: string,
  insecure: boolean,
  { cert, key }: { readonly cert: string | null; readonly key: string | null },
): Pick<ListenOptions, "given" | "address" | "tls"> {
  if ((cert === null) !== (key === null)) {
    const [given, other] = key === null ? ["tls_cert", "tls_key"] : ["tls_key", "tls_cert"];
    const why = `admin.${given} is set, and admin.${other} is not; give both files, or neither`;
    throw new TqError("invalid", `Cannot use TLS: ${why}`);
  }
  const tls = cert === null || key === null ? null : { cert, key };
  return { given: listen, address: parseListen(listen, insecure || tls !== null), tls };
}

/** @throws TqError `invalid` where it cannot listen there, `conflict` where another program does */
export async function openListener(options: ListenOptions, how: Handling): Promise<Listener> {
  const { address, given, owner, tls } = options;
  if ("unix" in address) {
    const open = (unix: string) => serveAt({ unix }, given, how);
    const { server, remove } = await openSocketFile(address.unix, owner, open);
    const stopIt = () => stop(server).finally(remove);
    return { url: `unix:${address.unix}`, stop: stopIt };
  }
  if (tls !== null) return openEncrypted(address, tls, options, how);
  const server = serveAt(address, given, how);
  return { url: server.url.origin, stop: () => stop(server) };
}

/** A server keeps the certificate that it began with: a renewed one comes with a new server on the same port. */
async function openEncrypted(
  address: HostAddress,
  files: KeyPairFiles,
  { given, after, report }: ListenOptions,
  how: Handling,
): Promise<Listener> {
  const { readKeyPair, watchKeyPair } = await import("./certificate.ts"); // most servers start without it
  const present = readKeyPair(files);
  let server = serveAt(address, given, how, present);
  const { url } = server;
  const at = { ...address, port: Number(url.port || 443) };
  const ending = new Set<Server>();
  const use = (pair: KeyPair) => {
    const old = server;
    void old.stop().then(() => ending.delete(old)); // requests that are under way end
    ending.add(old);
    server = serveAt(at, given, how, pair);
  };
  const leave = watchKeyPair({ files, present, after, use, report });
  const stopAll = async () => {
    leave();
    await Promise.all([server, ...ending].map(stop));
  };
  return { url: url.origin, stop: stopAll };
}

function serveAt(address: Address, given: string, how: Handling, tls?: KeyPair): Server {
  try {
    return Bun.serve({
      ...(address as HostAddress), // the types of Bun want a socket file elsewhere
      ...how,
      ...(tls && { tls }),
      development: false,
      reusePort: false, // not the default without development, and then two programs share a port
      maxRequestBodySize: Number.MAX_SAFE_INTEGER, // Bun's own refusal has no words; the application has its own limit, and Bun reads the rest of a body that it refuses
    });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    if (code === "EADDRINUSE" && !("unix" in address)) {
      throw new TqError(
        "conflict",
        `Cannot listen on ${given}: another program uses port ${address.port}; end it, or give another port with --listen`,
        { cause },
      );
    }
    const [reason, advice] = "unix" in address ? fileWords(code) : portWords(code);
    const why = reason ?? (code || String(cause));
    throw new TqError("invalid", `Cannot listen on ${given}: ${why}; ${advice}`, { cause });
  }
}

type Words = readonly [reason: string | undefined, advice: string];

function portWords(code: string): Words {
  const reason = code === "EACCES" ? "this user may not use that port" : undefined;
  return [reason, "give an address of this host with --listen"];
}

const FILE_REASONS: Readonly<Record<string, string>> = {
  EACCES: "this user may not write into that folder",
  ENOENT: "there is no such folder",
  ENAMETOOLONG: "the path is too long for a socket",
};

function fileWords(code: string): Words {
  return [FILE_REASONS[code], "give a path in a folder of this user with --listen unix:PATH"];
}

async function stop(server: Server): Promise<void> {
  if (server.pendingRequests > 0) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, GRACE_MS);
    await Promise.race([server.stop(), promise]);
    clearTimeout(timer);
  }
  await server.stop(true); // also connections in the middle of a request
}
