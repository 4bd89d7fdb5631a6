/**
 * Saves of several runs that share a transaction, and that are undone together: they go to the server together, as one
 * UPDATE for all rows of a kind, before anything that could see them. A row that is no longer what a run has read, and
 * whatever else the server refuses, is found out then: all runs of the transaction are undone.
 */
import type { Change, Row } from "../store/records.ts";
import type { SqlValue } from "./connection.ts";
import { listsOf, type Save, saveOf, textOf, updateManyText } from "./sql/rows.ts";
import type { Shape } from "./sql/table.ts";

interface Statement {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

const NOTHING: readonly Statement[] = [];

export class SavesTogether {
  /** False: none is kept, so that each run can be undone alone. */
  isOn = false;
  readonly #byTable = new Map<string, Map<number, Save>>();

  /**
   * Keeps a save until `take`.
   *
   * @returns false where it must be sent by itself, after those that are kept.
   * @throws TqError "invalid" for a value that PostgreSQL cannot store.
   */
  keep(shape: Shape, id: number, changes: readonly Change[], read: Row | null): boolean {
    // The run itself must meet what rules of the user's own refuse.
    if (!this.isOn || shape.hasRules || changes.length === 0) return false;
    const { name } = shape.table;
    let saves = this.#byTable.get(name);
    const earlier = saves?.get(id);
    // The row was saved through another object, or one of another model.
    if (earlier && (read !== null || earlier.shape !== shape)) return false;
    const save = saveOf(shape, id, changes, read);
    if (!save.values.every(isExactInList)) return false;
    if (!saves) this.#byTable.set(name, (saves = new Map<number, Save>()));
    saves.set(id, earlier ? merged(earlier, save) : save);
    return true;
  }

  /** The statements that send the saves, which are kept no longer. */
  take(): readonly Statement[] {
    if (this.#byTable.size === 0) return NOTHING;
    const statements: Statement[] = [];
    for (const saves of this.#byTable.values()) {
      const byText = Map.groupBy(saves.values(), (save) => textOf(save, "many\0", updateManyText));
      for (const [text, same] of byText) statements.push({ text, values: listsOf(same) });
    }
    this.#byTable.clear();
    return statements;
  }
}

/** Lists are sent as text: it cannot write -0, and the driver cannot write lists of bytes. */
function isExactInList(value: SqlValue): boolean {
  return !Object.is(value, -0) && (value === null || typeof value !== "object");
}

/** The later save of a row, which still must hold what the earlier one has read. */
function merged(earlier: Save, later: Save): Save {
  const values = new Map(
    earlier.changed.map((name, index) => [name, earlier.values[index] ?? null]),
  );
  for (const [index, name] of later.changed.entries())
    values.set(name, later.values[index] ?? null);
  return {
    ...earlier,
    changed: [...values.keys()],
    values: [...values.values(), ...earlier.values.slice(earlier.changed.length)],
  };
}
