import { expect, test } from "bun:test";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorOf } from "../support/error.ts";
import { makeFolder } from "../support/folder.ts";
import { needs } from "../support/needs.ts";
import { serve } from "./server.ts";

/** Makes a certificate that signs itself, for this host. */
function makePair(folder: string, name: string) {
  const cert = join(folder, `${name}.crt`);
  const key = join(folder, `${name}.key`);
  const alike = ["-nodes", "-days", "2", "-subj", `/CN=${name}`];
  const names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const made = Bun.spawnSync(
    ["openssl", "req", "-x509", ...kind, ...alike, ...names, "-keyout", key, "-out", cert],
    { stdio: ["ignore", "ignore", "ignore"] },
  );
  if (made.exitCode !== 0) throw new Error("openssl has made no certificate");
  return { cert, key };
}

/** One connection each, or a request would go to the server of an earlier certificate. */
function ask(url: string, cert: string, init: RequestInit = {}): Promise<Response> {
  const ca = readFileSync(cert, "utf8");
  return fetch(url, { ...init, tls: { ca }, keepalive: false });
}

/** A clock whose `after` is called by the test. */
function handClock() {
  const waiting = new Set<() => void>();
  const after = (_: number, then: () => void) => {
    waiting.add(then);
    return () => void waiting.delete(then);
  };
  const tick = () => {
    for (const then of Array.from(waiting)) {
      waiting.delete(then);
      then();
    }
  };
  return { now: () => Date.now(), monotonic: () => performance.now(), after, tick, waiting };
}

needs("openssl").describe("a server with a certificate", () => {
  test("speaks TLS, also at an address that other hosts can reach", async () => {
    using folder = makeFolder();
    const tls = makePair(folder.path, "a");
    await using server = await serve({ tls, listen: "0.0.0.0:0" });
    expect(server.url).toStartWith("https://");
    const url = `https://localhost:${server.port}`;
    expect((await ask(`${url}/healthz`, tls.cert)).status).toBe(200);
    expect((await ask(`${url}/api/tasks`, tls.cert, { headers: server.headers })).status).toBe(200);
    const headers = { ...server.headers, origin: url };
    expect((await ask(`${url}/api/tasks`, tls.cert, { headers })).status).toBe(200);
    expect(await errorOf(fetch(`http://localhost:${server.port}/healthz`))).toBeInstanceOf(Error);
  });

  test("gives its session in a cookie that no plain request carries", async () => {
    using folder = makeFolder();
    const tls = makePair(folder.path, "a");
    await using server = await serve({ tls });
    const body = new URLSearchParams({ token: readFileSync(server.tokenFile, "utf8").trim() });
    const origin = server.url;
    const answer = await ask(`${server.url}/sign-in`, tls.cert, {
      method: "POST",
      headers: { origin, "content-type": "application/x-www-form-urlencoded" },
      body: body.toString(),
      redirect: "manual",
    });
    expect(answer.headers.get("set-cookie")).toContain("Secure");
  });

  test("takes up a new certificate, and lets the requests of the old one end", async () => {
    using folder = makeFolder();
    const clock = handClock();
    const tls = makePair(folder.path, "a");
    const old = join(folder.path, "old.crt");
    copyFileSync(tls.cert, old);
    const release = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    await using server = await serve({ tls, clock });
    const get = server.store.get.bind(server.store);
    server.store.get = async (id) => {
      started.resolve();
      if (id === 7) await release.promise;
      return get(id);
    };
    const slow = ask(`${server.url}/api/tasks/7`, old, { headers: server.headers });
    await started.promise;
    clock.tick();
    expect(server.events.filter(({ name }) => name === "log.note")).toEqual([]);
    makePair(folder.path, "a");
    clock.tick();
    expect((await ask(`${server.url}/healthz`, tls.cert)).status).toBe(200);
    expect(await errorOf(ask(`${server.url}/healthz`, old))).toBeInstanceOf(Error);
    release.resolve();
    expect((await slow).status).toBe(404);
    expect(server.events).toContainEqual({
      name: "log.note",
      level: "info",
      message: `The admin API uses the certificate that is new in ${tls.cert}`,
    });
  });

  test("keeps the one that it has while a new one cannot be used, and says so once", async () => {
    using folder = makeFolder();
    const clock = handClock();
    const tls = makePair(folder.path, "a");
    const old = join(folder.path, "old.crt");
    copyFileSync(tls.cert, old);
    await using server = await serve({ tls, clock });
    copyFileSync(makePair(folder.path, "b").cert, tls.cert); // its key is still the old one
    clock.tick();
    clock.tick();
    expect((await ask(`${server.url}/healthz`, old)).status).toBe(200);
    const notes = server.events.flatMap((event) =>
      event.name === "log.note" ? event.message : [],
    );
    expect(notes).toEqual([
      `Cannot use TLS: the key in ${tls.key} is not that of the certificate in ${tls.cert}; the admin API goes on with the certificate that it has`,
    ]);
    await server.stop();
    expect(clock.waiting.size).toBe(0);
  });

  test.each<[string, (files: { cert: string; key: string }) => void, string]>([
    [
      "a certificate that is none",
      ({ cert }) => writeFileSync(cert, "x"),
      "does not begin with a certificate",
    ],
    [
      "a key that is none",
      ({ key }) => writeFileSync(key, "x"),
      "does not begin with a private key",
    ],
    [
      "a file that is not there",
      ({ key }) => Bun.spawnSync(["rm", key]),
      "admin.tls_key cannot be read",
    ],
  ])("refuses %s", async (_, spoil, words) => {
    using folder = makeFolder();
    const tls = makePair(folder.path, "a");
    spoil(tls);
    const error = await errorOf(serve({ tls }));
    expect(error).toMatchObject({ code: "invalid" });
    expect(String(error)).toContain(words);
  });

  test.each([
    [{ cert: "/a", key: null }, "admin.tls_cert is set, and admin.tls_key is not"],
    [{ cert: null, key: "/a" }, "admin.tls_key is set, and admin.tls_cert is not"],
  ])("refuses one file without the other: %j", async (tls, words) => {
    const error = await errorOf(serve({ tls }));
    expect(error).toMatchObject({ code: "invalid" });
    expect(String(error)).toContain(words);
  });
});
