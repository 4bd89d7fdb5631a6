/**
 * The raw limit: the fewest plain `bun:sqlite` statements for the same work, on tq's own schema and with its own
 * pragmas. Parameters by position, no events, no checks.
 */
import type { Database } from "bun:sqlite";
import { connect } from "../../src/sqlite/connection.ts";
import type { Options } from "./options.ts";

/** Without an expected time, a task's deadline is the time of its push. */
const INSERT = `
  INSERT INTO tq__task (state, queue, priority, deadline, model, method, instances, args, user, context,
                        ref, enqueued_at, scheduled_at, expected_at)
  VALUES ('ready', 'default', 0, ?1, ?2, ?3, ?4, ?5, 0, '{}', NULL, ?1, NULL, NULL)`;

/** `begun`: as in src/sqlite/sql/claim.ts, where a suspect has begun once its claim is on disk. */
const CLAIM = `
  UPDATE tq__task
     SET state = 'running', claim = claim + 1, worker = 'raw', thread = 1, dequeued_at = ?1, begun = suspect,
         reason = NULL
   WHERE id IN (SELECT id
                  FROM tq__task
                 WHERE state = 'ready' AND suspect = 0 AND queue = 'default'
                 ORDER BY priority DESC, deadline, id
                 LIMIT ?2)
  RETURNING id, claim, instances, args`;

const FINISH = `
  UPDATE tq__task
     SET state = 'finished', finished_at = ?1, attempts = attempts + 1, worker = NULL, thread = NULL,
         suspect = 0, begun = 0
   WHERE id = ?2 AND state = 'running' AND claim = ?3`;

const FILL = `
  WITH RECURSIVE counter (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < ?1)
  INSERT INTO tq__task (state, queue, priority, deadline, model, method, instances, args, user, context,
                        enqueued_at, dequeued_at, finished_at, attempts)
  SELECT ?2, iif(?8 = 1, 'default', 'queue-' || (n % ?8)), 0, ?3, ?4, ?5, n, ?6, 0, '{}', ?3, ?7, ?7, ?7 IS NOT NULL FROM counter`;

const FILL_ITEMS = `
  WITH RECURSIVE counter (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < ?1)
  INSERT INTO item (value) SELECT NULL FROM counter`;

export interface Call {
  readonly model: string;
  readonly method: string;
  /** JSON array. */
  readonly args: string;
}

type Claimed = readonly [id: number, claim: number, instances: string, args: string];

/** The plain statements that do the work of a task, as the methods of models.ts do. */
export type Effect = "none" | "update" | "select and update";

/** A plain connection that pushes, claims and finishes tasks. It makes tq's tables in a new file. */
export class Raw implements Disposable {
  readonly db: Database;

  constructor(path: string, { durability }: Pick<Options, "durability">) {
    this.db = connect({ path, timeout: 60_000 });
    this.db.run("PRAGMA busy_timeout = 60000"); // `connect` leaves a short one, as tq's sessions wait by themselves
    // SQLite's own flush, in place of tq's.
    this.db.run(`PRAGMA synchronous = ${durability === "full" ? "FULL" : "NORMAL"}`);
  }

  /** Stores one ready task, in its own transaction or the open one. */
  push({ model, method, args }: Call, instance: number): void {
    this.db.query(INSERT).run(Date.now(), model, method, String(instance), args);
  }

  pushMany(call: Call, count: number): void {
    this.db.run("BEGIN IMMEDIATE");
    for (let instance = 1; instance <= count; instance++) this.push(call, instance);
    this.db.run("COMMIT");
  }

  /** Stores `count` tasks for the instances 1, 2, … with one statement; they take turns over so many `queues`. */
  fill(call: Call, count: number, state: "ready" | "finished" = "ready", queues = 1): void {
    const before = Date.now() - 1000; // earlier than the start of any measure, in whole ms
    const ended = state === "finished" ? before : null;
    this.db
      .query(FILL)
      .run(count, state, before, call.model, call.method, call.args, ended, queues);
  }

  /** Creates the table of the model Item, with rows 1, 2, … */
  fillItems(count: number): void {
    this.db.run("CREATE TABLE item (id INTEGER PRIMARY KEY AUTOINCREMENT, value NUMERIC)");
    this.db.query(FILL_ITEMS).run(count);
  }

  /** Claims at most so many ready tasks of the queue "default", in its own transaction or the open one. */
  claim(limit: number): Claimed[] {
    return this.db.query(CLAIM).values(Date.now(), limit) as unknown as Claimed[];
  }

  /**
   * Runs all ready tasks of the queue "default". One commit holds the effects and finishes of `batch` tasks, and the
   * next claim.
   */
  drain(effect: Effect, batch: number): void {
    this.db.run("BEGIN IMMEDIATE");
    let claimed = this.claim(batch);
    this.db.run("COMMIT");
    while (claimed.length > 0) {
      this.db.run("BEGIN IMMEDIATE");
      for (const task of claimed) this.#run(task, effect);
      claimed = this.claim(batch);
      this.db.run("COMMIT");
    }
  }

  #run([id, claim, instances, args]: Claimed, effect: Effect): void {
    const instance = Number(instances);
    const [value] = JSON.parse(args) as number[];
    if (effect === "select and update") {
      this.db.query("SELECT id, value FROM item WHERE id = ?").values(instance);
    }
    if (effect !== "none") {
      this.db.query("UPDATE item SET value = ? WHERE id = ?").run(value ?? null, instance);
    }
    this.db.query(FINISH).run(Date.now(), id, claim);
  }

  [Symbol.dispose](): void {
    this.db.close();
  }
}
