/** Stores tasks: while there is room, and once for each key. */
import type { TqError } from "../errors.ts";
import type { GroupedPush, PushEnd } from "../store/push-group.ts";
import type { PushKey } from "../store/push-keys.ts";
import { refTaken } from "../store/push-words.ts";
import type { NewTask } from "../task.ts";
import type { Connection } from "./connection.ts";
import type { SessionOptions } from "./session.ts";
import { findPushed, freeKey, keepIds, nameOf, takeKeys } from "./sql/push-keys.ts";
import { checkTexts, holdersOf, insertTasks, partsOf, takeBack, wrongText } from "./sql/push.ts";

/** All of the tasks or none, inside a transaction that goes on whatever comes of it. */
export async function pushInto(
  db: Connection,
  list: readonly NewTask[],
  { capacity, now }: SessionOptions,
): Promise<number[]> {
  list.forEach(checkTexts);
  const [refusal = null] = await capacity.admit(db, [list.length], false);
  if (refusal !== null) throw refusal;
  for (;;) {
    const ids = await insertTasks(db, list, now());
    if (ids.every((id) => id !== null)) return ids;
    await takeBack(db, ids);
    const error = await takenError(db, list, ids);
    if (error) throw error; // else the task that had the ref was deleted since
  }
}

async function takenError(
  db: Connection,
  list: readonly NewTask[],
  ids: readonly (number | null)[],
): Promise<TqError | null> {
  const at = ids.indexOf(null);
  const ref = list[at]?.ref ?? "";
  if (list.slice(0, at).some((task) => task.ref === ref)) return refTaken(ref, null);
  const holder = (await holdersOf(db, [ref])).get(ref);
  return holder ? refTaken(ref, holder) : null;
}

/** True when one statement makes all of these pushes, and leaves out those alone whose ref is taken. */
export function fitOneStatement(pushes: readonly GroupedPush[]): boolean {
  const isSimple = ({ tasks, key }: GroupedPush) =>
    key === null &&
    (tasks.length === 1 || tasks.every(({ ref }) => ref === null)) &&
    tasks.every((task) => wrongText(task) === null);
  return pushes.every(isSimple) && partsOf(pushes.flatMap(({ tasks }) => tasks)).length === 1;
}

/** True where they may wait for the transaction of another push, which has a ref of theirs. */
export function mayWait(pushes: readonly GroupedPush[]): boolean {
  return pushes.some(({ tasks }) => tasks.some(({ ref }) => ref !== null));
}

/** Makes pushes that fit one statement, which is a transaction of its own and sent before this returns. */
export async function pushAtOnce(
  db: Connection,
  pushes: readonly GroupedPush[],
  now: number,
): Promise<PushEnd[]> {
  const ids = await insertTasks(
    db,
    pushes.flatMap(({ tasks }) => tasks),
    now,
  );
  const refs = pushes.flatMap(({ tasks: [task] }) => task?.ref ?? []);
  const holders = ids.includes(null) ? await holdersOf(db, refs) : null;
  let at = 0;
  return pushes.map(({ tasks }) => {
    const stored = ids.slice(at, (at += tasks.length));
    const [task] = tasks;
    if (stored.every((id) => id !== null)) return { ids: stored, isReplay: false };
    const ref = task?.ref ?? "";
    return { error: refTaken(ref, holders?.get(ref) ?? null) };
  });
}

/** A push of a group that has not ended yet. */
interface OpenPush extends GroupedPush {
  /** Its place in the group. */
  readonly at: number;
  /** True once this transaction has its key. */
  readonly hasKey: boolean;
}

/** Makes each push in a transaction of the group; one that is refused leaves the others. */
export async function pushEach(
  db: Connection,
  pushes: readonly GroupedPush[],
  options: SessionOptions,
): Promise<PushEnd[]> {
  const ends: PushEnd[] = [];
  let open = withGoodTexts(pushes, ends);
  while (open.length > 0) {
    const { first, later } = byTurn(open);
    const fresh = await takeKeysOf(db, first, ends, options.now());
    const admitted = await admit(db, fresh, ends, options);
    open = [...(await pushRound(db, admitted, ends, options.now())), ...later];
  }
  return ends;
}

/** Ends pushes with a text that cannot be stored. @returns the others */
function withGoodTexts(pushes: readonly GroupedPush[], ends: PushEnd[]): OpenPush[] {
  const open: OpenPush[] = [];
  for (const [at, push] of pushes.entries()) {
    try {
      push.tasks.forEach(checkTexts);
      open.push({ ...push, at, hasKey: false });
    } catch (error) {
      ends[at] = { error };
    }
  }
  return open;
}

/** Of several pushes with one key the first one goes first: the others come after its end. */
function byTurn(pushes: readonly OpenPush[]): Record<"first" | "later", OpenPush[]> {
  const names = new Set<string>();
  const [first, later]: [OpenPush[], OpenPush[]] = [[], []];
  for (const push of pushes) {
    const name = push.key && nameOf(push.key);
    const isLater = name !== null && names.has(name);
    (isLater ? later : first).push(push);
    if (name !== null) names.add(name);
  }
  return { first, later };
}

/** Ends pushes that were made before. @returns the others, with their keys taken */
async function takeKeysOf(
  db: Connection,
  pushes: readonly OpenPush[],
  ends: PushEnd[],
  now: number,
): Promise<OpenPush[]> {
  const keys = pushes.flatMap(({ key, hasKey }) => (key === null || hasKey ? [] : key));
  if (keys.length === 0) return [...pushes];
  const isTaken = await takeKeys(db, keys, now);
  const fresh: OpenPush[] = [];
  for (const push of pushes) {
    const { key, hasKey, at } = push;
    if (key === null || hasKey) fresh.push(push);
    else if (isTaken(key)) fresh.push({ ...push, hasKey: true });
    else ends[at] = await replay(db, key);
  }
  return fresh;
}

async function replay(db: Connection, key: PushKey): Promise<PushEnd> {
  try {
    return { ids: (await findPushed(db, key)) ?? [], isReplay: true };
  } catch (error) {
    return { error };
  }
}

/** Ends pushes for which there is no room. @returns the others */
async function admit(
  db: Connection,
  pushes: readonly OpenPush[],
  ends: PushEnd[],
  { capacity }: SessionOptions,
): Promise<OpenPush[]> {
  const sizes = pushes.map(({ tasks }) => tasks.length);
  const refusals = await capacity.admit(db, sizes, true);
  const admitted: OpenPush[] = [];
  for (const [index, push] of pushes.entries()) {
    const error = refusals[index] ?? null;
    if (error === null) admitted.push(push);
    else await refuse(db, push, error, ends);
  }
  return admitted;
}

async function refuse(
  db: Connection,
  { at, key }: OpenPush,
  error: TqError,
  ends: PushEnd[],
): Promise<void> {
  ends[at] = { error };
  if (key !== null) await freeKey(db, key);
}

interface Tried {
  readonly push: OpenPush;
  readonly ids: readonly (number | null)[];
}

/** @returns those to try again: a ref that they lacked is free, as its push was refused, or its task was deleted. */
async function pushRound(
  db: Connection,
  pushes: readonly OpenPush[],
  ends: PushEnd[],
  now: number,
): Promise<OpenPush[]> {
  const tasks = pushes.flatMap((push) => push.tasks);
  const ids = await insertTasks(db, tasks, now);
  let from = 0;
  const tried: Tried[] = pushes.map((push) => ({
    push,
    ids: ids.slice(from, (from += push.tasks.length)),
  }));
  const stored = tried.flatMap(({ push: { at, key }, ids: all }) => {
    if (!isWhole(all)) return [];
    ends[at] = { ids: all, isReplay: false };
    return key === null ? [] : { key, ids: all };
  });
  if (stored.length > 0) await keepIds(db, stored);
  const failed = tried.filter((one) => !isWhole(one.ids));
  if (failed.length === 0) return [];
  await takeBack(
    db,
    failed.flatMap((one) => one.ids),
  );
  const holders = await holdersOf(db, failed.flatMap(missingRefs));
  const again: OpenPush[] = [];
  for (const one of failed) {
    const error = refusalOf(one, holders);
    if (error === null) again.push(one.push);
    else await refuse(db, one.push, error, ends);
  }
  return again;
}

function isWhole(ids: readonly (number | null)[]): ids is readonly number[] & number[] {
  return ids.every((id) => id !== null);
}

function missingRefs({ push: { tasks }, ids }: Tried): string[] {
  return tasks.flatMap(({ ref }, index) => (ref !== null && ids[index] === null ? ref : []));
}

/** @param holders the tasks that have refs, of other pushes. */
function refusalOf(
  tried: Tried,
  holders: ReadonlyMap<string, NonNullable<Parameters<typeof refTaken>[1]>>,
): TqError | null {
  const { tasks } = tried.push;
  for (const ref of missingRefs(tried)) {
    const holder = holders.get(ref);
    if (holder) return refTaken(ref, holder);
    if (tasks.filter((task) => task.ref === ref).length > 1) return refTaken(ref, null);
  }
  return null;
}

/** The ids of the only push of a group. */
export function only([end]: readonly PushEnd[]): number[] {
  if (end && "ids" in end) return end.ids;
  throw end?.error;
}
