import { expect, test } from "bun:test";
import { Room } from "../../src/admin/input/room.ts";

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
