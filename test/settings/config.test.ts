/** Settings: their defaults, and the sources that override each other. */
import { describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseSettings } from "../../src/settings/config.ts";
import { cwd, load, refusal, renewFolder, write } from "./folder.ts";

renewFolder();

describe("defaults", () => {
  test("stand when nothing is said", () => {
    const { origins, ...config } = load();
    expect(config).toEqual({
      file: null,
      models: null,
      tasks: [],
      cron: [],
      webhooks: [],
      database: {
        path: join(cwd, "tq.db"),
        url: null,
        connections: 10,
        retry: 5,
        timeout: 5000,
        durability: "full",
        min_free_mb: 64,
      },
      queue: { worker: false, clean_days: 30, max_size: 0, max_wait: 0, batch_size: 20 },
      error: { clean_days: 90 },
      worker: {
        threads: availableParallelism(),
        queues: [],
        grace: 30_000,
        poll_interval: 60_000,
        lock_timeout: 60_000,
        timeout_grace: 5_000,
        max_tasks: 0,
        keep_output: true,
        max_crashes: 3,
      },
      admin: {
        listen: "127.0.0.1:8989",
        hosts: [],
        tls_cert: null,
        tls_key: null,
        push: [],
        redact: [],
      },
      alert: { command: null, url: null, every: 60_000, queues: [], tasks: [] },
      backup: { folder: null, schedule: "30 3 * * *", keep: 7 },
      log: { level: "info", format: "text" },
    });
    expect(new Set(Object.values(origins))).toEqual(new Set(["default"]));
  });

  test("take models.ts before the folder models", () => {
    mkdirSync(join(cwd, "models"));
    expect(load().models).toBe(join(cwd, "models"));
    const file = write("", "models.ts");
    expect(load().models).toBe(file);
  });

  test("do not take a file named models for a folder", () => {
    write("", "models");
    expect(load().models).toBeNull();
  });

  test("of paths are beside tq.toml", () => {
    const file = write("", "etc/tq.toml");
    const models = write("", "etc/models.ts");
    const config = load({ file: "etc/tq.toml" });
    expect(config.file).toBe(file);
    expect(config.models).toBe(models);
    expect(config.database.path).toBe(join(cwd, "etc/tq.db"));
  });
});

describe("sources", () => {
  test("override each other: tq.toml, environment, flags", () => {
    write("[worker]\nthreads = 2\ngrace = '1m'\nmax_tasks = 7\n");
    const env = { TQ_WORKER__THREADS: "3", TQ_WORKER__GRACE: "PT5M" };
    const config = load({ env, flags: { "worker.threads": "4" } });
    expect(config.worker).toMatchObject({ threads: 4, grace: 300_000, max_tasks: 7 });
    expect(config.origins).toMatchObject({
      "worker.threads": "--threads",
      "worker.grace": "TQ_WORKER__GRACE",
      "worker.max_tasks": "tq.toml",
      "worker.poll_interval": "default",
    });
  });

  test("TQ_CONFIG names the file, -c before it, and an empty TQ_CONFIG nobody", () => {
    const here = write("");
    const one = write("", "one.toml");
    const two = write("", "two.toml");
    expect(load({ env: { TQ_CONFIG: "" } }).file).toBe(here);
    expect(load({ env: { TQ_CONFIG: "one.toml" } }).file).toBe(one);
    expect(load({ env: { TQ_CONFIG: "one.toml" }, file: two }).file).toBe(two);
  });

  test("make paths of tq.toml relative to it and all others to the current folder", () => {
    write("models = 'm.ts'\n[database]\npath = 'data/x.db'", "etc/tq.toml");
    const file = "etc/tq.toml";
    const written = load({ file });
    expect(written.models).toBe(join(cwd, "etc/m.ts"));
    expect(written.database.path).toBe(join(cwd, "etc/data/x.db"));
    expect(load({ file, env: { TQ_MODELS: "m" } }).models).toBe(join(cwd, "m"));
    expect(load({ file, flags: { "database.path": "y.db" } }).database.path).toBe(
      join(cwd, "y.db"),
    );
    expect(load({ flags: { models: "/abs/m.ts" } }).models).toBe("/abs/m.ts");
  });

  test("of the environment that are empty or of others are left alone", () => {
    const env = {
      TQ_QUEUE__WORKER: "",
      TQ_HOME: "x",
      MY_TQ_QUEUE__X: "1",
      TQ_LOG__LEVEL: undefined,
    };
    expect(load({ env }).queue.worker).toBe(false);
  });

  test.each([
    ["1", true],
    ["True", true],
    ["yes", true],
    ["on", true],
    ["0", false],
    ["FALSE", false],
    ["no", false],
    [" off ", false],
  ])("take %j in the environment as a boolean", (text, value) => {
    expect(load({ env: { TQ_QUEUE__WORKER: text } }).queue.worker).toBe(value);
  });

  test("take queues as a list, or as text with commas", () => {
    write('[worker]\nqueues = ["mail", "pdf*"]');
    expect(load().worker.queues).toEqual(["mail", "pdf*"]);
    const env = { TQ_WORKER__QUEUES: "a, b," };
    expect(load({ env }).worker.queues).toEqual(["a", "b"]);
    expect(load({ env, flags: { "worker.queues": ["c"] } }).worker.queues).toEqual(["c"]);
  });

  test("of earlier versions are refused with the name that they have now", () => {
    write('[worker]\ntimeout = "5s"');
    expect(() => load()).toThrow(
      "[worker] timeout is not a setting; its name is poll_interval now",
    );
    write("");
    expect(() => load({ env: { TQ_WORKER__TIMEOUT: "5s" } })).toThrow(
      "TQ_WORKER__TIMEOUT is not a setting; its name is TQ_WORKER__POLL_INTERVAL now",
    );
    const given = load({ env: { TQ_WORKER__POLL_INTERVAL: "5s" } });
    expect(given.worker.poll_interval).toBe(5_000);
  });

  test("leave out flags that are not given", () => {
    expect(load({ flags: { "worker.threads": undefined } }).origins["worker.threads"]).toBe(
      "default",
    );
  });
});

test("an unknown setting in the environment is refused with the near one", () => {
  expect(refusal(() => load({ env: { TQ_QUEUE__WROKER: "1" } }))).toBe(
    'TQ_QUEUE__WROKER is not a setting; did you mean "TQ_QUEUE__WORKER"?',
  );
});

test("a setting with one underscore after its section is refused; names of others are left alone", () => {
  expect(refusal(() => load({ env: { TQ_QUEUE_WORKER: "1" } }))).toBe(
    'TQ_QUEUE_WORKER is not a setting; did you mean "TQ_QUEUE__WORKER"?',
  );
  const others = { TQ_FOO: "1", TQ_PORT: "tcp://10.0.0.1:80", TQ_ALERT_COUNT: "2", TQ_URL: "x" };
  expect(load({ env: others }).queue.worker).toBe(false);
});

test.each([
  ["TQ_THREADS", 'did you mean "TQ_WORKER__THREADS"?'],
  ["TQ_POLL_INTERVAL", 'did you mean "TQ_WORKER__POLL_INTERVAL"?'],
  ["TQ_LOG", 'did you mean one of "TQ_LOG__LEVEL", "TQ_LOG__FORMAT"?'],
  ["TQ_ERROR", 'did you mean "TQ_ERROR__CLEAN_DAYS"?'],
])("%s, the name of a section or a flag alone, is refused", (name, hint) => {
  expect(refusal(() => load({ env: { [name]: "2" } }))).toBe(`${name} is not a setting; ${hint}`);
  expect(load({ env: { [name]: "" } }).queue.worker).toBe(false);
});

test("TQ_DATABASE is the variable of --database, which is stronger", () => {
  const config = load({ env: { TQ_DATABASE: "q.db" } });
  expect(config.database.path).toBe(join(cwd, "q.db"));
  expect(config.origins["database.path"]).toBe("TQ_DATABASE");
  const flags = { "database.path": "flag.db" };
  expect(load({ env: { TQ_DATABASE: "q.db" }, flags }).database.path).toBe(join(cwd, "flag.db"));
});

test("TQ_DATABASE and TQ_DATABASE__PATH may both be given where they name one file", () => {
  const same = { TQ_DATABASE: "q.db", TQ_DATABASE__PATH: "./q.db" };
  expect(load({ env: same }).database.path).toBe(join(cwd, "q.db"));
  const both = { TQ_DATABASE: "q.db", TQ_DATABASE__PATH: "p.db" };
  expect(refusal(() => load({ env: both }))).toBe(
    "TQ_DATABASE and TQ_DATABASE__PATH are one setting, and differ; unset one of them",
  );
});

test.each([
  ["mail,pdf*", ["mail", "pdf*"]],
  ['["mail", "pdf*"]', ["mail", "pdf*"]],
  ["[mail]", ["[mail]"]],
  ["7", ["7"]],
])("a list is taken from the environment as %j", (text, queues) => {
  expect(load({ env: { TQ_WORKER__QUEUES: text } }).worker.queues).toEqual(queues);
});

test("a list of what may be pushed is not empty: that would look like nothing, and mean all", () => {
  expect(refusal(() => load({ flags: { "admin.push": [] } }))).toContain(
    'it must be a list of at least one name or pattern, such as ["invoice.*", "print_label"]',
  );
});

test.each(["[]", ",", " , "])(
  "%p in the environment is refused: an empty list would stand for all queues",
  (text) => {
    expect(refusal(() => load({ env: { TQ_WORKER__QUEUES: text } }))).toBe(
      `TQ_WORKER__QUEUES cannot be ${JSON.stringify(text)}: it must be a list of names or patterns, such as ["mail", "pdf*"]`,
    );
  },
);

describe("settings of an embedding program", () => {
  test("are checked by the same schema", () => {
    const given = { database: { path: "x.db" }, worker: { threads: 1, queues: undefined } };
    const config = parseSettings(given, "startWorker", cwd);
    expect(config.database.path).toBe(join(cwd, "x.db"));
    expect(config.worker).toMatchObject({ threads: 1, queues: [] });
    expect(config.origins["worker.threads"]).toBe("startWorker");
    expect(refusal(() => parseSettings({ worker: { thread: 1 } }, "startWorker"))).toBe(
      'startWorker: [worker] thread is not a setting; did you mean "threads"?',
    );
  });

  test("may name no models", () => {
    expect(parseSettings({ models: null }, "startWorker", cwd).models).toBeNull();
  });
});

test("the path of a socket is relative to tq.toml in the file, to the current folder in a flag", () => {
  const given = { admin: { listen: "unix:run/tq.sock" } };
  expect(parseSettings(given, "startWorker", cwd).admin.listen).toBe(
    `unix:${join(cwd, "run/tq.sock")}`,
  );
  const { admin } = load({ flags: { "admin.listen": "unix:/run/tq.sock" } });
  expect(admin.listen).toBe("unix:/run/tq.sock");
});
