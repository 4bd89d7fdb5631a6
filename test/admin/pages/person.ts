/** A person with a browser that keeps a cookie, and no JavaScript. */
import { expect } from "bun:test";
import { makeAdmin, TOKEN } from "../support.ts";

type Admin = ReturnType<typeof makeAdmin>;

const FORM = { "content-type": "application/x-www-form-urlencoded" };

export function post(admin: Admin, path: string, fields: Record<string, string>, cookie = "") {
  const body = new URLSearchParams(fields).toString();
  return admin.app.request(path, { method: "POST", headers: { ...FORM, cookie }, body });
}

export function get(admin: Admin, path: string, cookie = "", headers: object = {}) {
  return admin.app.request(path, { headers: { cookie, ...headers } });
}

/** The cookie of a person who signs in. */
export async function signedIn(admin: Admin, token = TOKEN): Promise<string> {
  const answer = await post(admin, "/sign-in", { token, to: "/" });
  expect(answer.status).toBe(303);
  return (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
}

export async function formTokenOf(admin: Admin, cookie: string): Promise<string> {
  const html = await (await get(admin, "/", cookie)).text();
  return /name="form_token" value="(\w+)"/.exec(html)?.[1] ?? "";
}

/** A person who has signed in where these tasks are pushed. */
export async function withTasks(
  tasks: readonly object[] = [],
  options: Parameters<typeof makeAdmin>[0] = {},
) {
  const admin = makeAdmin(options);
  if (tasks.length > 0) await admin.post("/api/v1/tasks", tasks);
  const cookie = await signedIn(admin);
  const form_token = await formTokenOf(admin, cookie);
  return {
    ...admin,
    page: async (path: string, headers: object = {}) =>
      (await get(admin, path, cookie, headers)).text(),
    statusOf: async (path: string) => (await get(admin, path, cookie)).status,
    send: (path: string, fields: Record<string, string>) =>
      post(admin, path, { form_token, ...fields }, cookie),
    states: async () => (await admin.store.list()).map(({ id, state }) => [id, state]),
  };
}

/** Expects a page that says why it cannot be shown. */
export async function expectSentence(
  admin: Awaited<ReturnType<typeof withTasks>>,
  path: string,
  sentence: RegExp,
) {
  const html = await admin.page(path);
  expect(html).toStartWith("<!DOCTYPE html>");
  expect(html).toContain("<h1>This cannot be shown</h1>");
  expect(html).toMatch(sentence);
  expect(html).toContain('data-pace="10000"'); // it comes back by itself
}
