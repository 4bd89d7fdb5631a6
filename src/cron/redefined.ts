/** Recurring tasks that sources define anew: whose each is then, and where it goes on. */
import type { ModelMarks } from "../redaction/marks.ts";
import { Redaction } from "../redaction/redaction.ts";
import { type FormerTimes, formerAfter } from "./former.ts";
import { editedKeys, saidBySource, timesOf } from "./in-force.ts";
import { BACK_MS } from "./left-slots.ts";
import {
  type CronOverride,
  type CronSource,
  type CronText,
  kindOf,
  ORIGIN_KINDS,
  type OriginKind,
} from "./ledger.ts";
import { haveOnePath } from "./origin.ts";
import { unveiledKeys } from "./shown-call.ts";

/** The keys that say what is called. */
const CALL_KEYS: readonly string[] = ["task", "instances", "args", "context"];

/** A recurring task as a store has it. */
export interface DefinedCron {
  readonly origin: string;
  readonly kind: OriginKind;
  readonly definition: string;
  /** JSON. */
  readonly override: string;
  readonly decidedUntil: number;
  /** JSON. */
  readonly former: string;
  readonly zone: string | null;
  readonly removedAt: number | null;
  readonly isHeld: boolean;
  /** Another worker has read it, and has the models that it needs. */
  readonly hasOwner: boolean;
}

/** True where the definition of this source takes the place of the one that there is. */
export function mayTake(source: CronSource, name: string, found: DefinedCron): boolean {
  if (found.removedAt !== null) return true;
  const isForeign = source.foreign?.includes(name) === true;
  if (found.origin === source.origin) return !isForeign || !found.hasOwner;
  if (!isForeign && !found.hasOwner && haveOnePath(found.origin, source.origin)) return true;
  const rank = ORIGIN_KINDS.indexOf(kindOf(source)) - ORIGIN_KINDS.indexOf(found.kind);
  return rank > 0 || (!found.isHeld && found.kind !== "database");
}

/** An edit by people goes on, but for a call that would show secrets together with the new definition. */
export function overrideFor(
  text: CronText,
  found: DefinedCron | null,
  declared: Readonly<Record<string, ModelMarks>>,
): CronOverride {
  if (found === null) return {};
  const override = JSON.parse(found.override) as CronOverride;
  const edited = editedKeys(override);
  if (!CALL_KEYS.some((key) => key in edited)) return override;
  const marks = new Map(Object.entries(declared));
  const redaction = new Redaction(
    [],
    (model) => marks.get(model) ?? null,
    () => marks.size === 0,
  );
  const [was, own] = [found, text].map(({ definition }) =>
    saidBySource({ name: text.name, definition }),
  );
  const whole = { ...own, ...edited };
  const unveiled = [{ ...was, ...edited }, { ...own }].flatMap((before) =>
    unveiledKeys(before, whole, redaction),
  );
  if (unveiled.length === 0) return override;
  const kept = Object.entries(override).filter(([key]) => !CALL_KEYS.includes(key));
  return Object.fromEntries(kept);
}

/** A change leaves what is decided: slots that have passed are still to be decided. A new one counts from now. */
export function startOf(
  { name, definition }: CronText,
  found: DefinedCron | null,
  override: CronOverride,
  now: number,
): { readonly decidedUntil: number; readonly former: string } {
  const isNew = found === null || (found.removedAt !== null && now - found.removedAt > BACK_MS);
  if (isNew) return { decidedUntil: now, former: "[]" };
  const [was, is] = [found.definition, definition].map((text) =>
    timesOf({ name, definition: text, override, zone: found.zone }),
  );
  const earlier = JSON.parse(found.former) as FormerTimes[];
  const former = JSON.stringify(formerAfter(earlier, was ?? null, is ?? null, now));
  return { decidedUntil: found.decidedUntil, former };
}

/** All names of recurring tasks that a source has. */
export function namesOf({ definitions, foreign = [] }: CronSource): string[] {
  return [...foreign, ...definitions.map(({ name }) => name)];
}
