/** Pushes that arrive together share one commit; each is answered after it. */
import type { NewTask } from "../task.ts";
import type { Session } from "./store.ts";

interface Waiting {
  readonly tasks: readonly NewTask[];
  readonly resolve: (ids: number[]) => void;
  readonly reject: (error: unknown) => void;
}

export class PushGroup {
  readonly #write: <T>(fn: (session: Session) => Promise<T>) => Promise<T>;
  #waiting: Waiting[] = [];
  #running = false;

  constructor(write: <T>(fn: (session: Session) => Promise<T>) => Promise<T>) {
    this.#write = write;
  }

  async push(tasks: readonly NewTask[]): Promise<number[]> {
    if (tasks.length === 0) return [];
    return new Promise((resolve, reject) => {
      this.#waiting.push({ tasks, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      // One turn of the event loop: the requests that came in with this one join it.
      await new Promise((resolve) => setImmediate(resolve));
      const group = this.#waiting;
      this.#waiting = [];
      await this.#commit(group);
    }
    this.#running = false;
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    const answers: (() => void)[] = [];
    try {
      await this.#write(async (session) => {
        const [only] = group;
        if (only && group.length === 1) {
          const ids = await session.push(only.tasks);
          answers.push(() => only.resolve(ids));
          return;
        }
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
}

/** @throws the error that came before, where the disk has ended the whole transaction. */
async function goBack(session: Session, before: unknown): Promise<void> {
  try {
    await session.rollbackToSavepoint();
  } catch {
    throw before;
  }
}
