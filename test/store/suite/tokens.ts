/** Tokens of the admin API: found by their digest alone, each name once. */
import { describe, expect, test } from "bun:test";
import { errorOf } from "../../support/error.ts";
import { clock, store } from "./subject.ts";

const digest = (text: string) => new Bun.CryptoHasher("sha256").update(text).digest();

export function tokenTests(): void {
  describe("a token", () => {
    test("is found by its digest, with its name and roles", async () => {
      const added = await store.tokens.add({ name: "shop", roles: ["read", "push"] }, digest("a"));
      const token = { name: "shop", roles: ["read", "push"], created_at: clock.now() };
      expect(added).toEqual(token as typeof added);
      await store.tokens.add({ name: "office", roles: ["admin"] }, digest("b"));
      expect(await store.tokens.find(digest("a"))).toEqual(added);
      expect(await store.tokens.find(digest("c"))).toBeNull();
      expect((await store.tokens.list()).map(({ name }) => name)).toEqual(["office", "shop"]);
    });

    test("lets nobody in once it is removed", async () => {
      await store.tokens.add({ name: "shop", roles: ["read"] }, digest("a"));
      await store.tokens.remove("shop");
      expect(await store.tokens.find(digest("a"))).toBeNull();
      const error = await errorOf(store.tokens.remove("shop"));
      expect(error).toMatchObject({ code: "not_found" });
    });

    test("whose name is taken is refused, and the first one stays", async () => {
      await store.tokens.add({ name: "shop", roles: ["read"] }, digest("a"));
      const error = await errorOf(
        store.tokens.add({ name: "shop", roles: ["admin"] }, digest("b")),
      );
      expect(error).toMatchObject({
        code: "conflict",
        message: 'Cannot add the token "shop": there is one already; tq token remove takes it away',
      });
      expect(await store.tokens.find(digest("b"))).toBeNull();
      expect(await store.tokens.find(digest("a"))).toMatchObject({ roles: ["read"] });
    });

    test("has ended sessions until they would be over by themselves", async () => {
      const session = (id: string, ms: number) => ({ token: "t", id, until: clock.now() + ms });
      const [early, late] = [session("a", 1_000), session("b", 2_000)];
      await store.tokens.endSession(early);
      await store.tokens.endSession(late);
      await store.tokens.tidy(clock.now());
      const ended = () => Promise.all([early, late].map((one) => store.tokens.hasEnded(one)));
      expect(await ended()).toEqual([true, true]);
      clock.advance(1_000);
      await store.tokens.tidy(clock.now());
      expect(await ended()).toEqual([false, true]);
    });
  });
}
