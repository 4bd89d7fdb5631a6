import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { listConfig, loadConfig, parseSettings } from "../../src/settings/config.ts";
import type { Config, ConfigSources } from "../../src/settings/config.ts";
import { isTqError } from "../../src/errors.ts";
import { splitAddress } from "../../src/settings/kinds.ts";
import { SETTINGS, formatSetting } from "../../src/settings/table.ts";

let cwd: string;

beforeEach(() => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), "tq-config-")));
});

afterEach(() => rmSync(cwd, { recursive: true }));

function load(sources: Partial<ConfigSources> = {}): Config {
  return loadConfig({ cwd, env: {}, ...sources });
}

/** Writes tq.toml, or another file, and returns its path. */
function write(text: string | Uint8Array, name = "tq.toml"): string {
  const path = join(cwd, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** The sentence of the refusal. */
function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isTqError(error) && error.code === "invalid") return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("defaults", () => {
  test("stand when nothing is said", () => {
    const { origins, ...config } = load();
    expect(config).toEqual({
      file: null,
      models: null,
      database: {
        path: join(cwd, "tq.db"),
        retry: 5,
        timeout: 5000,
        durability: "full",
        min_free_mb: 64,
      },
      queue: { worker: false, clean_days: 30, max_size: 0, batch_size: 20 },
      error: { clean_days: 90 },
      worker: {
        threads: availableParallelism(),
        queues: [],
        grace: 30_000,
        timeout: 60_000,
        lock_timeout: 60_000,
        max_tasks: 0,
        max_crashes: 3,
      },
      admin: { listen: "127.0.0.1:8989" },
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
      "worker.timeout": "default",
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

  test("leave out flags that are not given", () => {
    expect(load({ flags: { "worker.threads": undefined } }).origins["worker.threads"]).toBe(
      "default",
    );
  });
});

describe("tq.toml", () => {
  test("may begin with a byte order mark", () => {
    write("\ufeff[queue]\r\nworker = true\r\n");
    expect(load().queue.worker).toBe(true);
  });

  test.each([
    ["[queue]\nwroker = true", '[queue] wroker is not a setting; did you mean "worker"?'],
    ["[log]\nretry = 1", "[log] retry is not a setting; it belongs in [database]"],
    ["retry = 1", "retry is not a setting; it belongs in [database]"],
    ["[queue]\nmodels = 'x'", "[queue] models is not a setting; it belongs above the sections"],
    ["[quue]\nworker = true", '[quue] is not a section; did you mean "queue"?'],
    ["[__proto__]\nx = 1", "[__proto__] is not a section"],
    ["queue = 5", "queue cannot be 5: it is a section with settings"],
    [
      "[[queue]]\nworker = true",
      'queue cannot be [{"worker":true}]: it is a section with settings',
    ],
    ["[queue]\nworker = 'true'", '[queue] worker cannot be "true": it must be true or false'],
    [
      "[queue]\nbatch_size = 0",
      "[queue] batch_size cannot be 0: it must be a whole number from 1 to",
    ],
    ["[queue]\nbatch_size = 1.5", "[queue] batch_size cannot be 1.5: it must be a whole number"],
    [
      "[queue]\nbatch_size = inf",
      "[queue] batch_size cannot be Infinity: it must be a whole number",
    ],
    [
      "[worker]\ngrace = 30",
      '[worker] grace cannot be 30: it must be a duration with its unit from "0s"',
    ],
    [
      "[worker]\ngrace = '30'",
      '[worker] grace cannot be "30": it must be a duration with its unit',
    ],
    ["[worker]\ntimeout = '1ms'", '[worker] timeout cannot be "1ms": it must be a duration'],
    ["[worker]\nqueues = 'mail'", '[worker] queues cannot be "mail": it must be a list of names'],
    ["[worker]\nqueues = [1]", "[worker] queues cannot be [1]: it must be a list of names"],
    [
      "[log]\nlevel = 'wran'",
      '[log] level cannot be "wran": it must be "error" or "warn" or "info" or "debug"; did you mean "warn"?',
    ],
    ["[admin]\nlisten = 8989", "[admin] listen cannot be 8989: it must be HOST:PORT"],
    [
      "[database]\npath = ':memory:'",
      '[database] path cannot be ":memory:": it must be the path of a file on disk',
    ],
    ["models = ''", 'models cannot be "": it must be the path of a file on disk'],
    ["[worker]\nthreads = 2020-01-01", '[worker] threads cannot be "2020-01-01": it must be'],
  ])("is refused: %j", (text, sentence) => {
    const path = write(text);
    expect(refusal(load)).toStartWith(`${path}: ${sentence}`);
  });

  test("with several problems, also of other sources, is refused with all of them", () => {
    const path = write("[queue]\nwroker = true\nbatch_size = 'x'");
    const env = { TQ_LOG__FORMAT: "xml" };
    expect(refusal(() => load({ env, flags: { "worker.threads": "many" } }))).toBe(
      [
        "4 settings are wrong:",
        `  ${path}: [queue] wroker is not a setting; did you mean "worker"?`,
        `  ${path}: [queue] batch_size cannot be "x": it must be a whole number from 1 to 1000000`,
        '  TQ_LOG__FORMAT cannot be "xml": it must be "text" or "json"',
        '  --threads cannot be "many": it must be a whole number from 1 to 1000',
      ].join("\n"),
    );
  });

  test("that is not TOML is refused with its line", () => {
    const path = write("# a list\nmodels = 'x'\n[worker]\nqueues = [\n  'a',\n]\ngrace = = 2\n");
    expect(refusal(load)).toStartWith(`Cannot read ${path}, line 7: `);
    write("[queue\nworker = true");
    expect(refusal(load)).toStartWith(`Cannot read ${path}, line 1: Expected ']'`);
  });

  test("that is not UTF-8 is refused", () => {
    const path = write(new Uint8Array([0xff, 0xfe, 0x5b, 0x00]));
    expect(refusal(load)).toBe(`Cannot read ${path}: it is not UTF-8 text; save it as UTF-8`);
  });

  test("that is a folder is refused", () => {
    mkdirSync(join(cwd, "tq.toml"));
    const why = "it is a folder; name the file in it";
    expect(refusal(load)).toBe(`Cannot read ${join(cwd, "tq.toml")}: ${why}`);
    expect(refusal(() => load({ file: "." }))).toBe(`Cannot read ${cwd} (from -c): ${why}`);
  });

  test("that is named and missing is refused", () => {
    const path = join(cwd, "no.toml");
    const why = "there is no such file";
    expect(refusal(() => load({ file: "no.toml" }))).toBe(`Cannot read ${path} (from -c): ${why}`);
    expect(refusal(() => load({ env: { TQ_CONFIG: "no.toml" } }))).toBe(
      `Cannot read ${path} (from TQ_CONFIG): ${why}`,
    );
    expect(refusal(() => load({ file: "" }))).toBe("Cannot read the settings: -c is empty");
  });
});

test("an unknown setting in the environment is refused with the near one", () => {
  expect(refusal(() => load({ env: { TQ_QUEUE__WROKER: "1" } }))).toBe(
    'TQ_QUEUE__WROKER is not a setting; did you mean "TQ_QUEUE__WORKER"?',
  );
});

test("a setting with one underscore behind its section is refused; names of others are left alone", () => {
  expect(refusal(() => load({ env: { TQ_QUEUE_WORKER: "1" } }))).toBe(
    'TQ_QUEUE_WORKER is not a setting; did you mean "TQ_QUEUE__WORKER"?',
  );
  expect(load({ env: { TQ_FOO: "1", TQ_QUEUE: "2" } }).queue.worker).toBe(false);
});

test.each([
  ["mail,pdf*", ["mail", "pdf*"]],
  ['["mail", "pdf*"]', ["mail", "pdf*"]],
  ["[mail]", ["[mail]"]],
  ["7", ["7"]],
])("a list is taken from the environment as %j", (text, queues) => {
  expect(load({ env: { TQ_WORKER__QUEUES: text } }).worker.queues).toEqual(queues);
});

test("an empty list in the environment is refused: it would stand for all queues", () => {
  expect(refusal(() => load({ env: { TQ_WORKER__QUEUES: "[]" } }))).toBe(
    'TQ_WORKER__QUEUES cannot be "[]": it must be a list of names or patterns, such as ["mail", "pdf*"]',
  );
});

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

describe("the list of settings", () => {
  test("has words, a default and a variable for each", () => {
    for (const setting of SETTINGS.values()) {
      expect(setting.description).toMatch(/^[A-Z].+[^.]$/);
      expect(setting.default).not.toBe("");
      expect(setting.env).toMatch(/^TQ_(MODELS|[A-Z]+__[A-Z_]+)$/);
    }
    expect(SETTINGS.get("worker.threads")).toMatchObject({
      env: "TQ_WORKER__THREADS",
      flag: "--threads",
      default: "number of cores",
      allowed: "a whole number from 1 to 1000",
    });
  });

  test("shows each value and its origin", () => {
    write("[worker]\nqueues = ['a', 'b']\ngrace = '90s'");
    const rows = listConfig(load()).map(
      ({ setting, value, origin }) => [setting.key, formatSetting(setting, value), origin] as const,
    );
    expect(rows).toContainEqual(["worker.queues", "a, b", "tq.toml"]);
    expect(rows).toContainEqual(["worker.grace", "1 min 30 s", "tq.toml"]);
    expect(rows).toContainEqual(["models", "none", "default"]);
    expect(rows).toContainEqual(["queue.worker", "false", "default"]);
    expect(rows).toHaveLength(SETTINGS.size);
  });
});

describe("an address", () => {
  test.each([
    ["127.0.0.1:0", "127.0.0.1", 0],
    ["localhost:65535", "localhost", 65_535],
    ["[::1]:80", "::1", 80],
  ])("%s is a host and a port", (text, hostname, port) => {
    expect(splitAddress(text)).toEqual({ hostname, port });
  });

  test.each(["8989", ":8989", "localhost", "::1:80", "a:65536", "http://a:80", "a b:1", "[x]:1"])(
    "%s is none",
    (text) => {
      expect(splitAddress(text)).toBeNull();
      expect(refusal(() => load({ flags: { "admin.listen": text } }))).toStartWith(
        "--listen cannot",
      );
    },
  );
});
