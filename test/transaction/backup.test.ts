/** `backup` of the module "tq". */
import { expect, test } from "bun:test";
import { backup } from "../../src/transaction/backup.ts";
import { errorOf } from "../support/error.ts";

test("a backup whose path is none is refused", async () => {
  for (const path of ["", 7, undefined]) {
    expect(await errorOf(backup(path as string))).toMatchObject({
      code: "invalid",
      message: expect.stringMatching(/^Cannot write a backup: .* is not a path of a file$/),
    });
  }
});
