/**
 * Bounds how many wrong tokens an address may try. A right token is let in whatever others have tried from there: many may
 * share an address, and no guess finds a token that tq has made. One of a user's own text could be found: while its address
 * has to wait, it is let in only where it was right before.
 */

import { type Caller, digestOf, isOwnText, type Tokens } from "./tokens.ts";

const MOST_GUESSES = 20;
const WITHIN_MS = 60_000;

/** Addresses that are remembered: an attacker may have many. */
const MOST_ADDRESSES = 1_000;

/** Digests of right tokens that are remembered. */
const MOST_KNOWN = 1_000;

/** Where a request comes from. */
type From = { readonly address?: string } | undefined;

interface Guesses {
  readonly since: number;
  count: number;
}

export class GuessLimit {
  readonly #tokens: Tokens;
  readonly #now: () => number;
  readonly #wrong = new Map<string, Guesses>();
  readonly #known = new Set<string>();

  /** @param now ms of a clock that nobody sets. */
  constructor(tokens: Tokens, now: () => number) {
    this.#tokens = tokens;
    this.#now = now;
  }

  /**
   * Looks at a token.
   *
   * @param from is asked for its address where the token was never right before.
   * @returns its caller; null: there is no such token; a number: the address has to wait for so many seconds.
   */
  async look(from: From, token: string): Promise<Caller | number | null> {
    const bytes = digestOf(token);
    const digest = bytes.toHex();
    const isKnown = this.#known.has(digest);
    const address = isKnown ? "" : addressOf(from); // asked before any wait: a caller that has gone has none
    const caller = await this.#tokens.find(bytes);
    const isLetIn = caller !== null && (isKnown || !isOwnText(token));
    const seconds = isLetIn ? 0 : this.#waitSeconds(isKnown ? addressOf(from) : address);
    if (seconds > 0) return seconds;
    if (caller === null) this.#noteWrong(isKnown ? addressOf(from) : address, digest);
    else this.#noteRight(digest);
    return caller;
  }

  /** How many seconds a token that may be a guess has to wait, from this address; 0: it is looked at. */
  #waitSeconds(address: string): number {
    const guesses = this.#recent(address);
    if (guesses === undefined || guesses.count < MOST_GUESSES) return 0;
    return Math.max(Math.ceil((guesses.since + WITHIN_MS - this.#now()) / 1_000), 1);
  }

  #noteRight(digest: string): void {
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.add(digest);
  }

  #noteWrong(address: string, digest: string): void {
    this.#known.delete(digest);
    const guesses = this.#recent(address);
    if (guesses) {
      guesses.count += 1;
      return;
    }
    if (this.#wrong.size >= MOST_ADDRESSES) this.#wrong.clear();
    this.#wrong.set(address, { since: this.#now(), count: 1 });
  }

  #recent(address: string): Guesses | undefined {
    const guesses = this.#wrong.get(address);
    return guesses && guesses.since + WITHIN_MS > this.#now() ? guesses : undefined;
  }
}

function addressOf(from: From): string {
  return from?.address ?? "";
}
