/** The dashboard: pages that the server renders. Each works without JavaScript. */
import { type Context, Hono, type Next } from "hono";
import type { Child } from "hono/jsx";
import { secureHeaders } from "hono/secure-headers";
import type { AdminEnv } from "../access/access.ts";
import type { GuessLimit } from "../access/guesses.ts";
import type { Sessions } from "../access/session.ts";
import { type Health, problems } from "../health.ts";
import { assetAt } from "./assets.ts";
import { Page } from "./layout.tsx";
import { Overview } from "./overview.tsx";
import { SignIn } from "./sign-in.tsx";
import { WORDS } from "./words.ts";

export interface PagesOptions extends Health {
  readonly guesses: GuessLimit;
  readonly sessions: Sessions;
}

/** No page runs or loads anything but the files of the executable, and none is shown inside another site's. */
const POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'"],
  connectSrc: ["'self'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
  baseUri: ["'none'"],
};

export function pages(options: PagesOptions): Hono<AdminEnv> {
  const { sessions, store } = options;
  const app = new Hono<AdminEnv>();
  app.use(
    secureHeaders({
      contentSecurityPolicy: POLICY,
      strictTransportSecurity: false, // where the server speaks TLS, a proxy or the network decides
      referrerPolicy: "same-origin",
      xFrameOptions: "DENY",
    }),
  );
  app.get("/assets/:file", (c) => assetAt(c) ?? c.notFound());
  app.get("/sign-in", (c) => signInPage(c, localPath(c.req.query("to")), null));
  app.post("/sign-in", (c) => signIn(c, options));
  app.use((c, next) => requireSession(c, next, sessions));
  app.post("/sign-out", (c) => {
    sessions.end(c);
    return c.redirect("/sign-in", 303);
  });
  app.get("/", async (c) => {
    const status = await store.status();
    const found = await problems(options, status);
    return show(c, sessions, {
      title: WORDS.pages.overview,
      isLive: true,
      content: <Overview status={status} problems={found} now={store.now()} />,
    });
  });
  return app;
}

interface Shown {
  readonly title: string;
  readonly isLive?: boolean;
  readonly content: Child;
}

/** A page for a person who has signed in. */
function show(c: Context<AdminEnv>, sessions: Sessions, { title, isLive = false, content }: Shown) {
  const caller = c.get("caller");
  return c.html(
    <Page
      title={title}
      path={c.req.path}
      caller={caller}
      formToken={sessions.formToken(caller)}
      isLive={isLive}
    >
      {content}
    </Page>,
  );
}

function signInPage(c: Context, to: string, refusal: string | null, status: 200 | 401 | 429 = 200) {
  return c.html(
    <Page title={WORDS.signIn.title} path="/sign-in" caller={null}>
      <SignIn to={to} refusal={refusal} />
    </Page>,
    status,
  );
}

async function signIn(c: Context<AdminEnv>, { guesses, sessions }: PagesOptions) {
  const { token, to } = await c.req.parseBody();
  const path = localPath(typeof to === "string" ? to : undefined);
  const given = typeof token === "string" ? token.trim() : "";
  const caller = await guesses.look(c.env?.address ?? "", given);
  if (typeof caller === "number") return signInPage(c, path, WORDS.signIn.wait, 429);
  if (caller === null) return signInPage(c, path, WORDS.signIn.wrong, 401);
  await sessions.begin(c, caller);
  return c.redirect(path, 303);
}

/** A path of this server: a link to the page may name any. */
function localPath(to: string | undefined): string {
  const isLocal = to !== undefined && /^\/(?![/\\])[^\s\\]*$/.test(to);
  return isLocal && !to.startsWith("/sign-") ? to : "/";
}

/** Leads a person who has not signed in there, and refuses a form that is not from a page of this session. */
async function requireSession(c: Context<AdminEnv>, next: Next, sessions: Sessions) {
  const caller = await sessions.caller(c);
  if (caller === null) {
    const to = c.req.method === "GET" ? `?to=${encodeURIComponent(pathOf(c.req.url))}` : "";
    return c.redirect(`/sign-in${to}`, 303);
  }
  c.set("caller", caller);
  if (c.req.method !== "GET") {
    const { form_token: given } = await c.req.parseBody();
    if (!sessions.isFormToken(caller, given)) {
      return c.html(
        <Page title={WORDS.error} path={c.req.path} caller={null}>
          <h1>{WORDS.error}</h1>
          <p>{WORDS.formOld}</p>
        </Page>,
        403,
      );
    }
  }
  return next();
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}
