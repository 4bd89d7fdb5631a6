/** The admin API on a socket. */
import { unknownAllowed } from "./access/allowed-calls.ts";
import { type AdminOptions, createAdmin } from "./app.ts";
import { isDatabaseUrl } from "../values/database-url.ts";
import { loadToken } from "./access/token-file.ts";
import { openListener, readAddress, type Server } from "./listening/listener.ts";

export interface ServeOptions extends Omit<
  AdminOptions,
  "token" | "hostname" | "isReady" | "closing"
> {
  /** `HOST:PORT`; port 0 takes a free one. Or `unix:PATH`. */
  readonly listen: string;
  /** Allows addresses that other hosts can reach, though without TLS. */
  readonly insecure?: boolean;
  /** The files of the certificate and of its key, the settings `admin.tls_cert` and `admin.tls_key`. */
  readonly tls?: { readonly cert: string | null; readonly key: string | null };
  /** Default: 120. */
  readonly idleSeconds?: number;
  /** Requests wait until it resolves: when the worker beside it has loaded its models. */
  readonly ready?: Promise<void>;
}

export interface AdminServer {
  /** `http://127.0.0.1:8989`, with the port that was really taken, or `unix:/run/tq.sock`. */
  readonly url: string;
  readonly tokenFile: string;
  /** Takes no more requests, ends streams of events, and lets requests that are under way end, for half a second. */
  stop(): Promise<void>;
}

/**
 * A connection over which nothing moves for so many seconds is closed: the rest of a request does not come, the reader
 * of an answer has stopped reading, or nothing more is asked. While an answer is made there is no such limit: a change
 * waits for another program's lock as long as `database.timeout` says. Bun's own limit of 10 s would cut it.
 */
const IDLE_S = 120;

/**
 * Starts to listen, and reports `admin.listening`. The token is in `tq.token` beside the store's database.
 *
 * @throws TqError `invalid` when `listen`, TLS or the token's file cannot be used, `conflict` when the address is taken
 */
export async function serveAdmin(options: ServeOptions): Promise<AdminServer> {
  const { insecure = false, tls = { cert: null, key: null } } = options;
  const where = readAddress(options.listen, insecure, tls);
  const { address } = where;
  // The name of a database that is a file is its path, whose owner gets the token.
  const { folder, name } = options.store;
  const { token, file } = loadToken(folder, isDatabaseUrl(name) ? folder : name);
  const { ready = Promise.resolve(), idleSeconds = IDLE_S } = options;
  let isReady = options.ready === undefined;
  void ready.then(() => {
    isReady = true;
    noteUnknown(options);
  });
  const closing = new AbortController();
  const app = createAdmin({
    ...options,
    closing: closing.signal,
    token,
    hostname: "unix" in address ? null : address.hostname,
    isReady: () => isReady,
  });
  const answer = async (request: Request, server: Server) => {
    if (!isReady && !NEVER_WAIT.includes(new URL(withOrigin(request).url).pathname)) {
      server.timeout(request, NO_LIMIT);
      await ready;
      server.timeout(request, idleSeconds); // the rest of the body may still have to come
    }
    const response = await app.fetch(withOrigin(request), new Facts(request, server));
    server.timeout(request, idleSeconds);
    return response;
  };
  const { url, stop } = await openListener(
    {
      ...where,
      owner: options.store.name,
      after: (ms, then) => options.store.after(ms, then),
      report: options.report,
    },
    { fetch: answer, idleTimeout: idleSeconds },
  );
  options.report?.({ name: "admin.listening", url, token: file });
  const stopAll = () => {
    closing.abort();
    return stop();
  };
  return { url, tokenFile: file, stop: stopAll };
}

function noteUnknown({ pushable = [], catalog, report }: ServeOptions): void {
  const known = catalog();
  const sentences = known === null ? [] : unknownAllowed(pushable, known);
  for (const message of sentences) report?.({ name: "log.note", level: "warn", message });
}

/** They are asked while the worker beside the server loads its models, too. */
const NEVER_WAIT = ["/healthz", "/readyz", "/metrics"];

/** The facts about a request that the application may ask for. Few need the address, which takes long to find out. */
class Facts {
  readonly #request: Request;
  readonly #server: Server;

  constructor(request: Request, server: Server) {
    this.#request = request;
    this.#server = server;
  }

  received(): void {
    this.#server.timeout(this.#request, NO_LIMIT);
  }

  get address(): string {
    return this.#server.requestIP(this.#request)?.address ?? "";
  }
}

/** For `server.timeout`: the connection is never closed for being idle. */
const NO_LIMIT = 0;

/** An HTTP/1.0 request may have no Host, and then only a path: it is for this server. */
function withOrigin(request: Request): Request {
  if (!request.url.startsWith("/")) return request;
  return new Request(`http://localhost${request.url}`, request);
}
