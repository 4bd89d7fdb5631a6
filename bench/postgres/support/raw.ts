/**
 * The raw limit: the fewest statements for the same work on `Bun.SQL`, on tq's own schema. Statements that can be sent
 * together are; no events, no checks, no marks of what may have gone wrong.
 */
import { SQL, type ReservedSQL } from "bun";
import type { Call } from "../../support/raw.ts";

const COLUMNS = `state, queue, priority, deadline, model, method, instances, args, "user", context, enqueued_at`;

const PUSH = `
  INSERT INTO tq.task (${COLUMNS})
  VALUES ('ready', 'default', 0, $1, $2, $3, $4, $5, 0, '{}', $1)
  RETURNING id::float8 AS id`;

const PUSH_LIST = `
  INSERT INTO tq.task (${COLUMNS})
  SELECT 'ready', queue, 0, $1::bigint, model, method, instances, args, 0, '{}', $1::bigint
    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
         WITH ORDINALITY AS new (queue, model, method, instances, args, nth)
   ORDER BY nth
  RETURNING id::float8 AS id`;

/** From the first task of the last claim on: what was claimed before is dead, and stays in the index until a VACUUM. */
const CLAIM = `
  UPDATE tq.task
     SET state = 'running', claim = claim + 1, worker = 'raw', thread = $1, dequeued_at = $2
   WHERE id = ANY (ARRAY(SELECT id
                           FROM tq.task
                          WHERE state = 'ready' AND suspect = 0 AND queue = 'default'
                            AND (-priority, deadline, id) >= (0, $3, $4)
                          ORDER BY -priority, deadline, id
                          LIMIT $5
                            FOR NO KEY UPDATE SKIP LOCKED))
  RETURNING id::float8 AS id, claim, instances, args, deadline::float8 AS deadline`;

const FINISH = `
  WITH done AS (
    UPDATE tq.task AS task
       SET state = 'finished', finished_at = $3, attempts = attempts + 1, worker = NULL, thread = NULL
      FROM unnest($1::bigint[], $2::integer[]) AS given (id, claim)
     WHERE task.id = given.id AND task.claim = given.claim AND worker IS NOT NULL
    RETURNING 1)
  SELECT tq.hold(count(*) = cardinality($1::bigint[])) FROM done`;

const FILL = `
  INSERT INTO tq.task (${COLUMNS})
  SELECT 'ready', 'default', 0, $2::bigint, $3, $4,
         CASE WHEN $6::bigint = 0 THEN n ELSE 1 + n * 7919 % greatest($6, 1) END,
         replace($5::text, '?', (1 + (n * 7919 + 1 + n * 104729 % greatest($6 - 1, 1)) % greatest($6, 1))::text),
         0, '{}', $2::bigint
    FROM generate_series(1, $1::bigint) AS n`;

export interface Claimed {
  readonly id: number;
  readonly claim: number;
  readonly instances: string;
  readonly args: string;
  readonly deadline: number;
}

/** The statements of a task. Those that they return are sent before the commit, and are not awaited before it. */
export type Effect = (raw: Raw, tasks: readonly Claimed[]) => Promise<readonly Promise<unknown>[]>;

/** A plain connection that pushes, claims and finishes tasks. */
export class Raw {
  readonly #sql: SQL;
  readonly #db: ReservedSQL;
  readonly #thread: number;
  #mark: Pick<Claimed, "deadline" | "id"> = { deadline: 0, id: 0 };

  private constructor(sql: SQL, db: ReservedSQL, thread: number) {
    this.#sql = sql;
    this.#db = db;
    this.#thread = thread;
  }

  static async open(url: string, thread = 1): Promise<Raw> {
    // Models' tables are there also for a role of the name of tq's own schema.
    const sql = new SQL(url, { max: 1, connection: { search_path: "public" } });
    return new Raw(sql, await sql.reserve(), thread);
  }

  /** Sends the statement at once: the driver's own promise would wait for its first `then`. */
  async query<R>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    return (await this.#db.unsafe(text, values as unknown[])) as R[];
  }

  async command(text: string): Promise<void> {
    await this.#db.unsafe(text).simple();
  }

  /** As a template: the driver sends a text without values only once all before it are answered. */
  async #begin(): Promise<void> {
    await this.#db`BEGIN`;
  }

  async #commit(): Promise<void> {
    await this.#db`COMMIT`;
  }

  /** Stores one ready task, in its own transaction or the open one. */
  async push({ model, method, args }: Call, instance: number): Promise<void> {
    await this.query(PUSH, [Date.now(), model, method, String(instance), args]);
  }

  /** In one transaction, 5,000 a statement. */
  async pushMany({ model, method, args }: Call, count: number): Promise<void> {
    const sent: Promise<unknown>[] = [this.#begin()];
    for (let first = 1; first <= count; first += 5_000) {
      const length = Math.min(5_000, count - first + 1);
      const of = (value: string) => Array.from({ length }, () => value);
      const instances = Array.from({ length }, (_, index) => String(first + index));
      const lists = [of("default"), of(model), of(method), instances, of(args)];
      sent.push(this.query(PUSH_LIST, [Date.now(), ...lists]));
    }
    sent.push(this.#commit());
    await Promise.all(sent);
  }

  /**
   * Stores `count` ready tasks with one statement, for the instances 1, 2, … or, in turns, for `among` of them; a `?` of the
   * arguments is another one of these.
   */
  async fill({ model, method, args }: Call, count: number, among = 0): Promise<void> {
    await this.query(FILL, [count, Date.now() - 1000, model, method, args, among]);
    await this.settle();
  }

  /** Does now what the server would else do in the middle of a measure. */
  async settle(): Promise<void> {
    await this.command("VACUUM (ANALYZE)");
    await this.command("CHECKPOINT").catch(() => {}); // where the role may
  }

  async fillItems(count: number): Promise<void> {
    await this.command(
      "CREATE TABLE item (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, value double precision)",
    );
    await this.query("INSERT INTO item (value) SELECT NULL FROM generate_series(1, $1::bigint)", [
      count,
    ]);
  }

  async claim(limit: number): Promise<Claimed[]> {
    const { deadline, id } = this.#mark;
    const claimed = await this.query<Claimed>(CLAIM, [
      this.#thread,
      Date.now(),
      deadline,
      id,
      limit,
    ]);
    claimed.sort((a, b) => a.deadline - b.deadline || a.id - b.id);
    if (claimed[0]) this.#mark = claimed[0];
    return Array.from(claimed);
  }

  /** Runs all ready tasks. One commit holds the effects and finishes of `batch` tasks, and the next claim. */
  async drain(effect: Effect, batch: number): Promise<void> {
    let tasks = await this.claim(batch);
    while (tasks.length > 0) {
      const sent = [this.#begin(), ...(await effect(this, tasks)), this.finish(tasks)];
      const claiming = this.claim(batch);
      await Promise.all([...sent, claiming, this.#commit()]);
      tasks = await claiming;
    }
  }

  finish(tasks: readonly Claimed[]): Promise<unknown> {
    return this.query(FINISH, [
      tasks.map(({ id }) => id),
      tasks.map((one) => one.claim),
      Date.now(),
    ]);
  }

  async close(): Promise<void> {
    await this.#sql.close({ timeout: 0 });
  }
}
