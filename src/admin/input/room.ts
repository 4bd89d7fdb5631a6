/** Room for so much at once; others wait for it, the first first. */

interface Waiting {
  readonly size: number;
  readonly enter: () => void;
}

export class Room {
  #free: number;
  readonly #waiting: Waiting[] = [];

  constructor(size: number) {
    this.#free = size;
  }

  /** @returns what gives the room back; resolves once there is some. */
  async take(size: number): Promise<() => void> {
    if (this.#waiting.length > 0 || size > this.#free) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push({ size, enter: resolve });
      await promise;
    } else {
      this.#free -= size;
    }
    return () => this.#leave(size);
  }

  #leave(size: number): void {
    this.#free += size;
    for (let [next] = this.#waiting; next !== undefined && next.size <= this.#free;) {
      this.#waiting.shift();
      this.#free -= next.size;
      next.enter();
      [next] = this.#waiting;
    }
  }
}
