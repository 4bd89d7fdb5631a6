/** `tq token`: tokens of the admin API, which are shown once. */
import { expect, test } from "bun:test";
import { digestOf } from "../../src/admin/access/tokens.ts";
import { Folder } from "./tq.ts";

async function withDatabase() {
  const folder = new Folder();
  const store = folder.store();
  return {
    store,
    tq: (...args: string[]) => folder.tq(...args),
    async [Symbol.asyncDispose]() {
      await store.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test("tq token add prints a token whose digest alone is kept, and list never shows it", async () => {
  await using site = await withDatabase();
  const { code, stdout, stderr } = await site.tq("token", "add", "shop", "--role", "read,push");
  expect(code).toBe(0);
  expect(stderr).toBe("tq: Keep it: only its digest is stored, so tq cannot show it again\n");
  const token = stdout.trim();
  expect(token).toMatch(/^[\w-]{43}$/);
  const found = await site.store.tokens.find(digestOf(token));
  expect(found).toMatchObject({ name: "shop", roles: ["read", "push"] });
  const listed = await site.tq("token", "list");
  expect(listed.stdout).toContain("read, push");
  expect(listed.stdout).not.toContain(token);
});

test("tq token add refuses a name that is taken, and a role that there is not", async () => {
  await using site = await withDatabase();
  await site.tq("token", "add", "shop", "--role", "read");
  const again = await site.tq("token", "add", "shop", "--role", "admin");
  expect([again.code, again.stdout]).toEqual([4, ""]);
  const misspelt = await site.tq("token", "add", "till", "--role", "psh");
  expect([misspelt.code, misspelt.stderr]).toEqual([
    2,
    'tq: --role cannot be "psh": it must be one of read, push, admin; did you mean "push"?\n',
  ]);
  const none = await site.tq("token", "add", "till");
  expect([none.code, none.stderr]).toEqual([
    2,
    "tq: Cannot add a token: say what it may do, with --role read, push or admin\n",
  ]);
  expect((await site.store.tokens.list()).map(({ name }) => name)).toEqual(["shop"]);
});

test("tq token remove ends a token, and names the near one of a name that there is not", async () => {
  await using site = await withDatabase();
  await site.tq("token", "add", "shop", "--role", "read");
  const wrong = await site.tq("token", "remove", "shp");
  expect([wrong.code, wrong.stderr]).toEqual([
    3,
    'tq: Cannot remove the token "shp": there is none; did you mean "shop"?\n',
  ]);
  expect((await site.tq("token", "remove", "shop")).stdout).toBe("The token shop is removed\n");
  expect(await site.store.tokens.list()).toEqual([]);
});
