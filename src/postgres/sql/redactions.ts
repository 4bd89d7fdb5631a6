/** Keeps what models mark as secret. */
import type { ModelMarks } from "../../redaction/marks.ts";
import { Redaction } from "../../redaction/redaction.ts";
import type { DeclaredMarks } from "../../store/redaction-store.ts";
import { parseExactly } from "../../values/exact-json.ts";
import type { Connection } from "../connection.ts";
import { lock } from "../locks.ts";

const DECLARED = "SELECT model, marks FROM tq.redaction";

interface MarksRow {
  readonly model: string;
  readonly marks: string;
}

export async function declaredMarks(db: Connection): Promise<DeclaredMarks> {
  const rows = await db.all<MarksRow>(DECLARED);
  return Object.fromEntries(
    rows.map(({ model, marks }) => [model, JSON.parse(marks) as ModelMarks]),
  );
}

const WITHDRAW = "DELETE FROM tq.redaction WHERE model = ANY ($1::text[])";

const DECLARE = `
  INSERT INTO tq.redaction (model, marks) SELECT * FROM unnest($1::text[], $2::text[])
      ON CONFLICT (model) DO UPDATE SET marks = excluded.marks`;

export async function declareMarks(
  db: Connection,
  models: readonly string[],
  marks: DeclaredMarks,
): Promise<void> {
  await lock(db, "definitions");
  const marked = models.filter((model) => marks[model] !== undefined);
  const withdrawing = db.run(WITHDRAW, [models.filter((model) => !marked.includes(model))]);
  const declaring = db.run(DECLARE, [marked, marked.map((model) => JSON.stringify(marks[model]))]);
  await Promise.all([withdrawing, declaring]);
}

const CALL = `
  SELECT method, args, context, (SELECT marks FROM tq.redaction WHERE redaction.model = task.model) AS marks
    FROM tq.task AS task WHERE id = $1::bigint`;

interface CallRow extends Record<"method" | "args" | "context", string> {
  readonly marks: string | null;
}

interface Reason {
  readonly id: number;
  readonly model: string;
  readonly reason: string;
}

/** The reason of a task as others may hear it. @param names the setting `admin.redact` */
export async function withoutSecrets(
  db: Connection,
  { id, model, reason }: Reason,
  names: readonly string[],
): Promise<string> {
  const row = await db.get<CallRow>(CALL, [id]);
  if (row === null) return reason;
  const its = row.marks === null ? null : (JSON.parse(row.marks) as ModelMarks);
  if (its === null && names.length === 0) return reason;
  const { method } = row;
  const task = { model, method, args: parseExactly(row.args), context: parseExactly(row.context) };
  return new Redaction(
    names,
    () => its,
    () => its === null,
  )
    .secretsOf(task)
    .hideIn(reason);
}
