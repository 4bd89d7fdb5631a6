/** Commits pushes that arrive together at once, and answers each after the commit. */
import { isTqError, TqError } from "../errors.ts";
import { nextTurn } from "../next-turn.ts";
import { quote } from "../quote.ts";
import type { Soon } from "../soon.ts";
import type { NewTask } from "../task.ts";
import type { OncePushed, PushKey } from "./push-keys.ts";

/** A push of a group. */
export interface GroupedPush {
  readonly tasks: readonly NewTask[];
  /** null: it may be made again. */
  readonly key: PushKey | null;
}

/** How a push of a group has ended. */
export type PushEnd = OncePushed | { readonly error: unknown };

interface Waiting extends GroupedPush {
  readonly resolve: (ids: number[], isReplay: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** How a group is committed. */
interface Writer {
  /** One task, in a transaction of its own. */
  alone(task: NewTask): Soon<number[]>;
  /** In one transaction, in which a push that is refused leaves nothing, and leaves the others. @returns one end for each */
  together(pushes: readonly GroupedPush[]): Promise<readonly PushEnd[]>;
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
    try {
      const ends = await this.#writer.together(group);
      for (const [index, { resolve, reject }] of group.entries()) {
        const end = ends[index];
        if (end && "ids" in end) resolve(end.ids, end.isReplay);
        else reject(end?.error);
      }
    } catch (error) {
      for (const waiting of group) waiting.reject(withAdvice(error, waiting));
    }
  }

  /** Awaits only real promises: most pushes of most programs come alone. */
  async #commitOne(waiting: Waiting): Promise<void> {
    const { tasks, key, resolve, reject } = waiting;
    const [task] = tasks;
    if (task === undefined || tasks.length > 1 || key !== null) return this.#commitGroup([waiting]);
    try {
      const pushing = this.#writer.alone(task);
      resolve(pushing instanceof Promise ? await pushing : pushing, false);
    } catch (error) {
      reject(withAdvice(error, waiting));
    }
  }
}

/** Where it is uncertain whether a push is stored, its caller can send it again with its key, or look for its ref. */
function withAdvice(error: unknown, { tasks, key }: GroupedPush): unknown {
  if (!isTqError(error) || error.code !== "uncertain") return error;
  if (key !== null) {
    const advice = `${error.message}: send it again with the same key`;
    return new TqError("uncertain", advice, { cause: error });
  }
  const ref = tasks.find(({ ref }) => ref !== null)?.ref;
  const how = ref === undefined ? "" : `: look for the ref ${quote(ref)}`;
  return new TqError("uncertain", `${error.message}${how}`, { cause: error });
}
