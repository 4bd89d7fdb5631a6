/** A page of large tasks ends early: an answer must fit into memory, and `next` leads on. */
import { expect, test } from "bun:test";
import { newTask } from "../../support/store.ts";
import { makeBox } from "../../cli/remote/box.ts";
import { makeAdmin } from "../support.ts";

/** Arguments with half a megabyte. */
const ARGS = JSON.stringify(["x".repeat(500_000)]);

const COUNT = 20;

const LARGE = Array.from({ length: COUNT }, () => newTask({ args: ARGS }));

test("pages of large tasks have some megabytes each, no gap and no task twice", async () => {
  await using admin = makeAdmin();
  await admin.store.push(LARGE);
  const seen: number[] = [];
  for (let path: string | null = "/api/v1/tasks?limit=18"; path !== null;) {
    const { body } = await admin.get(path);
    expect(JSON.stringify(body).length).toBeLessThan(6_000_000);
    seen.push(...(body.tasks as { id: number }[]).map(({ id }) => id));
    path = body.next;
  }
  expect(seen).toEqual(Array.from({ length: COUNT }, (_, index) => COUNT - index));
});

test("tq list --url lists all of them", async () => {
  await using box = await makeBox();
  await box.store.push(LARGE);
  const { stdout } = await box.tq("list", "--limit", "18", "--json");
  const ids = (JSON.parse(stdout) as { id: number }[]).map(({ id }) => id);
  expect(ids).toEqual(Array.from({ length: 18 }, (_, index) => COUNT - index));
});
