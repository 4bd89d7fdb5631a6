import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Client } from "../../../cli/remote/client.ts";
import { RemoteStore } from "../../../cli/remote/store.ts";
import { makeFolder } from "../../support/folder.ts";
import { needs } from "../../support/needs.ts";
import { newTask } from "../../support/store.ts";
import { Folder } from "../tq.ts";
import { asking, failed, TARGET } from "./asking.ts";
import { makeBox } from "./box.ts";

const html = (status: number) => () =>
  new Response("<html><body>Bad gateway</body></html>", {
    status,
    headers: { "content-type": "text/html" },
  });

describe("an address", () => {
  test.each([
    ["ftp://box7", "it must begin with http://, https:// or unix:"],
    ["box7:8989", "it must begin with http://"],
    ["http://box7.lan:8989", "all that lies between could read the token"],
    ["http://user:secret@box7", "it has a name or a password"],
    ["https://box7/?a=1", "nothing may stand behind its path"],
    ["unix:", "it lacks the path of the socket"],
  ])("%p is refused with a sentence, and no password", async (url, why) => {
    await using office = new Folder();
    office.write("token", "t");
    const { code, stdout, stderr } = await office.tq("list", "--url", url, "--token-file", "token");
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(why);
    expect(stderr).not.toContain("secret");
  });

  test("of http on another machine is taken with --insecure-url", async () => {
    await using office = new Folder();
    office.write("token", "t");
    const flags = ["--url", "http://box7.invalid:1", "--token-file", "token", "--insecure-url"];
    const { code, stderr } = await office.tq("list", ...flags);

    expect(stderr).toStartWith("tq: Cannot ask http://box7.invalid:1: no connection: ");
    expect(code).toBe(6);
  });

  test("of a Unix socket in this folder is asked", async () => {
    await using office = new Folder();
    office.write("token", "t");
    const fetch = () => Response.json({ tasks: [], next: null });
    const server = Bun.serve({ unix: office.file("tq.sock"), fetch });
    const listed = await office.tq("list", "--url", "unix:tq.sock", "--token-file", "token");
    await server.stop(true);
    expect(listed).toMatchObject({ code: 0 });
  });

  test("of a Unix socket, and with a path before /api/v1, is asked", async () => {
    const { path: folder, [Symbol.dispose]: remove } = makeFolder();
    const socket = join(folder, "tq.sock");
    const paths: string[] = [];
    const fetch = (request: Request) => {
      paths.push(new URL(request.url).pathname);
      return Response.json({ tasks: [], next: null });
    };
    const server = Bun.serve({ unix: socket, fetch });
    const target = { ...TARGET, base: "http://localhost/box7", socket };
    expect(await new RemoteStore(new Client(target)).list()).toEqual([]);
    expect(paths).toEqual(["/box7/api/v1/tasks"]);
    await server.stop(true);
    remove();
  });
});

describe("the flags", () => {
  test("say what is missing, and what does not go together", async () => {
    await using office = new Folder();
    office.write("empty", "\n");
    const url = ["--url", "http://127.0.0.1:1"];
    for (const [args, why] of [
      [["list", ...url], "Cannot use --url without a token: give --token-file"],
      [["list", ...url, "--token-file", "none"], "Cannot read the token in none: ENOENT"],
      [["list", ...url, "--token-file", "empty"], "Cannot use the token in empty: it is empty"],
      [["list", "--token-file", "empty"], "--token-file and --insecure-url are for --url"],
      [["list", ...url, "-d", "a.db"], "--database is about this machine, and --url about another"],
      [["worker", ...url, "--token-file", "empty"], "tq worker works on this machine alone"],
    ] as const) {
      const { code, stdout, stderr } = await office.tq(...args);
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toContain(why);
    }
  });

  test("may come from TQ_URL and TQ_TOKEN_FILE, before which -d goes", async () => {
    await using box = await makeBox();
    const env = { TQ_URL: box.url, TQ_TOKEN_FILE: box.tokenFile };
    expect(await box.office.tqWith({ env }, "list")).toEqual({
      code: 0,
      stdout: "No tasks\n",
      stderr: "",
    });
    const local = await box.office.tqWith({ env }, "list", "-d", "none.db");
    expect(local.stderr).toContain("There is no database");
    expect((await box.office.tqWith({ env }, "version")).code).toBe(0);
  });
});

describe("another machine", () => {
  test("is asked without the proxy of the environment, which would read the token", async () => {
    let asked = 0;
    await using box = await makeBox();
    await using proxy = asking(() => (asked++, Response.json({ tasks: [], next: null })));
    const env = { HTTP_PROXY: proxy.base, http_proxy: proxy.base };
    const flags = ["--url", box.url, "--token-file", box.tokenFile];
    await box.store.push([newTask()]);
    const { stdout } = await box.office.tqWith({ env }, "list", ...flags);

    expect(stdout).toContain("sale.process");
    expect(asked).toBe(0);
  });

  test("that refuses the token is told with the file, and exit 8", async () => {
    await using box = await makeBox();
    box.office.write("wrong", "w".repeat(43));
    const flags = ["--url", box.url, "--token-file", "wrong"];
    const { code, stderr } = await box.office.tq("list", ...flags);

    expect(code).toBe(8);
    expect(stderr).toStartWith(`tq: ${box.url} does not take the token in wrong: `);
  });

  test.each(["--wait", "--json"])(
    "whose token may only push is given nothing by push %s, which could not look at it: exit 8",
    async (flag) => {
      await using box = await makeBox();
      const database = ["-d", box.database.place];
      const made = await box.office.tq("token", "add", "push-only", "--role", "push", ...database);
      box.office.write("pusher", made.stdout);
      const flags = ["--url", box.url, "--token-file", "pusher"];
      const push = ["push", "sale", "process", "7", ...flags];
      const { code, stdout, stderr } = await box.office.tq(...push, flag);
      expect([code, stdout]).toEqual([8, ""]);
      expect(stderr).toContain(`Nothing was pushed, as ${flag} looks at tasks: ${box.url}: `);
      expect(stderr).toContain("has the role push, and this needs read");
      expect(await box.store.list()).toEqual([]);
      expect((await box.office.tq(...push)).code).toBe(0);
    },
  );

  test("whose token may only read refuses a push, with exit 8", async () => {
    await using box = await makeBox();
    const made = await box.office.tq(
      "token",
      "add",
      "eye",
      "--role",
      "read",
      "-d",
      box.database.place,
    );
    box.office.write("eye", made.stdout);
    const flags = ["--url", box.url, "--token-file", "eye"];
    expect(await box.office.tq("list", ...flags)).toMatchObject({ code: 0 });
    const { code, stderr } = await box.office.tq("push", "sale", "process", "7", ...flags);

    expect(code).toBe(8);
    expect(stderr).toStartWith(`tq: ${box.url}: `);
    expect(await box.store.list()).toEqual([]);
  });

  test("that is not there has a sentence, and exit 6", async () => {
    await using office = new Folder();
    office.write("token", "t");
    const flags = ["--url", "http://127.0.0.1:1", "--token-file", "token"];
    const { code, stderr } = await office.tq("list", ...flags);

    expect(code).toBe(6);
    expect(stderr).toBe(
      "tq: Cannot ask http://127.0.0.1:1: no connection: it was refused; does tq serve, or tq worker --admin, run there?\n",
    );
  });

  test.each([200, 404, 502])("that answers %d with a page of a proxy is none", async (status) => {
    await using box = asking(html(status));
    expect(await failed(box.store.list())).toMatchObject({
      code: "database",
      message: expect.stringContaining(`does not answer as tq does, but with ${status}`),
    });
  });

  test("whose proxy gives up leaves a push uncertain", async () => {
    for (const [status, code] of [
      [504, "uncertain"],
      [200, "uncertain"],
      [404, "database"],
    ] as const) {
      await using box = asking(html(status));
      expect(await failed(box.store.pushCall({ model: "a" }))).toMatchObject({ code });
    }
  });

  test("whose proxy loses the answer of a push is asked again with the same key", async () => {
    const keys: (string | null)[] = [];
    await using box = asking(({ headers }) => {
      keys.push(headers.get("idempotency-key"));
      return keys.length === 1 ? html(504)() : Response.json({ ids: [7] }, { status: 201 });
    });

    expect(await box.store.pushCall({ model: "a" })).toEqual([7]);
    expect(keys).toHaveLength(2);
    expect(keys[0]).toBe(keys[1] ?? "");
  });

  test("that is uncertain itself is not asked to push again", async () => {
    let asked = 0;
    const body = { code: "uncertain", detail: "The disk did not confirm it" };
    await using box = asking(() => (asked++, Response.json(body, { status: 500 })));

    expect(await failed(box.store.pushCall({ model: "a" }))).toMatchObject({ code: "uncertain" });
    expect(asked).toBe(1);
  });

  test("that answers with other JSON is none", async () => {
    for (const answer of [
      {},
      { tasks: 1, next: null },
      { tasks: [{ id: "\u001b[31m" }], next: null },
    ]) {
      await using box = asking(() => Response.json(answer));
      expect(await failed(box.store.list())).toMatchObject({
        code: "database",
        message: expect.stringContaining("but with other JSON"),
      });
    }
  });

  test("that sends its callers on does not get the token there", async () => {
    let asked = 0;
    await using other = asking(() => (asked++, Response.json({})));
    await using box = asking(() => Response.redirect(`${other.base}/api/v1/tasks`));
    expect(await failed(box.store.list())).toMatchObject({
      code: "invalid",
      message: expect.stringContaining("sends its callers on to http://127.0.0.1"),
    });
    expect(asked).toBe(0);
  });

  test("that asks for patience is busy", async () => {
    const body = { status: 429, code: "too_many", detail: "Too many wrong tokens" };
    await using box = asking(() => Response.json(body, { status: 429 }));
    expect(await failed(box.store.list())).toMatchObject({
      code: "busy",
      message: "the box: Too many wrong tokens",
    });
  });

  test("that gives no answer in time is busy for a look, and leaves a push uncertain", async () => {
    const never = Promise.withResolvers<Response>();
    await using box = asking(() => never.promise, 50);
    const looked = await failed(box.store.list());
    const pushed = await failed(box.store.pushCall({ model: "a" }));
    never.resolve(new Response());

    expect(looked).toMatchObject({ code: "busy" });
    expect(looked).toHaveProperty("message", "Cannot ask the box: no answer came within 50 ms");
    expect(pushed).toMatchObject({ code: "uncertain" });
  });

  test("that closes the connection, as one with TLS does, gets a hint", async () => {
    const server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (socket) => void socket.end() },
    });
    const base = `http://127.0.0.1:${server.port}`;
    const error = await failed(new RemoteStore(new Client({ ...TARGET, base })).list());
    server.stop(true);

    const why =
      "the connection was closed before an answer came; if that tq speaks TLS, give https://";
    expect(error).toMatchObject({ code: "database", message: `Cannot ask the box: ${why}` });
  });

  needs("openssl").test("whose certificate this machine does not trust is told so", async () => {
    using folder = makeFolder();
    const [key, cert] = [join(folder.path, "key.pem"), join(folder.path, "cert.pem")];
    const make = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    const where = ["-keyout", key, "-out", cert, "-subj", "/CN=127.0.0.1", "-days", "2"];
    expect(Bun.spawnSync(["openssl", ...make, ...where]).exitCode).toBe(0);
    const tls = { key: Bun.file(key), cert: Bun.file(cert) };
    const fetch = () => Response.json({ tasks: [], next: null });
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", tls, fetch });
    const base = `https://127.0.0.1:${server.port}`;
    const error = await failed(new RemoteStore(new Client({ ...TARGET, base })).list());
    await server.stop(true);

    expect(error).toMatchObject({
      code: "database",
      message: expect.stringContaining("its certificate is not one that this machine trusts"),
    });
  });
});
