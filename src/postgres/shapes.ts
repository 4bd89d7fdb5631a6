/**
 * The tables of models as they are in the database. Their schema is that of the first program: a role with another search_path
 * would make a second set of them, and run its tasks on that.
 */
import { TqError } from "../errors.ts";
import type { Found } from "./migrate.ts";
import type { Table } from "../store/records.ts";
import { identifier, literal, type Shape } from "./sql/table.ts";

export class Shapes extends WeakMap<Table, Shape> {
  readonly #name: string;
  #found: Pick<Found, "models" | "here"> = { models: null, here: null };

  constructor(name: string) {
    super();
    this.#name = name;
  }

  found(found: Found): void {
    this.#found = found;
  }

  /** Call it once a connection was opened. @throws TqError "database" where this role looks elsewhere. */
  check(): void {
    const { models, here } = this.#found;
    if (models === null || models === here) return;
    const elsewhere = here === null ? "in no schema" : `in ${here}`;
    const follow = `ALTER ROLE … SET search_path = ${identifier(models)}`;
    const move =
      here === null
        ? ""
        : `, or, where its tables are the right ones, run UPDATE tq.schema SET models = ${literal(here)}`;
    throw new TqError(
      "database",
      `Cannot use the tables of models in ${this.#name}: they are in the schema ${models}, and this role looks for them ${elsewhere}, by its search_path; run ${follow}${move}`,
    );
  }
}
