/** The sections `[[webhook]]` of tq.toml. */
import { expect, test } from "bun:test";
import { parseSettings } from "../../src/settings/config.ts";
import { signingKey } from "../../src/settings/webhook-sections.ts";
import { messageOf } from "../../src/errors.ts";
import { Folder } from "../cli/tq.ts";

const URL_TEXT = "https://shop.example/hooks/hush?key=hush";
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const GOOD = { url: URL_TEXT, secret: SECRET };

const parse = (...webhook: unknown[]) => parseSettings({ webhook }, "tq.toml", "/shop").webhooks;

function refusal(...webhook: unknown[]): string {
  try {
    parse(...webhook);
  } catch (error) {
    return messageOf(error);
  }
  return "";
}

test("a webhook tells failures of all tasks, without their arguments, where it says no more", () => {
  expect(parse(GOOD)).toEqual([
    {
      target: expect.stringMatching(/^[\da-f]{16}$/) as unknown as string,
      url: URL_TEXT,
      events: ["task.failed"],
      queues: [],
      tasks: [],
      includesArgs: false,
      secret: SECRET,
      secretFile: null,
    },
  ]);
});

test("it says its name, its events, patterns, and a file beside tq.toml", () => {
  const { secret: _, ...rest } = GOOD;
  const more = { name: "shop", events: ["task.finished", "task.failed"], include: ["args"] };
  const given = { ...rest, ...more, queues: ["mail*"], tasks: ["sale.*"], secret_file: "key" };
  expect(parse(given)).toMatchObject([
    {
      target: "shop",
      events: ["task.failed", "task.finished"],
      queues: ["mail*"],
      tasks: ["sale.*"],
      includesArgs: true,
      secret: null,
      secretFile: "/shop/key",
    },
  ]);
});

const AT = "tq.toml: [[webhook]] 1";

test.each([
  [
    "without a URL",
    { secret: SECRET },
    `${AT} has no url: it must be a URL that begins with "https://" or "http://"`,
  ],
  [
    "with another URL",
    { ...GOOD, url: "ftp://hush" },
    `${AT} url cannot be this: it must be a URL that begins with "https://" or "http://"`,
  ],
  ["without a secret", { url: URL_TEXT }, `${AT} must have either secret or secret_file`],
  [
    "with two secrets",
    { ...GOOD, secret_file: "key" },
    `${AT} must have either secret or secret_file`,
  ],
  [
    "with a short secret",
    { ...GOOD, secret: "hush" },
    `${AT} secret cannot be this: it must be whsec_ and 24 to 64 bytes in base64, or a text of 16 characters or more (openssl rand -base64 32 makes one)`,
  ],
  [
    "with an unknown event",
    { ...GOOD, events: ["task.fialed"] },
    `${AT} events cannot be ["task.fialed"]: it must be a list with some of "task.finished", "task.failed", "task.cancelled"; did you mean "task.failed"?`,
  ],
  [
    "without any event",
    { ...GOOD, events: [] },
    `${AT} events cannot be []: it must be a list with some of "task.finished", "task.failed", "task.cancelled"`,
  ],
  [
    "with a wrong list",
    { ...GOOD, queues: "mail" },
    `${AT} queues cannot be "mail": it must be a list of names or patterns, such as ["mail", "pdf*"]`,
  ],
  [
    "with a name that is none",
    { ...GOOD, name: "the shop" },
    `${AT} name cannot be "the shop": it must be up to 64 letters, digits, dots, dashes and underscores`,
  ],
  [
    "with an unknown key",
    { ...GOOD, event: [] },
    `${AT} event is not a setting; did you mean "events"?`,
  ],
  ["that is no section", 7, `${AT} must be a section with keys such as url and secret`],
])("a webhook %s is refused, and no secret is told", (_, given, words) => {
  const message = refusal(given);
  expect(message).toBe(words);
  expect(message).not.toContain("hush");
});

test("two webhooks of one URL each need a name", () => {
  expect(refusal(GOOD, GOOD)).toBe(
    'tq.toml: [[webhook]] 2 has the url or the name of [[webhook]] 1; give each a name = "…" of its own',
  );
  expect(parse(GOOD, { ...GOOD, name: "other" })).toHaveLength(2);
});

test("one bracket too few is told", () => {
  expect(() => parseSettings({ webhook: GOOD }, "tq.toml")).toThrow(
    "tq.toml: webhook must be a list of sections: write [[webhook]], with two brackets",
  );
});

test("a secret is the bytes of its base64, or a text itself; a file's counts as it is now", async () => {
  await using folder = new Folder();
  const { secret: _, ...rest } = GOOD;
  const [coded] = parse(GOOD);
  const [plain] = parse({ ...GOOD, secret: "sixteen letters!" });
  const [filed] = parse({ ...rest, secret_file: folder.file("key") });
  if (!coded || !plain || !filed) throw new Error("each is a webhook");
  expect(Buffer.from(signingKey(coded)).toBase64()).toBe(SECRET.slice(6));
  expect(Buffer.from(signingKey(plain)).toString()).toBe("sixteen letters!");
  expect(() => signingKey(filed)).toThrow(/secret_file .+ cannot be read \(ENOENT\)/);
  folder.write("key", `${SECRET}\n`);
  expect(signingKey(filed)).toEqual(signingKey(coded));
  folder.write("key", "hush\n");
  expect(() => signingKey(filed)).toThrow(/^Cannot sign: \S+ must have whsec_ and/);
});

test("tq config shows no webhook's URL or secret", async () => {
  await using folder = new Folder();
  folder.write("tq.toml", `[[webhook]]\nurl = "${URL_TEXT}"\nsecret = "${SECRET}"\n`);
  for (const args of [["config"], ["config", "--json"]]) {
    const { code, stdout, stderr } = await folder.tq(...args);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).not.toContain("hush");
    expect(stdout).not.toContain(SECRET.slice(6));
  }
});
