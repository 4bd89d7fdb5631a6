/** docs/http.md has a row for each operation, with the roles that it needs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { makeAdmin } from "../support.ts";

interface Operation {
  readonly security: readonly { readonly token: readonly string[] }[];
}

const PAGE = join(import.meta.dir, "../../../docs/http.md");
const ROW = /^\| `(?<request>[A-Z]+ \/[^`]*)` +\| (?<roles>read|push|admin|read, push) +\|/gm;

test("docs/http.md has a row for each operation of /api/v1, with its roles", async () => {
  await using admin = makeAdmin();
  const { body } = await admin.get("/api/v1/openapi.json");
  const paths = Object.entries(body.paths as Record<string, Record<string, Operation>>);
  const served = paths.flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => {
      const roles = security.flatMap(({ token }) => token).join(", ");
      return `${method.toUpperCase()} ${path}: ${roles}`;
    }),
  );
  const rows = readFileSync(PAGE, "utf8").matchAll(ROW);
  const told = Array.from(rows, ({ groups = {} }) => `${groups["request"]}: ${groups["roles"]}`);
  expect(told.toSorted()).toEqual(served.toSorted());
});
