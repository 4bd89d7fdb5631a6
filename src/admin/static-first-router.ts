/** A router that looks a path without parameters up at once, as most requests have one. */
import type { Result, Router } from "hono/router";
import { TrieRouter } from "hono/router/trie-router";

/**
 * Hono's fast router refuses paths like `/tasks/retry` beside `/tasks/:id/retry`, and its other one goes through the parts
 * of each path. This one remembers what the other has found.
 */
export class StaticFirstRouter<T> implements Router<T> {
  readonly name = "StaticFirstRouter";
  readonly #all = new TrieRouter<T>();
  readonly #fixed = new Set<string>();
  /** By method and path: a server takes some thirty methods. */
  readonly #found = new Map<string, Result<T>>();

  add(method: string, path: string, handler: T): void {
    this.#all.add(method, path, handler);
    if (!/[:*]/.test(path)) this.#fixed.add(path);
    this.#found.clear();
  }

  match(method: string, path: string): Result<T> {
    if (!this.#fixed.has(path)) return this.#all.match(method, path);
    const key = `${method} ${path}`;
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const found = this.#all.match(method, path);
    this.#found.set(key, found);
    return found;
  }
}
