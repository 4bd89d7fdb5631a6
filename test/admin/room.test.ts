import { expect, test } from "bun:test";
import { Room } from "../../src/admin/input/room.ts";

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

test("one who does not wait gets the room that is free, or none", async () => {
  const room = new Room(4, 3);
  const leave = room.tryTake(3, "till");
  expect(room.tryTake(1, "till")).toBeNull(); // more than one owner may have
  expect(room.tryTake(2, "shop")).toBeNull(); // more than is free
  room.tryTake(1, "shop")?.();
  leave?.();
  expect(room.tryTake(3, "shop")).not.toBeNull();
});
