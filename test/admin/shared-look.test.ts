/** Probes are answered in time, though the database does not answer. */
import { describe, expect, test } from "bun:test";
import { SharedLook } from "../../src/admin/shared-look.ts";
import { HeldClock } from "../support/clock.ts";
import { errorOf } from "../support/error.ts";
import { makeAdmin } from "./support.ts";

/** A look that ends when the test says so, and how often it was made. */
function heldLook() {
  const clock = new HeldClock();
  const looks: PromiseWithResolvers<string>[] = [];
  const store = { name: "shop", after: clock.after.bind(clock) };
  const look = new SharedLook(1_000, store, () => {
    const begun = Promise.withResolvers<string>();
    looks.push(begun);
    return begun.promise;
  });
  return { clock, looks, look };
}

describe("a look that takes too long", () => {
  test("is given up, and shared by all who ask until it ends", async () => {
    const { clock, looks, look } = heldLook();
    const asked = [look.ask(), look.ask()];
    clock.end(1_000);
    for (const one of asked) {
      expect(await errorOf(one)).toMatchObject({
        code: "busy",
        message: "Cannot read shop: it has not answered within 1 s",
      });
    }
    const late = look.ask();
    expect(looks).toHaveLength(1);
    looks[0]?.resolve("well");
    expect(await late).toBe("well");
    expect(clock.held(1_000)).toBe(0);
    void look.ask();
    expect(looks).toHaveLength(2);
  });

  test("is said to fail as the one before it, until one succeeds", async () => {
    const { clock, looks, look } = heldLook();
    const first = look.ask();
    looks[0]?.reject(new Error("connection refused"));
    expect((await errorOf(first)).message).toBe("connection refused");
    const second = look.ask();
    clock.end(1_000);
    expect((await errorOf(second)).message).toBe("connection refused");
    looks[1]?.resolve("well");
    await looks[1]?.promise;
    const third = look.ask();
    clock.end(1_000);
    expect((await errorOf(third)).message).toContain("has not answered");
  });
});

test.each([
  ["/healthz", 1_000, { status: "failing" }],
  ["/readyz", 4_000, { status: "not ready", reasons: ["database"] }],
])("%s answers within %d ms where the database does not", async (path, ms, body) => {
  const clock = new HeldClock();
  await using admin = makeAdmin();
  admin.store.get = () => new Promise(() => {});
  admin.store.after = clock.after.bind(clock);
  const asked = admin.app.request(path);
  while (clock.held(ms) === 0) await Promise.resolve();
  clock.end(ms);
  const answer = await asked;
  expect(answer.status).toBe(503);
  expect(await answer.json()).toEqual(body);
  expect(JSON.stringify(admin.events)).toContain("has not answered within");
});
