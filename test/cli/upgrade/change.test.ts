/** The change from one tq to another, under services of the test. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { AffectedDatabase, AffectedService } from "../../../cli/upgrade/affected.ts";
import { checkSchemas, replace } from "../../../cli/upgrade/change.ts";
import { parseSettings } from "../../../src/settings/config.ts";
import type { Manager } from "../../../cli/service/manager.ts";
import { makeFolder } from "../../support/folder.ts";

const BUILD = { version: "9.0.0", schema: 9, serverSchema: 4 };

const config = parseSettings({}, "test");

/** A folder with two executables; `said` has what the services are told, and the executable at that moment. */
function site() {
  const folder = makeFolder();
  const target = folder.file("tq");
  const candidate = folder.file("new");
  writeFileSync(target, "old");
  writeFileSync(candidate, "new");
  const said: string[] = [];
  const say = (what: string) => (label: string) =>
    void said.push(`${what} ${label} with ${readFileSync(target, "utf8")}`);
  const manager = { halt: say("halt"), restart: say("restart") } as unknown as Manager;
  const service = (label: string, isUp = true): AffectedService => {
    return { label, manager, database: config.database, pid: 1, isUp };
  };
  return {
    ...folder,
    target,
    candidate,
    said,
    services: [service("a"), service("b", false)],
    manager,
  };
}

function database(schema: number, pids: number[] = []): AffectedDatabase {
  const others = pids.map((pid) => ({ pid, version: null }));
  return { name: "/srv/tq.db", isServer: false, schema, others };
}

test("with the same schema a service runs on until the new executable is there", () => {
  using it = site();
  const change = { build: BUILD, databases: [database(9)], services: it.services };
  const old = replace(it.candidate, it.target, change);
  expect(it.said).toEqual(["restart a with new"]);
  expect(readFileSync(old, "utf8")).toBe("old");
});

test("with another schema a service stops before the new executable is there", () => {
  using it = site();
  const change = { build: BUILD, databases: [database(8)], services: it.services };
  replace(it.candidate, it.target, change);
  expect(it.said).toEqual(["halt a with old", "restart a with new"]);
});

test("where the executable cannot be replaced the services go on with the old one", () => {
  using it = site();
  const change = { build: BUILD, databases: [database(8)], services: it.services };
  expect(() => replace(it.file("gone"), it.target, change)).toThrow(`Cannot replace ${it.target}`);
  expect(it.said).toEqual(["halt a with old", "restart a with old"]);
});

test("what the last upgrade has left behind is replaced", () => {
  using it = site();
  writeFileSync(`${it.target}.old`, "older");
  const old = replace(it.candidate, it.target, { build: BUILD, databases: [], services: [] });
  expect(readFileSync(old, "utf8")).toBe("old");
  expect(existsSync(it.candidate)).toBe(false);
});

test("a tq of an older schema is refused", () => {
  expect(() => checkSchemas([database(10)], BUILD, true)).toThrow("knows up to 9");
});

test("a newer schema must be told", () => {
  expect(() => checkSchemas([database(8)], BUILD, false)).toThrow("give --new-schema");
  checkSchemas([database(8)], BUILD, true);
});

test("programs that are no service would keep a tq of a newer schema out", () => {
  expect(() => checkSchemas([database(8, [41, 42])], BUILD, true)).toThrow("(pid 41, 42)");
  checkSchemas([database(9, [41])], BUILD, true);
});

function onServer(schema: number): AffectedDatabase {
  const others = [{ pid: 41, version: "0.2.0", host: "shop-2" }];
  return { name: "db:5432/shop", isServer: true, schema, others };
}

test("the schema of a server is compared with the one that the other tq has for servers", () => {
  checkSchemas([onServer(4)], BUILD, false);
  expect(() => checkSchemas([onServer(5)], BUILD, true)).toThrow("knows up to 4");
  expect(() => checkSchemas([onServer(3)], BUILD, false)).toThrow(
    "tq 9.0.0 brings db:5432/shop from schema 3 to 4 as soon as it opens it, and no older tq can connect from then on, and older workers of other hosts go on only where they can: make a dump (pg_dump), the only way back, and give --new-schema",
  );
});

test("workers of other hosts keep no tq with a newer schema out of a server", () => {
  checkSchemas([onServer(3)], BUILD, true);
});

test("a tq that knows no server is refused where the queue is in one", () => {
  const older = { ...BUILD, serverSchema: null };
  expect(() => checkSchemas([onServer(3)], older, true)).toThrow(
    "Cannot upgrade to tq 9.0.0: it knows no PostgreSQL, and the queue is in db:5432/shop",
  );
});
