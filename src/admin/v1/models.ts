/** The operation on models: the methods and functions that can be pushed, and how their tasks run. */
import { Hono } from "hono";
import * as v from "valibot";
import { fieldOf, POLICIES, POLICY_KEYS } from "../../policies/table.ts";
import { listModels } from "../../registry/listed-models.ts";
import type { TaskRouteOptions } from "../task-routes.ts";
import type { AdminEnv } from "../access/access.ts";
import { operation } from "./operation.ts";

const POLICY = v.object({
  value: v.pipe(
    v.unknown(),
    v.description("As tq.toml writes it; null: none, or it has no such form, as a function"),
  ),
  words: v.string(),
  from: v.picklist(["default", "model", "tq.toml"]),
});

const METHOD = v.object({
  method: v.pipe(v.nullable(v.string()), v.description("null: it is a function")),
  call: v.pipe(v.string(), v.description("sale.process, or the name of the function")),
  policies: v.object(
    Object.fromEntries(
      POLICY_KEYS.map((key) => [fieldOf(key), v.pipe(POLICY, v.description(POLICIES[key].help))]),
    ) as Record<string, typeof POLICY>,
  ),
});

const MODELS = v.object({
  known: v.pipe(v.boolean(), v.description("False: the server has no models, and takes no push")),
  models: v.array(
    v.object({
      name: v.string(),
      kind: v.picklist(["model", "function"]),
      methods: v.array(METHOD),
    }),
  ),
});

export function modelOperations({ catalog, policies = () => ({}) }: TaskRouteOptions) {
  return new Hono<AdminEnv>().get(
    "/models",
    operation({
      id: "listModels",
      tag: "models",
      roles: ["read", "push"],
      summary: "List what can be pushed, and the policies in force of each method",
      answers: { 200: { description: "The models and functions", schema: MODELS } },
    }),
    (c) => {
      const known = catalog();
      return c.json({ known: known !== null, models: listModels(known, policies()) });
    },
  );
}
