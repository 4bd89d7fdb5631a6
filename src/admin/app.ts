/** The admin API as an application that answers requests; `serve.ts` gives it a socket. */
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { methodNotAllowed } from "hono/method-not-allowed";
import { type ModelCatalog, checkCall } from "../catalog.ts";
import { TqError } from "../errors.ts";
import type { Report } from "../log/events.ts";
import type { Store } from "../store/store.ts";
import { requireOwnHost, requireToken } from "./auth.ts";
import { readJson } from "./input/json-body.ts";
import { jsonList } from "./json-list.ts";
import { readPush } from "./input/new-tasks.ts";
import { answerError, problem, reportError } from "./problem.ts";
import { readFilter, readId } from "./input/queries.ts";

export interface AdminOptions {
  readonly store: Store;
  readonly token: string;
  /** The models that can be pushed for, asked at each push; null when none are known. */
  readonly catalog: () => ModelCatalog | null;
  /** What the setting `queue.worker` says. */
  readonly mode: "worker" | "no worker";
  readonly version: string;
  /** The host that the server listens on; requests for other names are refused. */
  readonly hostname?: string;
  /** Instances in one task when `batch` is true. */
  readonly batchSize?: number;
  /** Learns of errors that are not the caller's doing. */
  readonly report?: Report;
}

/** Bytes. */
const MAX_BODY = 1024 * 1024;

/**
 * The application. All of `/api` asks for the token; `/healthz` does not.
 *
 * @example
 * const admin = createAdmin({ store, token, catalog: () => ({ sale: ["process"] }), mode: "worker", version: "1.0.0" });
 * await admin.request("/healthz");
 */
export function createAdmin(options: AdminOptions): Hono {
  const { store, report } = options;
  const app = new Hono();

  app.onError((error, c) => answerError(c, error, report));
  app.notFound((c) => problem(c, 404, "not_found", `Cannot find ${c.req.path}: nothing is there`));
  app.use(async (c, next) => {
    await next();
    c.header("Cache-Control", "no-store");
    c.header("X-Content-Type-Options", "nosniff");
  });
  app.use(requireOwnHost(options.hostname ?? "localhost"));
  app.use("/api/*", requireToken(options.token));
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) => {
        const message = `Cannot ${c.req.method} ${c.req.path}: it takes ${methods.join(", ")}`;
        return problem(c, 405, "invalid", message, { Allow: methods.join(", ") });
      },
    }),
  );
  app.use(
    bodyLimit({
      maxSize: MAX_BODY,
      onError: (c) =>
        problem(c, 413, "invalid", "Cannot take the body: it is larger than 1 MiB; push in parts"),
    }),
  );

  app.get("/healthz", async (c) => {
    try {
      await store.get(0);
      await store.check();
      return c.json({ status: "ok" });
    } catch (error) {
      answerError(c, error, report);
      return c.json({ status: "failing" }, 503);
    }
  });

  app.get("/api/status", async (c) => {
    const { mode, version } = options;
    return c.json({ mode, version, ...(await store.status()) });
  });

  app.get("/api/tasks", async (c) => {
    const filter = readFilter(new URL(c.req.url).searchParams);
    const headers = { "Content-Type": "application/json" };
    const list = await jsonList(store.pages(filter), (error) => reportError(c, error, report));
    return c.body(list, 200, headers);
  });

  app.get("/api/tasks/:id", async (c) => {
    const id = readId(c.req.param("id"), "show");
    const task = await store.get(id);
    if (task?.finished_at) await store.flush(); // who hears that it has ended may act on it
    if (task !== null) return c.json({ ...task, errors: await store.errors(id) });
    throw new TqError(
      "not_found",
      `Cannot show task ${id}: there is no such task; it may have been cleaned`,
    );
  });

  app.post("/api/tasks", async (c) => {
    const body = readJson(await c.req.arrayBuffer());
    const { batchSize = 20 } = options;
    const { single, pushes, tasks } = readPush(body, { now: store.now(), batchSize });
    const catalog = options.catalog();
    for (const { model, method } of pushes) checkCall(catalog, model, method);
    const ids = tasks.length === 0 ? [] : await store.push(tasks);
    return c.json(single ? { id: ids[0] } : { ids }, 201);
  });

  app.post("/api/tasks/:id/retry", async (c) => {
    return c.json(await store.retry(readId(c.req.param("id"), "retry")));
  });

  app.post("/api/tasks/:id/cancel", async (c) => {
    return c.json(await store.cancel(readId(c.req.param("id"), "cancel")));
  });

  return app;
}
