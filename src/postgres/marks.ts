/** Where the claims of a thread go on in each queue: what they took before leaves dead entries in the index. */
export interface Mark {
  readonly priority: number;
  readonly deadline: number;
  readonly id: number;
}

/** A claim starts at the head of the queue again after this: tasks may have been pushed before the mark. */
const FROM_HEAD_MS = 50;

export class Marks {
  readonly #marks = new Map<string, { readonly mark: Mark; readonly since: number }>();

  /** The first task that the last claim of this queue took; null: start at its head. */
  of(queue: string, monotonic: number): Mark | null {
    const known = this.#marks.get(queue);
    if (!known || monotonic - known.since >= FROM_HEAD_MS) return null;
    return known.mark;
  }

  /** @param isFromHead true: the claim started at the head. */
  set(queue: string, mark: Mark, isFromHead: boolean, monotonic: number): void {
    const since = isFromHead ? monotonic : (this.#marks.get(queue)?.since ?? monotonic);
    this.#marks.set(queue, { mark, since });
  }

  forget(queue: string): void {
    this.#marks.delete(queue);
  }
}
