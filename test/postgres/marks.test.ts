/** Where claims on PostgreSQL begin in their queues. */
import { expect, test } from "bun:test";
import { Marks } from "../../src/postgres/marks.ts";
import type { ClaimedTask } from "../../src/task.ts";

/** Tasks of a queue with these ids. */
function tasks(first: number, count: number, queue = "mail"): ClaimedTask[] {
  return Array.from({ length: count }, (_, at) => {
    const id = first + at;
    return { id, queue, priority: 0, deadline: id } as ClaimedTask;
  });
}

test("a thread that claims little begins at the head each time, and sees what was pushed before", () => {
  const marks = new Marks();
  for (let claim = 0; claim < 9; claim++) {
    const start = marks.start(claim);
    expect(start.isFromHead).toBe(true);
    expect(marks.names([], start)).toBeNull();
    marks.took(tasks(claim * 10, 10), true, start, 0, claim);
  }
});

test("a thread that claims many goes on at the first task that its last claim took, and at the head again after 50 ms", () => {
  const marks = new Marks();
  const head = marks.start(0);
  marks.took([...tasks(1, 300), ...tasks(301, 200, "pdf")], true, head, 1_000, 1);
  const start = marks.start(2);
  expect(start).toMatchObject({ isFromHead: false, dueFrom: 1_000 });
  expect(marks.of("mail", start)).toEqual({ priority: 0, deadline: 1, id: 1 });
  expect(marks.of("pdf", start)).toEqual({ priority: 0, deadline: 301, id: 301 });
  expect(marks.of("other", start)).toBeNull();
  marks.took(tasks(501, 500), true, start, 1_001, 3);
  expect(marks.of("mail", marks.start(4))).toEqual({ priority: 0, deadline: 501, id: 501 });
  expect(marks.start(50.9).isFromHead).toBe(false);
  expect(marks.start(51)).toMatchObject({ isFromHead: true, dueFrom: 0 });
});

test("a claim at the head that takes long comes for a tenth of the time at most", () => {
  const marks = new Marks();
  marks.keepNames(["mail"]);
  marks.took(tasks(1, 500), true, marks.start(0), 0, 40);
  expect(marks.start(439).isFromHead).toBe(false);
  expect(marks.names([], marks.start(439))).toEqual(["mail"]);
  expect(marks.start(440).isFromHead).toBe(true);
  expect(marks.names([], marks.start(440))).toBeNull();
});

test("a claim that found too few is followed by one at the head, which looks its queues up", () => {
  const marks = new Marks();
  marks.took(tasks(1, 500), true, marks.start(0), 0, 1);
  marks.keepNames(["mail", "pdf"]);
  expect(marks.names(["p*"], marks.start(2))).toEqual(["pdf"]);
  marks.took(tasks(501, 3), false, marks.start(3), 0, 4);
  const start = marks.start(5);
  expect(start.isFromHead).toBe(true);
  expect(marks.names([], start)).toBeNull();
});
