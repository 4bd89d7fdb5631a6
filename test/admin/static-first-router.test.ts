/** The router finds what Hono's own does, whichever of its two ways it takes. */
import { expect, test } from "bun:test";
import { TrieRouter } from "hono/router/trie-router";
import { StaticFirstRouter } from "../../src/admin/static-first-router.ts";
import { makeAdmin } from "./support.ts";

const METHODS = ["GET", "POST", "DELETE", "PATCH", "OPTIONS", "BREW"];

const OTHERS = [
  "/nowhere",
  "/api/v1/tasks/",
  "/api/v1/tasks//retry",
  "/api/v1/tasks/retry/retry",
  "/api/v1/tasks/7/nothing",
  "/__proto__",
  "/constructor",
];

test("each path leads to the same handlers as by Hono's router, at the first time and later", async () => {
  await using admin = makeAdmin();
  const [router, expected] = [new StaticFirstRouter<string>(), new TrieRouter<string>()];
  for (const [index, { method, path }] of admin.app.routes.entries()) {
    const handler = `${index} ${method} ${path}`;
    router.add(method, path, handler);
    expected.add(method, path, handler);
  }
  const paths = admin.app.routes.map(({ path }) => path.replaceAll(/:\w+/g, "7"));
  let found = 0;
  for (const path of [...paths, ...OTHERS]) {
    for (const method of [...METHODS, ...METHODS]) {
      const result = router.match(method, path);
      expect(result).toEqual(expected.match(method, path));
      found += result[0].length;
    }
  }
  expect(found).toBeGreaterThan(1_000);
});
