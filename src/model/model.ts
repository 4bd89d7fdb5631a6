/** `Model`: methods that tasks can call, without a table of its own. */
import { BASE } from "../registry/model-class.ts";
import type { UntypedQueue } from "./queue-types.ts";
import { queueOf } from "../push/queue-caller.ts";

/** What `console.log` asks an object for. */
const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;

/**
 * The base of every model. Give it a name and methods; records of it are ids.
 *
 * @example
 * export class Mailer extends Model {
 *   static override readonly __name__ = "mailer";
 *   static async send(records: Mailer[], address: string) { … }
 * }
 */
export class Model {
  static readonly [BASE] = true;

  /** The name that tasks are stored under, for example "sale.line". */
  static readonly __name__: string;

  readonly id: number;

  constructor(id = 0) {
    this.id = id;
  }

  /**
   * Calls put here are stored as tasks: `Model.__queue__.method(records, ...args)` resolves to the ids of
   * the tasks (an id for a single record). Declare it as `Queue<typeof YourModel>` for typed calls.
   *
   * @throws TqError when the method does not exist or an argument cannot be carried by JSON.
   * @see https://docs.tryton.org/latest/server/topics/task_queue.html
   */
  static get __queue__(): UntypedQueue {
    return queueOf(this) as unknown as UntypedQueue;
  }

  /** The records of these ids. Without a table there is nothing to look up: each exists. */
  static async browse<M extends typeof Model>(
    this: M,
    ids: readonly number[],
  ): Promise<InstanceType<M>[]> {
    return ids.map((id) => new this(id) as InstanceType<M>);
  }

  /** A record is its fields to who looks at it, not its methods. @internal */
  [INSPECT](_depth: number, options: object, inspect: (value: object, options: object) => string) {
    return `${this.constructor.name} ${inspect(Object.fromEntries(Object.entries(this)), options)}`;
  }
}
