/** A full disk and the files that commands write for people: each is whole or not there, and the exit status is 9. */
import { expect, setDefaultTimeout } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { needs } from "../../support/needs.ts";
import { MODELS } from "../support/models.ts";
import { Site } from "../support/site.ts";
import { smallDisk } from "./machine.ts";

setDefaultTimeout(60_000);

/** Leaves this many bytes free. */
function leave(site: Site, bytes: number): void {
  const ballast = site.file("ballast");
  truncateSync(ballast, Bun.file(ballast).size - bytes);
}

needs("mount").test(
  "tq init on a full disk leaves no cut file, and the next one ends it",
  async () => {
    await using site = new Site();
    using disk = smallDisk(site);
    disk.refuse();
    leave(site, 100 * 1024); // for the small files, and not for types/tq.d.ts
    const { code, stderr } = await site.run("init");
    expect({ code, stderr }).toMatchObject({ code: 9, stderr: expect.stringContaining("ENOSPC") });
    expect(stderr).toContain(
      `Cannot write ${site.file("types/tq.d.ts")}: the disk of ${site.file("types")} is full`,
    );
    expect(readdirSync(site.file("types"))).toEqual([]);
    disk.accept();
    const again = await site.run("init");
    expect(again.stdout).toContain("written  types/tq.d.ts\n");
    expect(readFileSync(site.file("types/tq.d.ts"), "utf8")).toContain('declare module "tq"');
  },
);

needs("mount").test("tq bundle on a full disk leaves the former bundle as it was", async () => {
  await using site = new Site();
  using disk = smallDisk(site);
  site.write("models.ts", MODELS);
  expect((await site.run("bundle")).code).toBe(0);
  const former = site.read("models.js");
  disk.refuse();
  const { code, stderr } = await site.run("bundle");
  expect({ code, stderr }).toMatchObject({ code: 9, stderr: expect.stringContaining("ENOSPC") });
  expect(readFileSync(site.file("models.js"), "utf8")).toBe(former);
  rmSync(site.file("ballast"));
  expect(readdirSync(site.path).toSorted()).toEqual(["models.js", "models.ts"]);
});

needs("mount").test("a worker whose pid file has no room ends with 9", async () => {
  await using site = new Site();
  using disk = smallDisk(site);
  site.write("models.ts", MODELS);
  disk.refuse();
  const worker = ["worker", "--drain", "--pidfile", "w.pid"];
  const { code, stderr } = await site.run(...worker);
  expect({ code, stderr }).toMatchObject({ code: 9, stderr: expect.stringContaining("ENOSPC") });
  disk.accept();
  expect((await site.run(...worker)).code).toBe(0);
  expect(existsSync(site.file("w.pid"))).toBe(false);
});
