/** What `tq retry` and `tq cancel` share: one move for each id, and what could not be moved is said. */
import { isTqError } from "../../src/errors.ts";
import type { TqError } from "../../src/errors.ts";
import type { Store } from "../../src/store/store.ts";
import type { Task } from "../../src/task.ts";
import { withExisting } from "./program.ts";
import type { Program } from "./program.ts";
import { readId } from "./values.ts";

/**
 * Moves each task by itself, so that one that cannot be moved does not keep the others.
 *
 * @throws the first refusal, after all were tried; the other refusals are noted
 */
export async function moveEach(
  texts: readonly string[],
  program: Program,
  move: (store: Store, id: number) => Promise<Task>,
): Promise<void> {
  const ids = [...new Set(texts.map(readId))];
  const moved: Task[] = [];
  const refusals: TqError[] = [];
  await withExisting(program.config(), async (store) => {
    for (const id of ids) {
      try {
        moved.push(await move(store, id));
      } catch (error) {
        if (!isTqError(error)) throw error;
        refusals.push(error);
      }
    }
  });
  if (moved.length > 0) {
    program.answer(ids.length === 1 ? moved[0] : moved, () =>
      moved.map((task) => `${task.id} ${task.state}`).join("\n"),
    );
  }
  const [first, ...others] = refusals;
  for (const error of others) program.note(error.message);
  if (first !== undefined) throw first;
}
