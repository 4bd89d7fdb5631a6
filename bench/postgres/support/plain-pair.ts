/** A connection that pushes and notifies, and one that claims when a third one hears it. */
import { SQL } from "bun";
import { Raw } from "./raw.ts";

export class PlainPair implements AsyncDisposable {
  readonly #pusher: Raw;
  readonly #claimer: Raw;
  readonly #listener: SQL;
  #heard: () => void = () => {};

  private constructor(pusher: Raw, claimer: Raw, listener: SQL) {
    this.#pusher = pusher;
    this.#claimer = claimer;
    this.#listener = listener;
  }

  static async open(url: string): Promise<PlainPair> {
    const listener = new SQL(url, { max: 1 });
    const pair = new PlainPair(await Raw.open(url), await Raw.open(url), listener);
    await listener.listen("plain", () => pair.#heard());
    return pair;
  }

  async pushToClaim(): Promise<number> {
    const heard = new Promise<void>((resolve) => (this.#heard = resolve));
    const started = performance.now();
    await this.#pusher.push({ model: "probe", method: "stamp", args: "[]" }, 1);
    await this.#pusher.query("SELECT pg_notify('plain', '')");
    await heard;
    const claimed = await this.#claimer.claim(1);
    const taken = performance.now() - started;
    if (claimed.length !== 1) throw new Error("Nothing was claimed");
    return taken;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener.close({ timeout: 0 });
    await this.#pusher.close();
    await this.#claimer.close();
  }
}
