/** Asks the tq on another machine over HTTP, and turns each kind of refusal into a sentence. */
import { ERROR_CODES, type ErrorCode, messageOf, TqError } from "../../src/errors.ts";
import { printableSentence } from "../../src/printable.ts";
import { cut } from "../../src/quote.ts";
import { formatDuration, SECOND_MS } from "../../src/values/duration.ts";
import { StrangeRow } from "./rows.ts";
import type { Target } from "./target.ts";

/** The longest time of one request: a look through many tasks takes seconds. */
const TIMEOUT_MS = 30 * SECOND_MS;

type Json = Readonly<Record<string, unknown>>;

export interface Request {
  readonly query?: URLSearchParams;
  readonly body?: unknown;
  /** The `Idempotency-Key` of a push. */
  readonly key?: string;
}

/** Codes that only HTTP has, as the exit status of the command line says them. */
const OWN_CODES: Readonly<Record<string, ErrorCode>> = {
  forbidden: "unauthorized",
  method_not_allowed: "invalid",
  too_large: "invalid",
  too_slow: "busy",
  too_many: "busy",
};

/** Otherwise a proxy of the environment would get the token, even of a request to this machine. */
const DIRECT = { proxy: false } as unknown as BunFetchRequestInit;

/** The codes of connections that were never made, and so carried no request. */
const UNMADE = [
  [/REFUSED|FailedToOpen/i, "it was refused"],
  [/ENOTFOUND|EAI_|DNS/i, "this machine knows no such host"],
  [/ENOENT/, "there is no such socket"],
  [/EACCES|EPERM/, "this user may not use it"],
  [/EPROTO/, "it speaks no TLS on this port"],
] as const;

const MIB = 1024 * 1024;

/** A page of tasks has some MiB, and one task with all that it said fewer than this. */
const MOST_BYTES = 64 * MIB;

const MAY_BE_DONE = "it may have been done, or not: look before you try again";

const RUNS_THERE = "; does tq serve, or tq worker --admin, run there?";

const OTHER_JSON = "other JSON";

/** No tq has answered: a change may have been made. That a tq is uncertain itself is another matter. */
export class LostAnswer extends TqError {}

export class Client {
  readonly #target: Target;
  readonly #timeout: number;

  constructor(target: Target, timeout = TIMEOUT_MS) {
    this.#target = target;
    this.#timeout = timeout;
  }

  get name(): string {
    return this.#target.name;
  }

  /**
   * @param path below `/api/v1`
   * @param has keys that the answer of a tq has
   */
  async get(path: string, has: readonly string[], query?: URLSearchParams): Promise<Json> {
    return this.#ask("GET", path, has, query === undefined ? {} : { query });
  }

  async post(path: string, has: readonly string[], request: Request = {}): Promise<Json> {
    return this.#ask("POST", path, has, request);
  }

  async delete(path: string, has: readonly string[]): Promise<Json> {
    return this.#ask("DELETE", path, has, {});
  }

  /** Reads an answer; one that has other values than those of a tq is refused. */
  read<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw error instanceof StrangeRow ? this.#strange(OTHER_JSON, "database") : error;
    }
  }

  /** The error of an answer that no tq gives. */
  #strange(words: string, code: ErrorCode): TqError {
    const why =
      "a proxy may stand between, the path of the address be wrong, or that tq be older than this one";
    const sentence = `${this.name} does not answer as tq does, but with ${words}: ${why}`;
    if (code === "uncertain") return new LostAnswer(code, `${sentence}; ${MAY_BE_DONE}`);
    return new TqError(code, sentence);
  }

  async #ask(
    method: string,
    path: string,
    has: readonly string[],
    { query, body, key }: Request,
  ): Promise<Json> {
    const { base, socket, token } = this.#target;
    const address = `${base}/api/v1${path}${query?.size ? `?${query}` : ""}`;
    let response: Response;
    let text: string;
    try {
      response = await fetch(address, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          accept: "application/json",
          ...(body !== undefined && { "content-type": "application/json" }),
          ...(key !== undefined && { "idempotency-key": key }),
        },
        redirect: "manual", // the token is for this address alone
        signal: AbortSignal.timeout(this.#timeout),
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(socket !== null && { unix: socket }),
        ...(base.startsWith("http:") && DIRECT),
      });
      text = await textOf(response);
    } catch (error) {
      if (!(error instanceof TooLong)) throw this.#unreachable(error, method);
      const words = `more than ${MOST_BYTES / MIB} MiB`;
      throw this.#strange(words, method === "GET" ? "database" : "uncertain");
    }
    return this.#read(response, text, has, method);
  }

  #read(response: Response, text: string, has: readonly string[], method: string): Json {
    const { status, statusText } = response;
    // A proxy that gives up, and a bug there, leave a change open.
    const isOpen = method !== "GET" && (response.ok || status >= 500);
    const code = isOpen ? "uncertain" : "database";
    const words = `${status} ${statusText}`.trim();
    if (status >= 300 && status < 400) {
      const to = response.headers.get("location");
      const where = to === null ? "" : ` to ${cut(to)}`;
      throw new TqError("invalid", `${this.name} sends its callers on${where}: give that address`);
    }
    const answer = parsed(text);
    if (answer === null) throw this.#strange(`${words} and no JSON`, code);
    if (!response.ok) throw this.#refusal(answer, status, words, code);
    if (!has.every((key) => key in answer)) throw this.#strange(OTHER_JSON, code);
    return answer;
  }

  /** The error that the other tq has thrown, or one for what its access says. */
  #refusal(answer: Json, status: number, words: string, otherwise: ErrorCode): TqError {
    const { code, detail: said, task } = answer;
    if (typeof code !== "string" || typeof said !== "string") {
      throw this.#strange(words, otherwise);
    }
    const detail = printableSentence(said);
    const known = ERROR_CODES.find((one) => one === code) ?? OWN_CODES[code] ?? otherwise;
    if (status === 401) {
      const why = `${this.name} does not take the token in ${this.#target.tokenFile}: ${detail}`;
      return new TqError(known, why);
    }
    if (status === 403 || status === 429 || status >= 500) {
      return new TqError(known, `${this.name}: ${detail}`);
    }
    return new TqError(known, detail, isTask(task) ? { task } : {});
  }

  #unreachable(cause: unknown, method: string): TqError {
    const { name } = this;
    const isLate = cause instanceof DOMException && cause.name === "TimeoutError";
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    if (/CERT|SIGNATURE|ISSUER/i.test(code)) {
      const why = /ALTNAME/.test(code)
        ? "its certificate is for other names than this address has"
        : `its certificate is not one that this machine trusts (${code}); NODE_EXTRA_CA_CERTS names a file with further ones`;
      return new TqError("database", `Cannot ask ${name}: ${why}`, { cause });
    }
    const unmade = UNMADE.find(([pattern]) => pattern.test(code));
    const isCut = /RESET|ConnectionClosed/i.test(code);
    const reason = isLate
      ? `no answer came within ${formatDuration(this.#timeout)}`
      : isCut
        ? "the connection was closed before an answer came"
        : `no connection: ${unmade?.[1] ?? messageOf(cause)}`;
    const isSent = unmade === undefined;
    if (method !== "GET" && isSent) {
      const why = `${reason}; ${MAY_BE_DONE}`;
      return new LostAnswer("uncertain", `Cannot tell what ${name} has done: ${why}`, { cause });
    }
    const isPlain = isCut && this.#target.base.startsWith("http:");
    const hint = isPlain ? "; if that tq speaks TLS, give https://" : RUNS_THERE;
    const advice = isLate ? "" : hint;
    const sentence = `Cannot ask ${name}: ${reason}${advice}`;
    return new TqError(isLate ? "busy" : "database", sentence, { cause });
  }
}

/** An answer that no memory must hold. */
class TooLong extends Error {}

async function textOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let [text, bytes] = ["", 0];
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MOST_BYTES) throw new TooLong(); // that ends the connection
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parsed(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Json) : null;
  } catch {
    return null;
  }
}

function isTask(task: unknown): task is { id: number; state: string } {
  if (typeof task !== "object" || task === null) return false;
  const { id, state } = task as Json;
  return typeof id === "number" && typeof state === "string";
}
