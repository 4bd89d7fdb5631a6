/** Cookies that are not those of a session: each is answered as no cookie is. */
import { expect, setSystemTime, test } from "bun:test";
import { DAY_MS } from "../../../src/values/duration.ts";
import { signedIn } from "../pages/person.ts";
import { makeAdmin, TOKEN } from "../support.ts";

const PATHS = ["/api/v1/tasks", "/api/v1/events", "/api/v1/openapi.json", "/api/tasks", "/metrics"];

async function statusesWith(cookie: string, admin: ReturnType<typeof makeAdmin>) {
  const answers = PATHS.map(async (path) => admin.app.request(path, { headers: { cookie } }));
  return new Set((await Promise.all(answers)).map(({ status }) => status));
}

/** The parts of a cookie: its name, when it ends, the digest of its token, and what signs them. */
function partsOf(cookie: string) {
  const [name = "", value = ""] = cookie.split(/=(.*)/s);
  const [ends = "", digest = "", ...signature] = decodeURIComponent(value).split(".");
  return { name, ends, digest, signature: signature.join(".") };
}

test("a session reads the API and the metrics", async () => {
  await using admin = makeAdmin();
  const cookie = await signedIn(admin);
  const answers = await Promise.all(
    PATHS.map(async (path) => admin.app.request(path, { headers: { cookie } })),
  );
  expect(answers.map(({ status }) => status)).toEqual(PATHS.map(() => 200));
  await Promise.all(answers.map(async ({ body }) => body?.cancel()));
});

test("a cookie of another database lets nobody in, also under the name of this one", async () => {
  await using other = makeAdmin({ token: `${TOKEN}x` });
  await using admin = makeAdmin();
  const [theirs, ours] = [await signedIn(other, `${TOKEN}x`), await signedIn(admin)];
  expect(await statusesWith(theirs, admin)).toEqual(new Set([401]));
  const renamed = theirs.replace(partsOf(theirs).name, partsOf(ours).name);
  expect(await statusesWith(renamed, admin)).toEqual(new Set([401]));
});

test("a cookie that has expired lets nobody in", async () => {
  await using admin = makeAdmin();
  const cookie = await signedIn(admin);
  try {
    setSystemTime(Date.now() + 30 * DAY_MS);
    expect(await statusesWith(cookie, admin)).toEqual(new Set([401]));
  } finally {
    setSystemTime();
  }
});

test("a cookie that is forged lets nobody in", async () => {
  await using admin = makeAdmin();
  const { name, ends, digest, signature } = partsOf(await signedIn(admin));
  const later = String(Number(ends) + DAY_MS);
  const values = [
    `${later}.${digest}.${signature}`,
    `${ends}.${digest}`,
    `${ends}.${digest}.`,
    `${ends}.${digest}.${signature.replace(/^./, (char) => (char === "A" ? "B" : "A"))}`,
    `${ends}.${"0".repeat(64)}.${signature}`,
    `${ends}..${signature}`,
    `Infinity.${digest}.${signature}`,
    `${ends}.${TOKEN}.${signature}`,
    TOKEN,
    "",
    "%",
    "x".repeat(8_000),
  ];
  for (const value of values) {
    for (const written of [value, encodeURIComponent(value)]) {
      expect([value, await statusesWith(`${name}=${written}`, admin)]).toEqual([
        value,
        new Set([401]),
      ]);
    }
  }
  expect(admin.events).toEqual([]);
});
