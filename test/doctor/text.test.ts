/** The findings of `tq doctor` for people. */
import { expect, test } from "bun:test";
import { doctorText } from "../../cli/terminal/doctor.ts";

test("advice that asks ends with its question mark alone", () => {
  const finding = { check: "database", message: "No server answers there", advice: "is it up?" };
  const checked = { name: "database", subject: "the database", fact: "", hint: "" };
  const terminal = { colour: false, width: 80 };
  const text = doctorText([{ ...checked, findings: [finding] }], terminal);
  expect(text).toEndWith("✗ database\nNo server answers there.\nTo do: is it up?");
});
