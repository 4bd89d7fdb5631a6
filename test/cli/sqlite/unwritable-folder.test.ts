/** Commands that make files, in a folder that their user may not write. */
import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { needs } from "../../support/needs.ts";
import { ANOTHER_USER, AS_ANOTHER_USER } from "../../support/tools.ts";
import { Folder } from "../tq.ts";

describe("a command that makes files says in a sentence that it cannot", () => {
  needs("root").describe("where another user owns the folder", () => {
    test.each([
      ["torture --rounds 1", "Cannot torture in"],
      ["torture --dir made", "Cannot torture in"],
      ["torture --dir .", "Cannot torture in"],
      ["init", "Cannot write"],
    ])("tq %s", async (line, start) => {
      await using folder = new Folder();
      const { code, stdout, stderr } = await folder.shell(
        `chmod 755 . && exec ${AS_ANOTHER_USER.join(" ")} "$0" "$@"`,
        { HOME: "/" },
        ...line.split(" "),
      );
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toStartWith(`tq: ${start} ${folder.path}`);
      expect(stderr).toContain(
        `(${folder.path} belongs to root, and this is user ${ANOTHER_USER})`,
      );
      expect(readdirSync(folder.path)).toEqual([]);
    });
  });

  test("where a file has the name of the folder: tq torture", async () => {
    await using folder = new Folder();
    folder.write("disk", "");
    const { code, stderr } = await folder.tq("torture", "--dir", "disk");
    expect(code).toBe(2);
    const disk = folder.file("disk");
    expect(stderr).toBe(
      `tq: Cannot torture in ${disk}: ${disk} is a file, and no folder (EEXIST); move it away, or name another path\n`,
    );
  });
});
