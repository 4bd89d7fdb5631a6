/** The connections of a store: one reads and writes, until a second one is needed. */
import type { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { connect } from "../../src/sqlite/connection.ts";
import { Connections } from "../../src/sqlite/connections.ts";
import { makeFolder } from "../support/folder.ts";

/** Connections to a new database that has an empty table. */
function makeConnections(check = () => {}) {
  const folder = makeFolder();
  const options = { path: join(folder.path, "tq.db"), timeout: 1_000 };
  const connections = new Connections(options, check);
  connections.idle.run("CREATE TABLE item (x)");
  return {
    connections,
    options,
    [Symbol.dispose]() {
      connections.close();
      folder[Symbol.dispose]();
    },
  };
}

function begin(db: Database): void {
  db.run("BEGIN IMMEDIATE");
  db.run("INSERT INTO item VALUES (1)");
}

function count(db: Database): unknown {
  return db.query("SELECT count(*) AS count FROM item").get();
}

test("a program that writes and then reads has one connection", () => {
  using subject = makeConnections(() => expect.unreachable());
  const { connections } = subject;
  const first = connections.idle;
  expect(connections.writer).toBe(first);
  expect(connections.idle).toBe(first);
});

test("a read during a transaction does not show what is not committed", () => {
  using subject = makeConnections();
  const { connections } = subject;
  const { writer } = connections;
  begin(writer);
  expect(count(connections.idle)).toEqual({ count: 0 });
  writer.run("COMMIT");
  expect(count(connections.idle)).toEqual({ count: 1 });
});

test("a long read never has the connection that writes, whichever comes first", () => {
  using one = makeConnections();
  expect(one.connections.reader).not.toBe(one.connections.writer);
  using other = makeConnections();
  expect(other.connections.writer).not.toBe(other.connections.reader);
});

test("the version changes with each commit, of the store itself and of others", () => {
  using subject = makeConnections();
  const { connections, options } = subject;
  const versions = [connections.version];
  begin(connections.writer);
  expect(connections.version).toBe(versions[0] ?? -1);
  connections.writer.run("COMMIT");
  versions.push(connections.version);
  using other = connect(options);
  begin(other);
  other.run("COMMIT");
  versions.push(connections.version);
  expect(new Set(versions).size).toBe(3);
  expect(connections.version).toBe(versions[2] ?? -1);
});

test("a writer that user code has changed leaves the WAL behind when it is closed", () => {
  using subject = makeConnections();
  const { connections, options } = subject;
  begin(connections.writer);
  connections.writer.run("COMMIT");
  connections.closeWriter();
  expect(existsSync(`${options.path}-wal`)).toBe(true);
  expect(count(connections.idle)).toEqual({ count: 1 });
});

test("no later connection opens where the file was replaced", () => {
  let isReplaced = false;
  using subject = makeConnections(() => {
    if (isReplaced) throw new Error("replaced");
  });
  const { connections } = subject;
  begin(connections.writer);
  isReplaced = true;
  expect(() => connections.idle).toThrow("replaced");
  expect(() => connections.version).toThrow("replaced");
});
