/** Tells the store of models, before a task of theirs can run: what failures push, and what is secret. */
import type { Config } from "../settings/config.ts";
import type { DeclaredFollowUps } from "../store/failure-store.ts";
import type { Store } from "../store/store.ts";
import { declareFollowUps } from "./follow-ups.ts";
import { declareMarks } from "./marked-models.ts";
import type { ModelClass } from "./model-class.ts";
import type { Registry } from "./registry.ts";

type Rules = Pick<Config, "tasks" | "admin">;

/** @param isComplete as in `declareFollowUps` */
export async function declareModels(
  store: Store,
  registry: Registry,
  { tasks, admin }: Rules,
  isComplete = true,
): Promise<DeclaredFollowUps> {
  await declareMarks(store, registry, admin.redact);
  return declareFollowUps(store, registry, tasks, isComplete);
}

const declared = new WeakMap<Store, readonly ModelClass[]>();

/** The same for a program that runs its own tasks, and may meet new models at any time: call it before each run. */
export async function declareNewModels(
  store: Store,
  registry: Registry,
  rules: Rules,
): Promise<void> {
  const models = registry.all();
  const before = declared.get(store) ?? [];
  if (models.length === before.length && models.every((model, at) => model === before[at])) return;
  await declareModels(store, registry, rules, false);
  declared.set(store, models);
}
