/** The secrets of models and functions: `static redact`, and the option `redact` of `task()`. */
import { messageOf, TqError } from "../errors.ts";
import type { Report } from "../log/events.ts";
import { inspected, quote } from "../quote.ts";
import { EVERY_METHOD, type Mark, markFault, type ModelMarks } from "../redaction/marks.ts";
import { Redaction } from "../redaction/redaction.ts";
import type { Config } from "../settings/config.ts";
import type { DeclaredMarks } from "../store/redaction-store.ts";
import type { Store } from "../store/store.ts";
import { isPlain } from "../values/plain.ts";
import { isFunction, type ModelClass, requireMethod } from "./model-class.ts";
import type { Registry } from "./registry.ts";

/**
 * Tells the store what these models mark, for programs that show tasks and do not load the models.
 *
 * @param names the setting `admin.redact`
 */
export async function declareMarks(
  store: Store,
  registry: Registry,
  names: readonly string[],
): Promise<void> {
  registry.hasNewMarks = false;
  store.redactions.concealFailures(names);
  const models = registry.all();
  const modelNames = models.map(({ __name__ }) => __name__);
  await store.redactions.declare(modelNames, marksOfModels(models));
}

interface Pusher {
  readonly registry: Registry;
  readonly store: Store;
  readonly report: Report;
}

/** The same for a program that has pushed tasks of models which no worker may have loaded yet. Never rejects. */
export async function declareNewMarks({ store, registry, report }: Pusher): Promise<void> {
  registry.hasNewMarks = false;
  try {
    const marks = marksOfModels(registry.all()); // what a worker has found in other models stays
    await store.redactions.declare(Object.keys(marks), marks);
  } catch (error) {
    const message = `Cannot keep which fields the models mark as secret: ${messageOf(error)}; until a worker loads them, commands show these`;
    report({ name: "log.note", level: "warn", message });
  }
}

export function marksOfModels(models: readonly ModelClass[]): DeclaredMarks {
  const said = models.flatMap((model) => {
    const marks = marksOf(model);
    return marks === null ? [] : [[model.__name__, marks] as const];
  });
  return Object.fromEntries(said);
}

const known = new WeakMap<Registry, Redaction>();

interface Marking {
  readonly registry: Registry;
  readonly config: Pick<Config, "admin">;
}

/** The secrets of the tasks that run with these models. */
export function redactionOf({ registry, config }: Marking): Redaction {
  let redaction = known.get(registry);
  if (!redaction) {
    const ofModel = (name: string) => {
      const model = registry.get(name);
      return model === undefined ? null : marksOf(model);
    };
    const areEmpty = () => registry.all().every((model) => marksOf(model) === null);
    known.set(registry, (redaction = new Redaction(config.admin.redact, ofModel, areEmpty)));
  }
  return redaction;
}

/** @throws TqError "models" for what cannot be a mark, "not_found" for a method that the model does not have. */
export function checkMarks(model: ModelClass): void {
  marksOf(model);
}

/** null: it marks nothing. */
function marksOf(model: ModelClass): ModelMarks | null {
  const { redact } = model as { readonly redact?: unknown };
  if (redact === undefined || typeof redact === "function") return null; // a method may have this name
  if (Array.isArray(redact)) return { [EVERY_METHOD]: readMarks(model, redact, placeOf(model)) };
  if (isFunction(model) || typeof redact !== "object" || redact === null || !isPlain(redact)) {
    const wanted = isFunction(model) ? "" : ", or an object of such lists by the names of methods";
    const why = `it must be a list such as ["pin"]${wanted}`;
    throw refused(model, `${placeOf(model)} cannot be ${inspected(redact)}: ${why}`);
  }
  return Object.fromEntries(
    Object.entries(redact).map(([method, marks]) => {
      requireMethod(model, method, "mark secrets of");
      return [method, readMarks(model, marks, `${placeOf(model)}.${method}`)];
    }),
  );
}

function readMarks(model: ModelClass, given: unknown, place: string): Mark[] {
  if (!Array.isArray(given)) {
    throw refused(
      model,
      `${place} cannot be ${inspected(given)}: it must be a list such as ["pin"]`,
    );
  }
  return (given as unknown[]).map((mark) => {
    const fault = markFault(mark);
    if (fault !== null) throw refused(model, `${place} cannot have ${quote(mark)}: ${fault}`);
    return mark as Mark;
  });
}

function placeOf(model: ModelClass): string {
  return isFunction(model)
    ? `task(${JSON.stringify(model.__name__)}).redact`
    : `${model.__name__}.redact`;
}

function refused(model: ModelClass, problem: string): TqError {
  const kind = isFunction(model) ? "function" : "model";
  return new TqError("models", `Cannot use the ${kind} ${model.__name__}: ${problem}`);
}
