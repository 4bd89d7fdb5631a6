/** A push by HTTP that must be refused. */
import { expect } from "bun:test";
import { makeAdmin } from "./support.ts";

/** The message of a refused push. */
export async function refusal(body: unknown): Promise<string> {
  await using admin = makeAdmin();
  const answer = await admin.post("/api/tasks", body);
  expect(answer.status).toBe(422);
  expect(answer.body.error.code).toBe("invalid");
  expect(await admin.store.list()).toEqual([]);
  return answer.body.error.message;
}
