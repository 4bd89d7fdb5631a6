/** `Model`: methods that tasks can call, without a table of its own. */
import { BASE } from "../registry/model-class.ts";
import type { UntypedQueue } from "./queue-types.ts";
import { INSPECT } from "../inspect.ts";
import { queueOf } from "../push/queue-caller.ts";

/**
 * The base of every model. Give the model a name and methods; its records are ids.
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
   * Stores calls as tasks: `Model.__queue__.method(records, ...args)` resolves to the ids of the tasks, or to one id
   * for a single record. Declare it as `Queue<typeof YourModel>` for typed calls.
   *
   * @throws TqError "not_found" for a method that does not exist, "invalid" for an argument that JSON cannot carry.
   * @see https://docs.tryton.org/latest/server/topics/task_queue.html
   */
  static get __queue__(): UntypedQueue {
    return queueOf(this) as unknown as UntypedQueue;
  }

  /** The records of these ids, in order. A model without a table has a record for each id. */
  static async browse<M extends typeof Model>(
    this: M,
    ids: readonly number[],
  ): Promise<InstanceType<M>[]> {
    return ids.map((id) => new this(id) as InstanceType<M>);
  }

  /** Shows a record by its fields, without its methods. @internal */
  [INSPECT](_depth: number, options: object, inspect: (value: object, options: object) => string) {
    return `${this.constructor.name} ${inspect(Object.fromEntries(Object.entries(this)), options)}`;
  }
}
