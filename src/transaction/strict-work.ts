/** The operations of a strict task: its method must have awaited each of them when it ends. */
import type { Soon } from "../soon.ts";
import { placeOf, userStack } from "../stack.ts";
import { attempt, PendingWork, type WatchedPromise } from "./pending.ts";

/** The `name` of the error: another copy of tq in the process may have made it. */
export const NOT_AWAITED = "NotAwaitedError";

/** Of so many operations the sentence names the place. */
const MOST_PLACES = 5;

/** An operation, and the stack with which it began. */
interface Operation {
  readonly work: WatchedPromise<unknown>;
  readonly begun: Error;
  ended: boolean;
}

export class StrictWork extends PendingWork {
  /** Those that are under way, or at whose promise no code has looked. */
  readonly #open = new Set<Operation>();
  /** They are transactions of a run that has none of its own: each commits by itself. */
  readonly #outside: boolean;

  constructor(outside = false) {
    super();
    this.#outside = outside;
  }

  override add<T>(start: () => Soon<T>): Promise<T> {
    const begun = new Error();
    const started = attempt(start);
    const work = this.watch(started instanceof Promise ? started : Promise.resolve(started));
    const operation: Operation = { work, begun, ended: false };
    this.#open.add(operation);
    const end = () => {
      operation.ended = true;
      if (work.observed) this.#open.delete(operation);
    };
    work.whenEnded(end, end);
    return work;
  }

  protected override another(): PendingWork {
    return new StrictWork(true);
  }

  override checkAwaited(): void {
    super.checkAwaited();
    const open = [...this.#open].filter(({ work, ended }) => !ended || !work.observed);
    const [first] = open;
    if (!first) return;
    const places = new Set(open.map(({ begun }) => placeWords(begun)));
    throw notAwaited(first.begun, places, this.#outside ? STAYS : "");
  }
}

function placeWords({ stack }: Error): string {
  return placeOf(stack) ?? "a place that its stack does not name";
}

/** The end of the sentence about transactions that no rollback of the run undoes. */
const STAYS = "; what they have committed stays, as the method runs outside any transaction";

function notAwaited({ stack = "" }: Error, where: ReadonlySet<string>, but: string): Error {
  const places = [...where];
  const more = places.length > MOST_PLACES ? [`${places.length - MOST_PLACES} other places`] : [];
  const named = [...places.slice(0, MOST_PLACES), ...more].join(", ");
  const error = new Error(
    `the method ended without awaiting what it began at ${named}; write await there, and before each call on the way to it${but}`,
  );
  error.name = NOT_AWAITED;
  const frames = stack.split("\n").slice(1);
  error.stack = userStack([`${error.name}: ${error.message}`, ...frames].join("\n"), true);
  return error;
}

/** The value of strict code, once all is awaited that it began. It looks at once: work that ends a moment later counts. */
export async function allAwaited<T>(answer: T | Promise<T>, work: StrictWork): Promise<T> {
  const value = await answer;
  work.checkAwaited();
  return value;
}
