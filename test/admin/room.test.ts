import { expect, test } from "bun:test";
import { Room, within } from "../../src/admin/input/room.ts";
import { nextTurn } from "../../src/next-turn.ts";
import { HeldClock } from "../support/clock.ts";
import { errorOf } from "../support/error.ts";
import { untilTrue } from "../support/until.ts";

test("one that has given up waiting stands before nobody, and takes nothing later", async () => {
  const room = new Room(3);
  const leave = await room.take(2);
  const gaveUp = new AbortController();
  const large = room.take(3, null, gaveUp.signal);
  const small = room.take(1);
  expect(await Promise.race([small, Promise.resolve("waits")])).toBe("waits");
  gaveUp.abort();
  (await small)();
  leave();
  expect(await Promise.race([large, Promise.resolve("waits")])).toBe("waits");
  (await room.take(3))();
});

test("one owner has at most half of a room, and keeps nobody else from the rest", async () => {
  const room = new Room(4);
  const leaves = [await room.take(1, "till"), await room.take(1, "till")];
  const third = room.take(1, "till");
  expect(await Promise.race([third, Promise.resolve("waits")])).toBe("waits");
  const other = await room.take(2, "shop");
  other();
  for (const leave of [...leaves, ...leaves]) leave(); // the second time changes nothing
  (await third)();
  for (const owner of ["till", "till", "shop", "shop"]) await room.take(1, owner);
  const fifth = room.take(1, "office");
  expect(await Promise.race([fifth, Promise.resolve("waits")])).toBe("waits");
});

test("a room lets in what fits, and others in their order once some leave", async () => {
  const room = new Room(3);
  const inside: string[] = [];
  const enter = async (name: string, size: number) => {
    const leave = await room.take(size);
    inside.push(name);
    return leave;
  };
  const two = await enter("two", 2);
  const [three, one] = [enter("three", 3), enter("one", 1)];
  const small = await Promise.race([one, Promise.resolve(null)]);
  expect([small, inside]).toEqual([null, ["two"]]); // one would fit, and three came before
  two();
  const leave = await three;
  expect(inside).toEqual(["two", "three"]);
  leave();
  await one;
  expect(inside).toEqual(["two", "three", "one"]);
});

test("a wait that ends in the turn of the event loop in which it begins needs no timer", async () => {
  const clock = new HeldClock();
  const waits = [Promise.resolve(1), Promise.resolve(2)].map((wait) =>
    within(clock, 5, wait, () => "late"),
  );
  expect(await Promise.all(waits)).toEqual([1, 2]);
  expect(
    await errorOf(within(clock, 5, Promise.reject(new Error("broken")), () => "late")),
  ).toEqual(new Error("broken"));
  await nextTurn();
  expect(clock.held(5)).toBe(0);
});

test("a longer wait has its time, and no timer of it stays", async () => {
  const clock = new HeldClock();
  const [ending, endless] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  const waits = [ending, endless].map(({ promise }) => within(clock, 5, promise, () => "late"));
  await untilTrue(() => clock.held(5) === 2);
  ending.resolve("in time");
  expect(await waits[0]).toBe("in time");
  expect(clock.held(5)).toBe(1);
  clock.end(5);
  expect(await waits[1]).toBe("late");
  expect(clock.held(5)).toBe(0);
});
