/** Databases and servers that let nobody in: a sentence says why, and what to do. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { MODELS } from "../integration/support/models.ts";
import { Site } from "../integration/support/site.ts";
import { PostgresStore } from "../../src/postgres/store.ts";
import { sentenceOf } from "../support/error.ts";
import { needs } from "../support/needs.ts";
import { makePostgresDatabase } from "../support/postgres.ts";
import { newTask } from "../support/store.ts";

setDefaultTimeout(60_000);

needs("postgres").describe("a connection to PostgreSQL", () => {
  for (const [change, code, words] of [
    [
      "ALTER DATABASE $ ALLOW_CONNECTIONS false",
      5,
      /: database \W+\w+\W+ is not currently accepting connections(?:; |\.\nTo do: )name the one that has taken over, or have its owner allow them again: ALTER DATABASE … ALLOW_CONNECTIONS true/,
    ],
    [
      "REVOKE CONNECT ON DATABASE $ FROM PUBLIC",
      6,
      /: permission denied for database \W+\w+\\*"(?:; |\.\nTo do: )let its owner GRANT CONNECT ON DATABASE … TO the role/,
    ],
  ] as const) {
    test(`is refused with a sentence after ${change}`, async () => {
      await using beside = await makePostgresDatabase();
      await using site = new Site();
      site.write("models.ts", MODELS);
      const name = `closed_${process.pid}_${code}`;
      await beside.run(`CREATE DATABASE ${name}`);
      await beside.run(`CREATE ROLE ${name} LOGIN`);
      await beside.run(change.replace("$", name));
      const url = beside.url.replace(/\/\/tq@\/[^?]*/, `//${name}@/${name}`);
      const options = { env: { TQ_DATABASE: url } };
      for (const args of [["push", "job", "add", "1"], ["list"], ["worker"], ["doctor"]]) {
        const ended = await site.start(args, options).ended();
        const said = args[0] === "doctor" ? ended.stdout : ended.stderr;
        expect(said).toMatch(words);
        expect(said).not.toContain("Unexpected");
        if (args[0] !== "doctor") expect({ args, code: ended.code }).toEqual({ args, code });
      }
      await beside.run(`DROP DATABASE ${name}`);
      await beside.run(`DROP ROLE ${name}`);
    });
  }
});

test("a host whose name is not known is said to be that, and not to be closed", async () => {
  const store = new PostgresStore({
    url: "postgresql://tq@nosuch.invalid/shop?connect_timeout=1",
    folder: "/",
  });
  expect(await sentenceOf(() => store.push([newTask()]))).toMatch(
    /^Cannot reach postgresql:\/\/nosuch\.invalid\/shop: the name of its host is not known \(/,
  );
  await store.close();
});
