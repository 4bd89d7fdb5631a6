/** Pushes with a key: made once, whoever sends them again. */
import { describe, expect, test } from "bun:test";
import type { PushKey } from "../../../src/store/push-keys.ts";
import { errorOf } from "../../support/error.ts";
import { newTask } from "../../support/store.ts";
import { clock, store, subject } from "./subject.ts";

const DAY = 86_400_000;

const body = (text: string) => new Bun.CryptoHasher("sha256").update(text).digest();

function key(more: Partial<PushKey> = {}): PushKey {
  return { caller: "shop", key: "order-7", body: body("a"), ...more };
}

export function pushKeyTests(): void {
  describe("a push with a key", () => {
    test("is made once, and answered with the same ids each time", async () => {
      const tasks = [newTask(), newTask()];
      const first = await store.pushKeys.push(tasks, key());
      expect(first.isReplay).toBe(false);
      expect(await store.pushKeys.push(tasks, key())).toEqual({ ids: first.ids, isReplay: true });
      expect(await store.pushKeys.find(key())).toEqual(first.ids);
      expect((await store.list()).map(({ id }) => id)).toEqual(first.ids.toReversed());
    });

    test("is made once by two that come at once, of one process or of two", async () => {
      const other = subject.open();
      const pushes = [store, store, other, other].map(({ pushKeys }) =>
        pushKeys.push([newTask()], key()),
      );
      const pushed = await Promise.all(pushes);
      expect(new Set(pushed.map(({ ids }) => ids[0])).size).toBe(1);
      expect(pushed.filter(({ isReplay }) => !isReplay)).toHaveLength(1);
      expect(await store.list()).toHaveLength(1);
      await other.close();
    });

    test("is refused where another request had the key, and pushes nothing", async () => {
      await store.pushKeys.push([newTask()], key());
      const other = key({ body: body("b") });
      const refused = [
        () => store.pushKeys.push([newTask()], other),
        () => store.pushKeys.find(other),
      ];
      for (const use of refused) {
        const error = await errorOf(use);
        expect(error).toMatchObject({ code: "invalid" });
        expect(String(error)).toContain('Cannot push with the key "order-7": another push');
      }
      expect(await store.list()).toHaveLength(1);
    });

    test("of another caller is another push", async () => {
      await store.pushKeys.push([newTask()], key());
      expect(await store.pushKeys.find(key({ caller: "office" }))).toBeNull();
      const { isReplay } = await store.pushKeys.push([newTask()], key({ caller: "office" }));
      expect(isReplay).toBe(false);
    });

    test("that is refused leaves its key free", async () => {
      await store.push([newTask({ ref: "taken" })]);
      const refused = store.pushKeys.push([newTask({ ref: "taken" })], key());
      expect(await errorOf(refused)).toMatchObject({ code: "conflict" });
      expect(await store.pushKeys.find(key())).toBeNull();
      expect((await store.pushKeys.push([newTask()], key())).isReplay).toBe(false);
    });

    test("is answered for a day, and then its key is cleaned", async () => {
      await store.pushKeys.push([newTask()], key());
      clock.advance(DAY);
      expect(await store.pushKeys.tidy(clock.now())).toBe(false);
      expect(await store.pushKeys.find(key())).toHaveLength(1);
      clock.advance(1);
      expect(await store.pushKeys.tidy(clock.now())).toBe(false);
      expect(await store.pushKeys.find(key())).toBeNull();
    });

    test("that is refused among others leaves its key free, and leaves the others", async () => {
      await store.push([newTask({ ref: "taken" })]);
      const [one, refused, other] = await Promise.allSettled([
        store.push([newTask()]),
        store.pushKeys.push([newTask(), newTask({ ref: "taken" })], key()),
        store.pushKeys.push([newTask()], key({ key: "order-8" })),
      ]);
      expect([one, refused, other].map(({ status }) => status)).toEqual([
        "fulfilled",
        "rejected",
        "fulfilled",
      ]);
      expect(await store.pushKeys.find(key())).toBeNull();
      expect(await store.list()).toHaveLength(3);
    });

    test("shares its commit with the pushes that come together with it", async () => {
      const before = await subject.commits();
      await Promise.all([
        store.push([newTask()]),
        store.pushKeys.push([newTask()], key()),
        store.pushKeys.push([newTask()], key({ key: "order-8" })),
      ]);
      expect((await subject.commits()) - before).toBe(1);
    });
  });
}
