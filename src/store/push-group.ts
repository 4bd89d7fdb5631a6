/** Commits pushes that arrive together at once, and answers each after the commit. */
import { isTqError, TqError } from "../errors.ts";
import { nextTurn } from "../next-turn.ts";
import { quote } from "../quote.ts";
import type { Soon } from "../soon.ts";
import type { NewTask } from "../task.ts";
import type { OncePushed, PushKey } from "./push-keys.ts";
import type { Session } from "./session.ts";

interface Waiting {
  readonly tasks: readonly NewTask[];
  /** null: it may be made again. */
  readonly key: PushKey | null;
  readonly resolve: (ids: number[], isReplay: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** How a group is committed. */
interface Writer {
  /** One task, in a transaction of its own. */
  alone(task: NewTask): Soon<number[]>;
  /** In one transaction. */
  together<T>(fn: (session: Session) => Promise<T>): Promise<T>;
}

/** While pushes come alone, one in this many waits for others all the same. */
const ALONE_PER_WAIT = 8;

export class PushGroup {
  readonly #writer: Writer;
  #waiting: Waiting[] = [];
  #running = false;
  /** How many pushes in a row came alone. */
  #alone = 0;

  constructor(writer: Writer) {
    this.#writer = writer;
  }

  push(tasks: readonly NewTask[]): Promise<number[]> {
    if (tasks.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => this.#join({ tasks, key: null, resolve, reject }));
  }

  pushOnce(tasks: readonly NewTask[], key: PushKey): Promise<OncePushed> {
    return new Promise((resolve, reject) => {
      const answer = (ids: number[], isReplay: boolean) => resolve({ ids, isReplay });
      this.#join({ tasks, key, resolve: answer, reject });
    });
  }

  #join(waiting: Waiting): void {
    this.#waiting.push(waiting);
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      await this.#waitForOthers();
      const group = this.#waiting;
      this.#waiting = [];
      this.#alone = group.length === 1 ? this.#alone + 1 : 0;
      const [first] = group;
      await (first && group.length === 1 ? this.#commitOne(first) : this.#commitGroup(group));
    }
    this.#running = false;
  }

  /**
   * Lets other pushes join the group: by the `await` in `#run` alone those that the same code makes without awaiting
   * them, and, unless the last pushes came alone, all that one turn of the event loop brings.
   */
  #waitForOthers(): Soon<void> {
    if (this.#alone % ALONE_PER_WAIT !== 0) return;
    return nextTurn();
  }

  async #commitGroup(group: readonly Waiting[]): Promise<void> {
    const answers: (() => void)[] = [];
    try {
      await this.#writer.together(async (session) => {
        for (const waiting of group) {
          const { resolve, reject } = waiting;
          await session.savepoint();
          try {
            const { ids, isReplay } = await pushOne(session, waiting);
            await session.releaseSavepoint();
            answers.push(() => resolve(ids, isReplay));
          } catch (error) {
            await goBack(session, error);
            answers.push(() => reject(error));
          }
        }
      });
    } catch (error) {
      for (const waiting of group) waiting.reject(withAdvice(error, waiting));
      return;
    }
    for (const answer of answers) answer();
  }

  /** Awaits only real promises: most pushes of most programs come alone. */
  async #commitOne(waiting: Waiting): Promise<void> {
    const { tasks, key, resolve, reject } = waiting;
    const [task] = tasks;
    try {
      if (task && tasks.length === 1 && key === null) {
        const pushing = this.#writer.alone(task);
        resolve(pushing instanceof Promise ? await pushing : pushing, false);
      } else {
        const pushed = await this.#writer.together((session) => pushOne(session, waiting));
        resolve(pushed.ids, pushed.isReplay);
      }
    } catch (error) {
      reject(withAdvice(error, waiting));
    }
  }
}

async function pushOne(session: Session, { tasks, key }: Waiting): Promise<OncePushed> {
  if (key !== null) return session.pushOnce(tasks, key);
  return { ids: await session.push(tasks), isReplay: false };
}

/** Where it is uncertain whether a push is stored, its caller can send it again with its key, or look for its ref. */
function withAdvice(error: unknown, { tasks, key }: Waiting): unknown {
  if (!isTqError(error) || error.code !== "uncertain") return error;
  if (key !== null) {
    const advice = `${error.message}: send it again with the same key`;
    return new TqError("uncertain", advice, { cause: error });
  }
  const ref = tasks.find(({ ref }) => ref !== null)?.ref;
  const how = ref === undefined ? "" : `: look for the ref ${quote(ref)}`;
  return new TqError("uncertain", `${error.message}${how}`, { cause: error });
}

/** @throws the push's own error, where the disk has ended the whole transaction. */
async function goBack(session: Session, pushError: unknown): Promise<void> {
  try {
    await session.rollbackToSavepoint();
  } catch {
    throw pushError;
  }
}
