/** Paths that are not UTF-8, which the runtime cannot say to the system, are refused, and nothing is written elsewhere. */
import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { needs } from "../support/needs.ts";
import { siteWithModels } from "./support/models.ts";
import { type Site, TQ } from "./support/site.ts";

/** Runs a script in which $e is a name that is not UTF-8, and "$0" is tq. */
async function sh(site: Site, script: string) {
  const command = `e=$(printf 'caf\\351'); ${script}`;
  return site.spawn(["sh", "-c", command, TQ]).ended();
}

needs("Linux").describe("a path that is not UTF-8", () => {
  for (const command of ["init", "push job add 1", "worker --drain", "status", "run models.ts"]) {
    test(`tq ${command} refuses such a current folder, and writes into no other`, async () => {
      await using site = siteWithModels();
      const { code, stderr } = await sh(site, `mkdir "$e"; cd "$e"; exec "$0" ${command}`);
      expect(stderr).toBe(
        `tq: Cannot work in the current folder ${JSON.stringify(site.file("caf\uFFFD"))}: its path is not UTF-8; rename that folder, or work in another\n`,
      );
      expect(code).toBe(2);
      expect(readdirSync(site.path)).toHaveLength(2); // the models, and one folder
    });
  }

  for (const flag of ["--config", "--database", "--models"]) {
    test(`${flag} refuses it`, async () => {
      await using site = siteWithModels();
      const { code, stderr } = await sh(site, `exec "$0" push job add 1 ${flag} "$e/x"`);
      expect(stderr).toContain("it is not UTF-8; encode it as UTF-8");
      expect(code).toBe(2);
      expect(readdirSync(site.path)).toEqual(["models.ts"]);
    });
  }

  test("a setting of the environment refuses it", async () => {
    await using site = siteWithModels();
    const script = 'TQ_DATABASE__PATH="$e.db" exec "$0" push job add 1';
    const { code, stderr } = await sh(site, script);
    expect(stderr).toBe("tq: Cannot read TQ_DATABASE__PATH: it is not UTF-8; encode it as UTF-8\n");
    expect(code).toBe(2);
    expect(readdirSync(site.path)).toEqual(["models.ts"]);
  });

  test("a link to such a database is refused", async () => {
    await using site = siteWithModels();
    const { code, stderr } = await sh(site, 'ln -s "$e" tq.db; exec "$0" push job add 1');
    expect(stderr).toContain("the path behind the link");
    expect(code).toBe(6);
    expect(readdirSync(site.path)).toEqual(["models.ts", "tq.db"]);
  });

  test("a folder or a file of such a name among the models is refused", async () => {
    await using site = siteWithModels();
    const script = 'mkdir -p "models/$e"; exec "$0" push job add 1 --models models';
    const { code, stderr } = await sh(site, script);
    expect(stderr).toContain(": the name of ");
    expect(stderr).toContain("is not UTF-8, or has a U+FFFD: rename it");
    expect(code).toBe(7);
  });

  test("a current folder whose name has a U+FFFD in UTF-8 is taken", async () => {
    await using site = siteWithModels();
    const { code } = await sh(
      site,
      'd=$(printf "\\357\\277\\275"); mkdir "$d"; cd "$d"; exec "$0" init',
    );
    expect(code).toBe(0);
    expect(readdirSync(site.file("\uFFFD"))).toContain("tq.toml");
  });
});
