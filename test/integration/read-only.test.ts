/** Commands that look at a database that their user may only read. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, readdirSync } from "node:fs";
import { needs } from "../support/needs.ts";
import { AS_ANOTHER_USER } from "../support/tools.ts";
import { setAttribute } from "./faults/machine.ts";
import { siteWithModels } from "./support/models.ts";
import { type Site, TQ } from "./support/site.ts";

setDefaultTimeout(30_000);

/** A folder with a task, which other users may read. */
async function readable(): Promise<Site> {
  const site = siteWithModels();
  await site.push("job", "add", "7");
  chmodSync(site.path, 0o755);
  return site;
}

function asAnother(site: Site, ...args: string[]) {
  return site.spawn([...AS_ANOTHER_USER, TQ, ...args], { env: { HOME: "/" } }).ended();
}

async function expectToLook(site: Site, code: number): Promise<void> {
  expect(await asAnother(site, "list", "--json")).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('"method": "add"'),
  });
  expect(await asAnother(site, "show", "1")).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("job.add"),
  });
  const status = await asAnother(site, "status");
  expect(status).toMatchObject({ code, stdout: expect.stringMatching(/^default/m) });
  expect(status.stderr).toBe("");
}

needs("root").describe("a user who may only read the database", () => {
  test("looks at it where no program has it open, and leaves no file behind", async () => {
    await using site = await readable();
    await expectToLook(site, 1);
    chmodSync(site.path, 0o777);
    await expectToLook(site, 1);
    expect(readdirSync(site.path).filter((name) => name.startsWith("tq.db"))).toEqual(["tq.db"]);
  });

  test("is told why a task has ended, where no program has it open", async () => {
    await using site = await readable();
    expect((await site.run("worker", "--drain")).code).toBe(0);
    expect(await asAnother(site, "why", "1")).toMatchObject({ code: 0, stderr: "" });
  });

  test("is told by tq doctor that they may not push, whose file it is, and whom to ask", async () => {
    await using site = await readable();
    const { code, stdout } = await asAnother(site, "doctor", "--quick", "--json");
    const { checks } = JSON.parse(stdout) as { checks: { check: string; hint: string }[] };
    expect(checks.find(({ check }) => check === "pushes_refused")?.hint).toBe(
      `not by this user: ${site.file("tq.db")} is read-only for this user (${site.file("tq.db")} belongs to root, ${site.path} belongs to root, and this is user 65533); whether others can, tq doctor says to the user of the service`,
    );
    expect(code).toBe(1); // no worker runs
    expect((await site.run("doctor", "--quick")).stdout).toContain("✓ tasks can be pushed");
    chmodSync(site.file("tq.db"), 0o666);
    chmodSync(site.path, 0o777);
    const allowed = await asAnother(site, "doctor", "--quick");
    expect(allowed.stdout).toContain("✓ tasks can be pushed");
  });

  test("looks at it while a worker has it open, and sees that it lives", async () => {
    await using site = await readable();
    await site.worker(["-n", "1", "--queue", "default"]);
    const id = await site.pushOne("job", "add", "8");
    await site.becomes(id, "finished");
    await site.pushOne("job", "fail", "9");
    await expectToLook(site, 0);
    expect((await asAnother(site, "status")).stdout).toContain("alive");
    chmodSync(site.file("tq.db-workers"), 0o700);
    const { code, stdout } = await asAnother(site, "status");
    expect(stdout).toContain("unknown");
    expect(stdout).toContain("Cannot tell whether worker");
    expect(code).toBe(1);
  });

  needs("chattr").test(
    "is told that the log is immutable, which keeps all users from writing",
    async () => {
      await using site = await readable();
      await site.worker(["-n", "1"]);
      const end = setAttribute(site.file("tq.db-wal"), "i");
      try {
        const { code, stdout } = await asAnother(site, "status");
        expect(stdout).toContain(`no user may change ${site.file("tq.db-wal")} (EPERM)`);
        expect(code).toBe(1);
      } finally {
        end();
      }
      expect(await asAnother(site, "status")).toMatchObject({ code: 0 });
    },
  );

  test("is told that the folder may not be looked into, not that there is no database", async () => {
    await using site = await readable();
    const path = site.file("tq.db");
    chmodSync(site.path, 0o700);
    const { code, stderr } = await site
      .spawn([...AS_ANOTHER_USER, TQ, "-d", path, "list"], { cwd: "/", env: { HOME: "/" } })
      .ended();
    expect(code).toBe(6);
    expect(stderr).toContain(
      `Cannot use ${path} as the database: this user may not enter the folder ${site.path}`,
    );
  });

  test("is refused by commands that write", async () => {
    await using site = await readable();
    for (const command of [["cancel", "1"], ["push", "job", "add", "1"], ["clean"], ["worker"]]) {
      const { code, stderr } = await asAnother(site, ...command);
      expect(code).toBe(6);
      expect(stderr).toContain("read-only for this user");
    }
  });
});
