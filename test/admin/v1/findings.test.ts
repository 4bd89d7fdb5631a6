import { expect, test } from "bun:test";
import { makeAdmin } from "../support.ts";

test("the findings are those of the doctor, with what each check has seen", async () => {
  await using admin = makeAdmin();
  const { status, body } = await admin.get("/api/v1/findings");
  expect(status).toBe(200);
  const clock = {
    check: "clock",
    subject: "the clock",
    well: true,
    fact: "2024-02-29T12:00:00.000Z",
    hint: "",
  };
  expect(body.checks).toContainEqual(clock);
  expect(body.findings).toContainEqual({
    check: "no_worker",
    message: "No worker is running: tasks wait until one is",
    advice: "start it with tq worker",
  });
  const slow = ["damage", "slow_flush", "models_do_not_load"];
  expect(body.checks.filter(({ check }: { check: string }) => slow.includes(check))).toEqual([]);
});

test("they are those of the readiness where one asks for that", async () => {
  await using admin = makeAdmin();
  expect((await admin.get("/api/v1/findings?look=ready")).body).toEqual({ findings: [] });
});

test("another look is refused with the near one", async () => {
  await using admin = makeAdmin();
  const { status, body } = await admin.get("/api/v1/findings?look=docter");
  expect(status).toBe(422);
  expect(body.detail).toBe(
    'Cannot look for findings: look cannot be "docter": it must be doctor or ready; did you mean "doctor"?',
  );
});

test("a check that fails is a finding, and the others are made", async () => {
  await using admin = makeAdmin();
  admin.store.condition.latestTime = () => Promise.reject(new Error("the clock is <broken>"));
  const { body } = await admin.get("/api/v1/findings");
  expect(body.findings).toContainEqual({
    check: "clock",
    message: "the clock is <broken>",
    advice: "",
  });
  expect(body.checks.length).toBeGreaterThan(10);
});
