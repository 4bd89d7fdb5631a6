/** The changes that people make to recurring tasks. The database keeps it, and each worker obeys within seconds. */
import { userAndHost } from "../../user-name.ts";
import { runByHand } from "../../cron/by-hand.ts";
import { type CronDefinition, readCron } from "../../cron/definition.ts";
import { definitionOf, editedKeys, pauseAt, saidBySource } from "../../cron/in-force.ts";
import type { CronOverride, CronPause, CronRow, CronState } from "../../cron/ledger.ts";
import { shownCall, unveiledKeys } from "../../cron/shown-call.ts";
import { originWords } from "../../cron/origin.ts";
import { TqError } from "../../errors.ts";
import { fieldOf } from "../../policies/table.ts";
import { quote } from "../../quote.ts";
import { refuseMask } from "../../redaction/mask-given.ts";
import type { Redaction } from "../../redaction/redaction.ts";
import type { PushKey } from "../../store/push-keys.ts";
import type { Store } from "../../store/store.ts";
import { didYouMean } from "../../suggest.ts";
import { REASON } from "../pauses.ts";

export interface PauseOptions {
  /** Default: the user and the host of this process. */
  readonly by?: string;
  readonly reason?: string | null;
  /** When it ends by itself: ms since 1970 UTC. Default: when it is resumed. */
  readonly until?: number | null;
}

/** A recurring task before and after a change. */
export interface Changed {
  readonly before: CronRow;
  readonly after: CronRow;
}

/** A key that has another value now; undefined: it is not said. */
export interface KeyChange {
  readonly key: string;
  readonly was: unknown;
  readonly is: unknown;
}

/** @param store shows them, without the secrets in them */
export async function keyChanges(store: Store, { before, after }: Changed): Promise<KeyChange[]> {
  const source = saidBySource(after);
  const all = [before, after].map(({ override }) => ({ ...source, ...editedKeys(override) }));
  const [old = {}, now = {}]: Record<string, unknown>[] = all;
  const redaction = await store.redactions.inForce();
  const [oldShown = {}, nowShown = {}] = all.map((keys) => shownCall(keys, redaction));
  return [...new Set([...Object.keys(old), ...Object.keys(now)])]
    .filter((key) => !Bun.deepEquals(old[key], now[key]))
    .map((key) => ({ key, was: oldShown[key], is: nowShown[key] }));
}

/** For JSON: what each of them was; null: it was not said. */
export function earlierKeys(changes: readonly KeyChange[]): Record<string, unknown> {
  return Object.fromEntries(changes.map(({ key, was }) => [key, was ?? null]));
}

/** As where nothing was to be changed. @throws TqError "not_found" */
export async function unchangedCron(store: Store, name: string): Promise<Changed> {
  const row = await rowNamed(store, name);
  return { before: row, after: row };
}

/** No task is pushed in a pause: neither for a slot that passes meanwhile, nor for an earlier one that nobody has decided. */
export async function pauseCron(
  store: Store,
  name: string,
  { by = userAndHost(), reason = null, until = null }: PauseOptions = {},
): Promise<Changed> {
  const start = `Cannot pause ${name}`;
  if (reason !== null) REASON.read(reason, `${start}: reason`);
  return change(store, name, (row, now) => {
    if (until !== null && until <= now) {
      throw new TqError(
        "invalid",
        `${start} until ${new Date(until).toISOString()}: it has passed`,
      );
    }
    const pause: CronPause = { by, at: now, reason, until };
    return { ...row.override, pause };
  });
}

/** Ends a pause: nothing that passed meanwhile is caught up. @returns null where it is not paused. */
export async function resumeCron(store: Store, name: string): Promise<Changed | null> {
  const row = await rowNamed(store, name);
  if (pauseAt(row, store.now()) === null) return null;
  return change(store, name, ({ override }) => editedKeys(override));
}

/**
 * Makes the database say these keys instead of the definition. Secrets stay only with a method that marks them the same.
 *
 * @param said by the keys of tq.toml; one that says what the definition says is no override.
 */
export async function editCron(
  store: Store,
  name: string,
  said: Readonly<Record<string, unknown>>,
): Promise<Changed> {
  refuseMask(said, `Cannot edit ${name}`);
  const redaction = await store.redactions.inForce();
  return change(store, name, (row) => {
    const { pause } = row.override;
    const { edited } = edit(row, said);
    refuseUnveiled(row, edited, said, redaction);
    return { ...edited, ...(pause === undefined ? {} : { pause }) };
  });
}

/** @throws TqError "invalid" where secrets that are not said anew would be shown after an edit. */
function refuseUnveiled(
  row: CronRow,
  edited: Readonly<Record<string, unknown>>,
  said: Readonly<Record<string, unknown>>,
  redaction: Redaction,
): void {
  const source = saidBySource(row);
  const before = { ...source, ...editedKeys(row.override) };
  const keys = unveiledKeys(before, { ...source, ...edited }, redaction)
    .filter((key) => said[key] === undefined)
    .join(" and ");
  if (keys === "") return;
  const why = `the secrets of ${String(before["task"])} in its ${keys} would be shown`;
  throw new TqError("invalid", `Cannot edit ${row.name}: ${why}; say the ${keys} anew`);
}

/** The definition after an edit that changes what is called; null: it does not. @throws TqError "not_found" */
export async function calledAfter(
  store: Store,
  name: string,
  said: Readonly<Record<string, unknown>>,
): Promise<CronDefinition | null> {
  if (typeof said["task"] !== "string" && said["instances"] === undefined) return null;
  return definitionAfter(store, name, said);
}

/** The definition after an edit. @throws TqError "not_found" */
export async function definitionAfter(
  store: Store,
  name: string,
  said: Readonly<Record<string, unknown>>,
): Promise<CronDefinition> {
  return edit(await rowNamed(store, name), said).definition;
}

/** @throws TqError "invalid" */
function edit(row: CronRow, said: Readonly<Record<string, unknown>>) {
  const { name, override } = row;
  const source = saidBySource(row);
  const keys = Object.entries({ ...editedKeys(override), ...said }).filter(
    ([key, value]) => !Bun.deepEquals(source[key], value),
  );
  const edited = Object.fromEntries(keys);
  const all = { ...source, ...edited };
  return { edited, definition: readCron(name, all, `Cannot edit ${name}`, fieldOf, ": ") };
}

/** Makes the definition count again. A pause stays. @returns null where the database says nothing else. */
export async function resetCron(store: Store, name: string): Promise<Changed | null> {
  const row = await rowNamed(store, name);
  if (Object.keys(editedKeys(row.override)).length === 0) return null;
  return change(store, name, ({ override: { pause } }) => (pause === undefined ? {} : { pause }));
}

export interface RunOptions {
  readonly by?: string;
  readonly force?: boolean;
  /** Run again with the same key it pushes nothing, and the task is that of the first time. */
  readonly key?: PushKey;
}

/**
 * Pushes the task of a recurring task now, beside its schedule, also while it is paused.
 *
 * @returns the id of the task; null for what tq itself does, with which a worker begins at once
 */
export async function pushCron(
  store: Store,
  name: string,
  { by = userAndHost(), force = false, key }: RunOptions = {},
): Promise<number | null> {
  await rowNamed(store, name);
  const earlier = async () => (key === undefined ? null : store.pushKeys.find(key));
  const [before] = (await earlier()) ?? [];
  if (before !== undefined) return before;
  const decide = (state: CronState, now: number) => {
    const { row } = state;
    if (row.removedAt !== null) {
      throw new TqError(
        "conflict",
        `Cannot run ${name}: it is not in ${originWords(row)} any more`,
      );
    }
    return runByHand(definitionOf(row), state, now, { by, force });
  };
  const [slot] = await store.cron.decide(name, decide, key === undefined ? {} : { key });
  if (slot !== undefined) return slot.task;
  const [other] = (await earlier()) ?? [];
  if (other !== undefined) return other; // the same form came twice at once
  throw noSuch(name, []); // it was removed meanwhile
}

/** @throws TqError "not_found" with the near name. */
export async function rowNamed(store: Store, name: string): Promise<CronRow> {
  const rows = await store.cron.rows();
  const row = rows.find((one) => one.name === name);
  if (row !== undefined) return row;
  throw noSuch(
    name,
    rows.map((one) => one.name),
  );
}

export function noSuch(name: string, names: readonly string[]): TqError {
  const near = didYouMean(name, names) || "; tq cron list shows them";
  return new TqError("not_found", `There is no recurring task ${quote(name)}${near}`);
}

async function change(
  store: Store,
  name: string,
  make: (row: CronRow, now: number) => CronOverride,
): Promise<Changed> {
  let before: CronRow | undefined;
  const after = await store.cron.override(name, (row, now) => {
    before = row;
    return make(row, now);
  });
  return { before: before ?? after, after };
}
