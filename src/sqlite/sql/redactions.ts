/** Keeps what models mark as secret. */
import type { Database } from "bun:sqlite";
import type { ModelMarks } from "../../redaction/marks.ts";
import { Redaction } from "../../redaction/redaction.ts";
import type { DeclaredMarks } from "../../store/redaction-store.ts";
import { parseExactly } from "../../values/exact-json.ts";

const DECLARED = "SELECT model, marks FROM tq__redaction";

export function declaredMarks(db: Database): DeclaredMarks {
  const rows = db.query(DECLARED).values() as [string, string][];
  return Object.fromEntries(rows.map(([model, marks]) => [model, JSON.parse(marks) as ModelMarks]));
}

const WITHDRAW = "DELETE FROM tq__redaction WHERE model = $model";
const DECLARE = `
  INSERT INTO tq__redaction (model, marks) VALUES ($model, $marks)
      ON CONFLICT (model) DO UPDATE SET marks = excluded.marks`;

export function declareMarks(db: Database, models: readonly string[], marks: DeclaredMarks): void {
  for (const model of models) {
    const its = marks[model];
    if (its === undefined) db.query(WITHDRAW).run({ model });
    else db.query(DECLARE).run({ model, marks: JSON.stringify(its) });
  }
}

const CALL = "SELECT model, method, args, context FROM tq__task WHERE id = $id";

interface Reason {
  readonly id: number;
  readonly model: string;
  readonly reason: string;
}

/** The reason of a task as others may hear it. @param names the setting `admin.redact` */
export function withoutSecrets(
  db: Database,
  { id, model, reason }: Reason,
  names: readonly string[],
): string {
  const marks = declaredMarks(db);
  const its = Object.hasOwn(marks, model) ? (marks[model] ?? null) : null;
  if (its === null && names.length === 0) return reason;
  const row = db.query(CALL).get({ id }) as Record<"model" | "method" | "args" | "context", string>;
  const task = { ...row, args: parseExactly(row.args), context: parseExactly(row.context) };
  return new Redaction(
    names,
    () => its,
    () => its === null,
  )
    .secretsOf(task)
    .hideIn(reason);
}
