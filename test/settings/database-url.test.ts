/** The database as a URL: where it is named, what is wrong with it, and what is shown of it. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { formatSetting, SETTINGS, shownSetting, type Setting } from "../../src/settings/table.ts";
import { databaseName, databaseUrlFault } from "../../src/values/database-url.ts";
import { connectTimeout, driverUrl } from "../../src/values/url-parameters.ts";
import { cwd, load, refusal, renewFolder, write } from "./folder.ts";

renewFolder();

const URL = "postgresql://shop:hush@db.local/shop";

describe("the database", () => {
  test("is that of the URL, wherever it is written", () => {
    const found = [
      load({ env: { TQ_DATABASE: URL } }),
      load({ env: { TQ_DATABASE__URL: URL } }),
      load({ flags: { "database.path": URL } }),
    ].map(({ database, origins }) => [database.url, origins["database.url"]]);
    expect(found).toEqual([
      [URL, "TQ_DATABASE"],
      [URL, "TQ_DATABASE__URL"],
      [URL, "--database"],
    ]);
    write(`[database]\nurl = "${URL}"`);
    expect(load().database).toMatchObject({ url: URL, path: join(cwd, "tq.db") });
    expect(load().origins["database.url"]).toBe("tq.toml");
  });

  test("is that of the later source, where one names a file and one a server", () => {
    write(`[database]\nurl = "${URL}"`);
    expect(load({ flags: { "database.path": "here.db" } }).database).toMatchObject({
      url: null,
      path: join(cwd, "here.db"),
    });
    write(`[database]\npath = "there.db"\ndurability = "normal"`);
    expect(load({ env: { TQ_DATABASE: URL } }).database).toMatchObject({
      url: URL,
      durability: "full",
      path: join(cwd, "tq.db"),
    });
  });

  test("cannot be a file and a server in one source, nor have what only a file has", () => {
    write(
      `[database]\nurl = "${URL}"\npath = "tq.db"\ndurability = "normal"\nmin_free_mb = 1\n[backup]\nfolder = "b"`,
    );
    expect(refusal(load)).toBe(`4 settings are wrong:
  database.path (tq.toml) cannot be set beside database.url (tq.toml): a queue is in one database; leave one of the two out
  database.durability (tq.toml) cannot be set beside database.url (tq.toml): PostgreSQL decides it by its own setting synchronous_commit; leave it out
  database.min_free_mb (tq.toml) cannot be set beside database.url (tq.toml): tq does not see the disk of a server; leave it out
  backup.folder (tq.toml) cannot be set beside database.url (tq.toml): tq copies no server; use pg_dump, or the backups of the server`);
  });

  test("cannot be two servers in one environment", () => {
    const env = { TQ_DATABASE: URL, TQ_DATABASE__URL: "postgresql://other/shop" };
    expect(refusal(() => load({ env }))).toContain(
      "TQ_DATABASE and TQ_DATABASE__URL are one setting, and differ",
    );
  });
});

describe("a wrong URL", () => {
  test.each([
    ["shop.db", "it must begin with postgresql://"],
    ["mysql://h/shop", "it must begin with postgresql://"],
    ["postgresql://", "it names no database"],
    ["postgresql://h", "it names no database"],
    ["postgresql://h:0/shop", "its port must be a number"],
    ["postgresql://h:70000/shop", "its port must be a number"],
    ["postgresql://h:x/shop", "its port must be a number"],
    ["postgresql://h/shop?port=x", "its port must be a number"],
    ["postgresql://a:b@c@h/shop", "write signs such as @"],
    ["postgresql://a:b/c@h/shop", "write signs such as @"],
    ["postgresql://h/shop#1", "write signs such as @"],
    ["postgresql://h /shop", "it has a space or a line break"],
    [" postgresql://h/shop", "it must begin with postgresql://"],
    ["postgresql://h/shop ", "it has a space or a line break"],
    ["postgresql:/h/shop", "it must begin with postgresql://"],
    ["postgresql:shop", "it must begin with postgresql://"],
    ["postgresql://h/shop%00", "it has a %00"],
    ["postgresql://h/shop?sslmode=disable&sslmode=require", "it says sslmode twice"],
    ["postgresql://h/shop?host=h1,h2", "it names several hosts"],
    ["postgresql://a:50%@h/shop", "it has a % that begins no escape"],
    ["postgresql://h1,h2/shop", "name an address that leads to the primary, also after a failover"],
    ["postgresql://h/shop?target_session_attrs=standby", "must be one of any, read-write, primary"],
    ["postgresql://h/shop?channel_binding=require", "leave it out, and write sslmode=verify-full"],
    ["postgresql://h/shop?gssencmode=require", "its gssencmode must be one of disable, prefer"],
    ["postgresql://h/shop?sslnegotiation=direct", "its sslnegotiation must be postgres"],
    ["postgresql://h/shop?connect_timeout=5s", "its connect_timeout must be a number of seconds"],
    ["postgresql://h/shop?application_name=a&application_name=b", "it says application_name twice"],
    ["postgresql://h/shop?sslmode=on", "its sslmode must be one of disable, allow"],
    [
      "postgresql://h/shop?sslmod=require",
      "it has a parameter that tq does not know, sslmod; known are host, port",
    ],
    ["postgresql://h/shop?password=a&b=c", "it has a parameter that tq does not know; known are"],
    ["postgresql://u:12/a?ss=x@h/shop", "it has a parameter that tq does not know; known are"],
    ["postgresql://h/shop?prepare=maybe", "its prepare must be one of true, false"],
  ])("%s is refused by its part", (url, words) => {
    expect(databaseUrlFault(url)).toContain(words);
    expect(refusal(() => load({ env: { TQ_DATABASE__URL: url } }))).toContain(
      "TQ_DATABASE__URL cannot be this: ",
    );
  });

  test.each([
    "postgresql://h/shop",
    "postgres://shop@h",
    "postgresql://shop:p%40ss@[::1]:5433/shop?sslmode=verify-full&sslrootcert=/etc/ca.pem",
    "postgresql:///shop?host=/run/postgresql&port=5433",
    "postgresql://shop@/shop?host=/run/postgresql",
    "postgresql://h/shop?sslmode=require&channel_binding=prefer&connect_timeout=10&application_name=shop",
    "postgresql://h/shop?gssencmode=disable&sslnegotiation=postgres&target_session_attrs=read-write",
  ])("%s is none", (url) => {
    expect(databaseUrlFault(url)).toBeNull();
  });

  test("is not repeated: it may hold a password", () => {
    expect(
      refusal(() => load({ env: { TQ_DATABASE: "postgresql://shop:hush@h:x/shop" } })),
    ).not.toContain("hush");
  });
});

test.each([
  ["postgresql://h/shop", "postgresql://h/shop"],
  ["postgresql://h/shop?connect_timeout=2&keepalives=1", "postgresql://h/shop"],
  [
    "postgresql://h/shop?application_name=a&sslmode=require&channel_binding=prefer&options=-c%20a%3Db",
    "postgresql://h/shop?sslmode=require&options=-c%20a%3Db",
  ],
])("of %s the driver gets what it takes", (url, given) => {
  expect(driverUrl(url)).toBe(given);
});

test.each([
  ["", Infinity],
  ["?connect_timeout=0", Infinity],
  ["?connect_timeout=-1", Infinity],
  ["?sslmode=require&connect_timeout=10", 10_000],
])("the end %p of a URL bounds a connection by %d ms", (end, bound) => {
  expect(connectTimeout(`postgresql://h/shop${end}`)).toBe(bound);
});

describe("what is shown of a URL", () => {
  const setting = SETTINGS.get("database.url") as Setting;

  test.each([
    [URL, "postgresql://shop@db.local/shop"],
    ["postgresql://shop@h/shop?password=hush", "postgresql://shop@h/shop"],
    [
      "postgresql://s:hush@h/shop?sslmode=require&sslpassword=hush",
      "postgresql://s@h/shop?sslmode=require",
    ],
    ["postgresql://:hush@h/shop", "postgresql://@h/shop"],
  ])("%s is without its passwords", (url, shown) => {
    expect(shownSetting(setting, url)).toBe(shown);
    expect(formatSetting(setting, url)).toBe(shown);
  });

  test("is its host and database, where it is named", () => {
    expect(databaseName(URL)).toBe("postgresql://db.local/shop");
    expect(databaseName("postgresql://shop:hush@h:5433")).toBe("postgresql://h:5433/shop");
    expect(databaseName("postgresql:///shop?host=/run/pg&port=5433")).toBe(
      "postgresql:///run/pg:5433/shop",
    );
  });
});

test.each([
  "mysql://shop:hush@h/shop",
  "postgresq://h/shop",
  "postgresql:shop",
  " postgresql://h/shop",
])("%s is no file of a database, and is not repeated", (url) => {
  expect(refusal(() => load({ env: { TQ_DATABASE: url } }))).toBe(
    "TQ_DATABASE cannot be this: it must begin with postgresql://",
  );
});
