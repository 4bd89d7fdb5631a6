/** `tq run` runs a program as `bun run` does. */
import { expect, test } from "bun:test";
import { IS_POSTGRES } from "../support/tested-store.ts";
import { eventually } from "./support/eventually.ts";
import { Site } from "./support/site.ts";

test("a program that asks whether it is the main one does its work", async () => {
  await using site = new Site();
  site.write("helper.ts", "export const helps = import.meta.main;\n");
  site.write(
    "program.ts",
    `import { helps } from "./helper.ts";
    if (import.meta.main) console.log("main", helps, Bun.main === import.meta.path, process.argv[2]);`,
  );
  site.write("program.cjs", 'if (require.main === module) console.log("main", __filename);');
  site.write("program.cts", 'if (require.main === module) console.log("main" as string);');
  const ts = await site.run("run", "program.ts", "argument");
  expect(ts.stdout).toBe("main false true argument\n");
  expect((await site.run("run", "program.cjs")).stdout).toBe(`main ${site.file("program.cjs")}\n`);
  expect((await site.run("run", "program.cts")).stdout).toBe("main\n");
});

test("a default export with a fetch is served, and the program says where", async () => {
  await using site = new Site();
  site.write(
    "web.ts",
    'export default { port: 0, hostname: "127.0.0.1", fetch: () => new Response("hello") };',
  );
  const web = site.start(["run", "web.ts"]);
  const url = await eventually(
    "it says where it serves",
    () => /^tq: Serving (http:\S+)$/m.exec(web.stderr)?.[1],
  );
  expect(await (await fetch(url)).text()).toBe("hello");
});

test("a server that a program has started and exports is not served again", async () => {
  await using site = new Site();
  site.write(
    "web.ts",
    `const server = Bun.serve({ port: 0, fetch: () => new Response("") });
    setTimeout(() => server.stop(true), 50);
    export default server;`,
  );
  expect(await site.run("run", "web.ts")).toEqual({ code: 0, stdout: "", stderr: "" });
});

test("a default export that is not for a server ends with its program", async () => {
  await using site = new Site();
  site.write("program.ts", "export default { port: 0 };");
  expect(await site.run("run", "program.ts")).toEqual({ code: 0, stdout: "", stderr: "" });
});

test("a program starts a child by the path of the executable, and by fork", async () => {
  await using site = new Site();
  site.write(
    "helper.ts",
    `if (process.send) process.send(process.argv[2]);
    else console.log(process.argv[2]);`,
  );
  site.write(
    "program.ts",
    `import { fork } from "node:child_process";
    const { stdout } = Bun.spawnSync([process.execPath, "run", "helper.ts", "spawned"]);
    console.log(stdout.toString().trim());
    const child = fork("./helper.ts", ["forked"], { execArgv: ["run"] });
    child.on("message", (message) => console.log(message));
    child.on("exit", () => process.exit());`,
  );
  expect((await site.run("run", "program.ts")).stdout).toBe("spawned\nforked\n");
});

test("the path of a program without a command is refused with the command that runs it", async () => {
  await using site = new Site();
  const { code, stderr } = await site.run("./lib/helper.ts", "argument");
  expect(stderr).toBe(
    'tq: Unknown command "./lib/helper.ts": tq run ./lib/helper.ts runs the program; child_process.fork takes { execArgv: ["run"] }\n',
  );
  expect(code).toBe(2);
});

test("the classes of tq have their names in an executable, and print what they are", async () => {
  await using site = new Site();
  site.write(
    "program.ts",
    `import { Decimal, Model, push, TqError, Transaction, UserError, UserWarning } from "tq";
    console.log([Decimal, Model, TqError, Transaction, UserError, UserWarning].map(({ name }) => name).join(" "));
    console.log({ price: new Decimal("1.50") });
    const error = await push({ model: "note", method: "x", instances: "q" as never }).catch((error) => error);
    console.log(error.constructor.name, Object.keys(error).sort().join(" "));`,
  );
  expect(await site.run("run", "program.ts")).toEqual({
    code: 0,
    stdout: `Decimal Model TqError Transaction UserError UserWarning
{
  price: Decimal 1.50,
}
TqError code name
`,
    stderr: IS_POSTGRES ? "" : expect.stringMatching(/^[^\n]*"event":"store.made"[^\n]*\n$/),
  });
});

test("an error that ends a program begins with its own text, in colour too", async () => {
  await using site = new Site();
  site.write("program.ts", 'throw new Error("no paper");');
  const { code, stderr } = await site
    .start(["run", "program.ts"], { env: { FORCE_COLOR: "1" } })
    .ended();
  expect(code).toBe(1);
  expect(stderr).toContain("\u001b[31merror");
  expect(stderr).not.toStartWith("\u001b[0m");
});
