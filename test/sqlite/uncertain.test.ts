/** A commit that the disk does not confirm: its caller is told that nobody can know, and is never told that it is refused. */
import { describe, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { commitError } from "../../src/sqlite/errors.ts";
import { CALL, makeAdmin } from "../admin/support.ts";
import { errorOf } from "../support/error.ts";
import { makeStore, newTask, pushOne } from "../support/store.ts";

/** No such descriptor is open: every flush fails. */
const BROKEN_WAL = {
  durability: "full",
  wal: { blocking: 1_000_000, background: 1_000_000, folder: null },
} as const;

describe("a commit whose flush fails", () => {
  test("of a push is uncertain, names the ref to look for, and has stored the task", async () => {
    await using subject = makeStore(BROKEN_WAL);
    const { store } = subject;
    const error = await errorOf(pushOne(store, { ref: "invoice-7" }));
    expect(error).toMatchObject({ name: "TqError", code: "uncertain" });
    expect(error.message).toStartWith("Cannot say whether the change is stored: ");
    expect(error.message).toEndWith('look before you try again: look for the ref "invoice-7"');
    expect(await store.getByRef("invoice-7")).toMatchObject({ state: "ready" });
  });

  test("is refused for good from then on, and stores nothing", async () => {
    await using subject = makeStore(BROKEN_WAL);
    const { store } = subject;
    await errorOf(pushOne(store));
    for (const tasks of [[newTask()], [newTask(), newTask()]]) {
      expect(await errorOf(store.push(tasks))).toMatchObject({ code: "database" });
    }
    expect(await store.list()).toHaveLength(1);
  });

  test.each(["cancel", "retry", "push of a list"])("of a %s is uncertain", async (move) => {
    await using subject = makeStore();
    const first = subject.store;
    const id = await pushOne(first);
    if (move === "retry") await first.cancel(id);
    const store = subject.open(BROKEN_WAL);
    const asked =
      move === "cancel"
        ? store.cancel(id)
        : move === "retry"
          ? store.retry(id)
          : store.push([newTask(), newTask()]);
    expect(await errorOf(asked)).toMatchObject({ code: "uncertain" });
  });

  test("of a push over HTTP is answered with a code of its own and the ref", async () => {
    await using subject = makeStore(BROKEN_WAL);
    await using admin = makeAdmin({ store: subject.store });
    const { status, body } = await admin.post("/api/tasks", { ...CALL, ref: "invoice-7" });
    expect(status).toBe(500);
    expect(body.error.code).toBe("uncertain");
    expect(body.error.message).toContain('"invoice-7"');
    expect((await admin.get("/api/tasks?ref=invoice-7")).body).toHaveLength(1);
  });
});

test("an error of the disk during a commit is uncertain: the next program may find the commit in the WAL", () => {
  const failed = (code: string) => Object.assign(new Error(code), { name: "SQLiteError", code });
  expect(commitError(failed("SQLITE_IOERR_WRITE"), tmpdir())).toMatchObject({ code: "uncertain" });
  for (const code of ["SQLITE_FULL", "SQLITE_BUSY", "SQLITE_READONLY"]) {
    const error = failed(code);
    expect(commitError(error, tmpdir())).toBe(error);
  }
});
