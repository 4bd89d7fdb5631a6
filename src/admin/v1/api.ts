/** `/api/v1`: its operations, and the OpenAPI document that is made from what they say of themselves. */
import { Hono } from "hono";
import { generateSpecs } from "hono-openapi";
import type { AdminEnv } from "../access/access.ts";
import type { Caller } from "../access/tokens.ts";
import type { AdminOptions } from "../app.ts";
import type { LargeAnswers } from "../large-answers.ts";
import type { Role } from "../../store/tokens.ts";
import { cronOperations } from "./cron.ts";
import { cronChanges } from "./cron-changes.ts";
import { eventOperations } from "./events.ts";
import { findingOperations } from "./findings.ts";
import { modelOperations } from "./models.ts";
import { moveOperations } from "./moves.ts";
import { oneTaskOperations } from "./one-task.ts";
import { queueOperations } from "./queues.ts";
import { withTooLarge } from "./operation.ts";
import { settingOperations } from "./settings.ts";
import { statisticsOperations } from "./statistics.ts";
import { taskOperations } from "./tasks.ts";
import { workerOperations } from "./workers.ts";

/** The type of the client: `hc<Api>("http://127.0.0.1:8989/api/v1")` of hono/client. */
export type Api = ReturnType<typeof operationsOf>;

export interface ApiOptions extends AdminOptions {
  /** False once the token of a caller is removed or has none of the roles, or its session has ended. */
  readonly stillMay: (caller: Caller, ...roles: readonly Role[]) => Promise<boolean>;
  readonly answers: LargeAnswers;
}

export function apiV1(options: ApiOptions): Hono<AdminEnv> {
  const operations = operationsOf(options);
  let document: Promise<object> | undefined;
  return new Hono<AdminEnv>()
    .get("/openapi.json", async (c) => {
      document ??= documentOf(operations, options.version);
      return c.json(await document);
    })
    .route("/", operations);
}

function operationsOf(options: ApiOptions) {
  return new Hono<AdminEnv>()
    .route("/tasks", taskOperations(options))
    .route("/tasks", oneTaskOperations(options))
    .route("/tasks", moveOperations(options.store))
    .route("/", queueOperations(options.store))
    .route("/events", eventOperations(options))
    .route("/", workerOperations(options.store))
    .route("/", settingOperations(options))
    .route("/", findingOperations(options))
    .route("/", modelOperations(options))
    .route("/", cronOperations(options))
    .route("/", cronChanges(options))
    .route("/", statisticsOperations(options.store));
}

async function documentOf(operations: Hono<AdminEnv>, version: string): Promise<object> {
  const document = await generateSpecs(operations, {
    defaultValidationErrorResponse: false,
    documentation: {
      info: { title: "tq", description: "A queue of tasks on one host", version },
      servers: [{ url: "/api/v1" }],
      security: [{ token: [] }],
      components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    },
  });
  return withTooLarge(document);
}
