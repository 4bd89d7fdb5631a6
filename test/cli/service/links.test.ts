/** `tq service` in a folder that is a link to a release. */
import { mkdirSync, symlinkSync } from "node:fs";
import { expect, test } from "bun:test";
import { standingFolder } from "../../../src/settings/standing-folder.ts";
import { ServiceFolder } from "./support.ts";

test("a service keeps the name and the path of a link to a release in which its user stands", async () => {
  await using folder = new ServiceFolder();
  mkdirSync(folder.file("r8"));
  for (const name of ["tq.toml", "models.ts"]) folder.write(`r8/${name}`, "");
  symlinkSync("r8", folder.file("current"));
  const inLink = (...args: string[]) =>
    folder.shell('cd current && "$0" "$@"', folder.env, "service", ...args);
  const { stdout } = await inLink("install", "--user", "--print", "--json");
  const { service, text } = JSON.parse(stdout) as { service: string; text: string };
  const current = folder.file("current");
  expect(service).toBe("tq-current");
  expect(text).toContain(`WorkingDirectory=${current}\n`);
  expect(text).toContain(`-c ${current}/tq.toml worker`);
  expect(text).not.toContain("r8");
});

test("a service without tq.toml in a link to a release has its models by the path of the link", async () => {
  await using folder = new ServiceFolder();
  mkdirSync(folder.file("r8"));
  folder.write("r8/models.ts", "");
  symlinkSync("r8", folder.file("current"));
  const args = ["service", "install", "--user", "--print"];
  const { stdout } = await folder.shell('cd current && "$0" "$@"', folder.env, ...args);
  expect(stdout).toContain(` --models ${folder.file("current/models.ts")} worker`);
});

test.each([undefined, "", "relative", "/srv/../tmp", "/"])(
  "a PWD of %p that is not the current folder names none",
  (said) => expect(standingFolder("/tmp", said)).toBe("/tmp"),
);
