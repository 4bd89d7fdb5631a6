/** The admin API on a socket. */
import { TqError } from "../errors.ts";
import { type Address, parseListen } from "./access/address.ts";
import { unknownAllowed } from "./access/allowed-calls.ts";
import { type AdminOptions, createAdmin } from "./app.ts";
import { loadToken } from "./access/token-file.ts";

export interface ServeOptions extends Omit<AdminOptions, "token" | "hostname" | "isReady"> {
  /** `HOST:PORT`; port 0 takes a free one. */
  readonly listen: string;
  /** Allows addresses that other hosts can reach; the API speaks plain HTTP. */
  readonly insecure?: boolean;
  /** Default: 120. */
  readonly idleSeconds?: number;
  /** Requests wait until it resolves: when the worker beside it has loaded its models. */
  readonly ready?: Promise<void>;
}

export interface AdminServer {
  /** `http://127.0.0.1:8989`, with the port that was really taken. */
  readonly url: string;
  readonly tokenFile: string;
  /** Takes no more requests, and lets those that are under way end, for half a second. */
  stop(): Promise<void>;
}

/**
 * A connection over which nothing moves for so many seconds is closed: the rest of a request does not come, the reader
 * of an answer has stopped reading, or nothing more is asked. While an answer is made there is no such limit: a change
 * waits for another program's lock as long as `database.timeout` says. Bun's own limit of 10 s would cut it.
 */
const IDLE_S = 120;

/** A server that stops cuts off a request that is still under way after this time: its body may never come. */
const GRACE_MS = 500;

/**
 * Starts to listen, and reports `admin.listening`. The token is in `tq.token` beside the store's database.
 *
 * @throws TqError `invalid` when `listen` or the token's file cannot be used, `conflict` when the port is taken
 */
export async function serveAdmin(options: ServeOptions): Promise<AdminServer> {
  const { insecure = false } = options;
  const address = parseListen(options.listen, insecure);
  // The name of a database that is a file is its path, whose owner gets the token.
  const { token, file } = loadToken(options.store.folder, options.store.name);
  const { ready = Promise.resolve(), idleSeconds = IDLE_S } = options;
  let isReady = options.ready === undefined;
  void ready.then(() => {
    isReady = true;
    noteUnknown(options);
  });
  const app = createAdmin({
    ...options,
    token,
    hostname: address.hostname,
    isReady: () => isReady,
  });
  const answer = async (request: Request, server: Server) => {
    if (!isReady && new URL(withOrigin(request, url).url).pathname !== "/healthz") {
      server.timeout(request, NO_LIMIT);
      await ready;
      server.timeout(request, idleSeconds); // the rest of the body may still have to come
    }
    const received = () => server.timeout(request, NO_LIMIT);
    const address = server.requestIP(request)?.address ?? "";
    const response = await app.fetch(withOrigin(request, url), { received, address });
    server.timeout(request, idleSeconds);
    return response;
  };
  const server = listen(address, options.listen, { fetch: answer, idleTimeout: idleSeconds });
  const url = server.url.origin;
  options.report?.({ name: "admin.listening", url, token: file });
  return { url, tokenFile: file, stop: () => stop(server) };
}

function noteUnknown({ pushable = [], catalog, report }: ServeOptions): void {
  const known = catalog();
  const sentences = known === null ? [] : unknownAllowed(pushable, known);
  for (const message of sentences) report?.({ name: "log.note", level: "warn", message });
}

/** For `server.timeout`: the connection is never closed for being idle. */
const NO_LIMIT = 0;

/** An HTTP/1.0 request may have no Host, and then only a path: it is for this server. */
function withOrigin(request: Request, url: string): Request {
  return request.url.startsWith("/") ? new Request(`${url}${request.url}`, request) : request;
}

type Server = Bun.Server<undefined>;

function listen(
  address: Address,
  given: string,
  how: {
    readonly fetch: (request: Request, server: Server) => Promise<Response>;
    readonly idleTimeout: number;
  },
): Server {
  try {
    return Bun.serve({
      ...address,
      ...how,
      development: false,
      reusePort: false, // not the default without development, and then two programs share a port
      maxRequestBodySize: Number.MAX_SAFE_INTEGER, // Bun's own refusal has no words; the application has its own limit, and Bun reads the rest of a body that it refuses
    });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    if (code === "EADDRINUSE") {
      throw new TqError(
        "conflict",
        `Cannot listen on ${given}: another program uses port ${address.port}; end it, or give another port with --listen`,
        { cause },
      );
    }
    const reason = code === "EACCES" ? "this user may not use that port" : code || String(cause);
    throw new TqError(
      "invalid",
      `Cannot listen on ${given}: ${reason}; give an address of this host with --listen`,
      { cause },
    );
  }
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
