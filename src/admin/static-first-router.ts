/** A router that looks a path without parameters up at once, as most requests have one. */
import type { Result, Router } from "hono/router";
import { TrieRouter } from "hono/router/trie-router";

/**
 * Hono's fast router refuses paths like `/tasks/retry` beside `/tasks/:id/retry`, and its other one goes through the parts of
 * each path. This one remembers what the other has found.
 */
export class StaticFirstRouter<T> implements Router<T> {
  readonly name = "StaticFirstRouter";
  readonly #all = new TrieRouter<T>();
  /** By path and method; the routes say which there can be. */
  readonly #found = new Map<string, Map<string, Result<T> | null>>();

  add(method: string, path: string, handler: T): void {
    this.#all.add(method, path, handler);
    if (/[:*]/.test(path)) return;
    const byMethod = this.#found.get(path) ?? new Map<string, null>();
    this.#found.set(path, byMethod.set(method, null));
  }

  match(method: string, path: string): Result<T> {
    const byMethod = this.#found.get(path);
    const known = byMethod?.get(method);
    if (known) return known;
    const found = this.#all.match(method, path);
    if (known === null) byMethod?.set(method, found);
    return found;
  }
}
