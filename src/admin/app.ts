/** The admin API as an application that answers requests; `serve.ts` gives it a socket. */
import { type Context, Hono, type Next } from "hono";
import { methodNotAllowed } from "hono/method-not-allowed";
import { type AdminEnv, requireCaller, requireRole } from "./access/access.ts";
import { requireOwnHost } from "./access/hosts.ts";
import { GuessLimit } from "./access/guesses.ts";
import { Sessions } from "./access/session.ts";
import { type Caller, Tokens } from "./access/tokens.ts";
import type { ModelCatalog } from "../catalog.ts";
import type { Config } from "../settings/config.ts";
import type { DeclaredMarks } from "../store/redaction-store.ts";
import { shownStore } from "../store/shown/shown-store.ts";
import type { Role } from "../store/tokens.ts";
import { failures, type Health, notServing, wholeStatus } from "./health.ts";
import { receiveBody } from "./input/bodies.ts";
import { LargeAnswers } from "./large-answers.ts";
import { showMetrics } from "./metrics.ts";
import { answerError, problem } from "./problem.ts";
import { callerIfAny, showReady } from "./ready.ts";
import { type TaskRouteOptions, taskRoutes } from "./task-routes.ts";
import { SharedLook } from "./shared-look.ts";
import { StaticFirstRouter } from "./static-first-router.ts";
import { pages, sentencePage } from "./pages/pages.tsx";
import { apiV1 } from "./v1/api.ts";

export interface AdminOptions extends TaskRouteOptions, Health {
  readonly token: string;
  readonly catalog: () => ModelCatalog | null;
  /** False while the worker beside the server loads its models: other requests wait. */
  readonly isReady?: () => boolean;
  readonly version: string;
  /**
   * The host that the server listens on; requests for other names are refused. null: it listens on a socket file, which
   * no name leads to.
   */
  readonly hostname?: string | null;
  /** Aborts when the server stops: streams of events end at once. */
  readonly closing?: AbortSignal;
  /** The settings in effect. */
  readonly config: Config;
  /** The marks of the models that the server itself has loaded; others say theirs in the database. */
  readonly marks?: DeclaredMarks;
  /** Other names of that host: the setting `admin.hosts`. */
  readonly hosts?: readonly string[];
}

/** The longest that a probe waits for the database. */
const HEALTH_MS = 1_000;
const READY_MS = 4_000;

/**
 * The application. All of `/api` and `/metrics` ask for a token; `/healthz` and `/readyz` do not.
 *
 * @example
 * const catalog = () => ({ sale: ["process"] });
 * const admin = createAdmin({ store, token, config, catalog, mode: "worker", version: "1.0.0" });
 * await admin.request("/healthz");
 */
export function createAdmin(given: AdminOptions): Hono<AdminEnv> {
  const { config, marks = {} } = given;
  const options = { ...given, store: shownStore(given.store, config.admin.redact, marks) };
  const app = new Hono<AdminEnv>({ router: new StaticFirstRouter() });
  app.onError((error, c) => answerError(c, error, options.report, given.store.folder));
  const refuseOthers = methodNotAllowed({ app, onMethodNotAllowed: refuseMethod });
  app.notFound(async (c: Context<AdminEnv, string>) => {
    await refuseOthers(c, async () => {
      c.res = await nothingThere(c);
    });
    return c.res;
  });
  // In this order: every answer gets the headers, and the host and the token are checked before a body is read.
  app.use(addHeaders);
  app.use(requireOwnHost(options.hostname, options.hosts));
  const tokens = new Tokens(options.token, options.store.tokens);
  const guesses = new GuessLimit(tokens, () => performance.now());
  const now = () => Date.now();
  const sessions = new Sessions(tokens, options.token, now);
  const stillMay = (caller: Caller, ...roles: readonly Role[]) =>
    tokens.stillMay(caller, roles, now());
  // A page of the server reads by the session of its user. It changes things by forms alone.
  const caller = requireCaller(
    guesses,
    async (c) => (c.req.method === "GET" ? sessions.caller(c) : null),
    () => options.store.check(true),
  );
  app.use("/api/*", caller);
  app.use("/metrics", caller);
  app.use(
    "/readyz",
    callerIfAny(
      requireCaller(
        guesses,
        async () => null,
        async () => {},
      ),
    ),
  );
  app.use(receiveBody(options.store));
  const { store } = options;
  const health = new SharedLook(HEALTH_MS, store, () => failures(options));
  const ready = new SharedLook(READY_MS, store, () => notServing(options));
  app.get("/healthz", (c) => showHealth(c, options, health));
  app.get("/readyz", (c) => showReady(c, options, ready));
  app.get("/metrics", requireRole("read"), (c) => showMetrics(c, options));
  app.get("/api/status", requireRole("read"), (c) => showStatus(c, options));
  const answers = new LargeAnswers(options.store);
  app.route("/api/tasks", taskRoutes(options, answers));
  app.route("/api/v1", apiV1({ ...options, stillMay, answers }));
  app.route("/", pages({ ...options, stored: given.store, guesses, sessions, stillMay }));
  return app;
}

function nothingThere(c: Context): Response | Promise<Response> {
  const message = `Cannot find ${c.req.path}: nothing is there`;
  return isForPerson(c) ? sentencePage(c, message, 404) : problem(c, "not_found", message);
}

/** True where a browser shows the answer to a person. */
function isForPerson(c: Context): boolean {
  const isPage = c.req.header("accept")?.includes("text/html") === true;
  return isPage && !c.req.path.startsWith("/api/");
}

async function addHeaders(c: Context, next: Next): Promise<void> {
  await next();
  // Nothing reads the body of an answer to HEAD: a stream would stay open for ever.
  if (c.req.method === "HEAD") await c.res.body?.cancel();
  const { headers } = c.res; // Hono's own way to set one makes the whole response anew
  if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
  headers.set("X-Content-Type-Options", "nosniff");
}

function refuseMethod(c: Context, methods: readonly string[]): Response {
  const allowed = methods.join(", ");
  const message = `Cannot ${c.req.method} ${c.req.path}: it takes ${allowed}`;
  return problem(c, "method_not_allowed", message, { headers: { Allow: allowed } });
}

/** It needs no token, so it says no more than a word; the log has the failure of the database in full. */
async function showHealth(
  c: Context,
  options: AdminOptions,
  look: SharedLook<readonly string[]>,
): Promise<Response> {
  if (options.isReady?.() === false) return c.json({ status: "starting" }, 503);
  try {
    const isWell = (await look.ask()).length === 0;
    return isWell ? c.json({ status: "ok" }) : c.json({ status: "failing" }, 503);
  } catch (error) {
    answerError(c, error, options.report); // for its report alone: its answer would say too much
    return c.json({ status: "failing" }, 503);
  }
}

async function showStatus(c: Context, options: AdminOptions): Promise<Response> {
  return c.json(await wholeStatus(options));
}
