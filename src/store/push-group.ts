/** Pushes that arrive together share one commit; each is answered after it. */
import type { NewTask } from "../task.ts";
import type { Session } from "./store.ts";

interface Waiting {
  readonly tasks: readonly NewTask[];
  readonly resolve: (ids: number[]) => void;
  readonly reject: (error: unknown) => void;
}

/** How a group is committed. */
interface Writer {
  /** One task, in a transaction of its own. */
  alone(task: NewTask): Promise<number[]>;
  /** In one transaction. */
  together<T>(fn: (session: Session) => Promise<T>): Promise<T>;
}

/** Of so many pushes in a row that came alone, one waits for others all the same. */
const LOOK = 8;

export class PushGroup {
  readonly #writer: Writer;
  #waiting: Waiting[] = [];
  #running = false;
  /** How many in a row came alone. */
  #alone = 0;

  constructor(writer: Writer) {
    this.#writer = writer;
  }

  push(tasks: readonly NewTask[]): Promise<number[]> {
    if (tasks.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ tasks, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      await this.#company();
      const group = this.#waiting;
      this.#waiting = [];
      this.#alone = group.length === 1 ? this.#alone + 1 : 0;
      await this.#commit(group);
    }
    this.#running = false;
  }

  /**
   * Lets those that come with it join a push: what the same code pushes without awaiting it, and, unless the
   * last ones came alone, all that one turn of the event loop brings.
   */
  async #company(): Promise<void> {
    if (this.#alone % LOOK === 0) await new Promise((resolve) => setImmediate(resolve));
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    const [first] = group;
    if (first && group.length === 1) {
      return this.#pushOne(first.tasks).then(first.resolve, first.reject);
    }
    const answers: (() => void)[] = [];
    try {
      await this.#writer.together(async (session) => {
        for (const { tasks, resolve, reject } of group) {
          await session.savepoint();
          try {
            const ids = await session.push(tasks);
            await session.release();
            answers.push(() => resolve(ids));
          } catch (error) {
            await goBack(session, error);
            answers.push(() => reject(error));
          }
        }
      });
    } catch (error) {
      for (const { reject } of group) reject(error);
      return;
    }
    for (const answer of answers) answer();
  }

  #pushOne(tasks: readonly NewTask[]): Promise<number[]> {
    const [task] = tasks;
    if (task && tasks.length === 1) return this.#writer.alone(task);
    return this.#writer.together((session) => session.push(tasks));
  }
}

/** @throws the error that came before, where the disk has ended the whole transaction. */
async function goBack(session: Session, before: unknown): Promise<void> {
  try {
    await session.rollbackToSavepoint();
  } catch {
    throw before;
  }
}
