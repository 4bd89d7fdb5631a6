/** @jsxImportSource hono/jsx */
/** The dashboard: pages that the server renders. Each works without JavaScript. */
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { secureHeaders } from "hono/secure-headers";
import type { AdminEnv } from "../access/access.ts";
import type { GuessLimit } from "../access/guesses.ts";
import type { Caller } from "../access/tokens.ts";
import type { Role } from "../../store/tokens.ts";
import { assetAt } from "./assets.ts";
import { Desk, type DeskOptions, homeOf } from "./desk.tsx";
import { failedPages } from "./failed.tsx";
import { Page, Refusal } from "./layout.tsx";
import { Live } from "./live.ts";
import { overviewPages } from "./overview.tsx";
import { modelsPages } from "./models/models.tsx";
import { queuesPages } from "./queues.tsx";
import { recurringPages } from "./recurring/recurring.tsx";
import { settingsPages } from "./settings.tsx";
import { SignIn } from "./sign-in.tsx";
import { taskPages } from "./task.tsx";
import { tasksPages } from "./tasks.tsx";
import { WORDS } from "./words.ts";
import { workersPages } from "./workers.tsx";

export interface PagesOptions extends DeskOptions {
  readonly guesses: GuessLimit;
  /** True while the caller is let in, and has one of the roles. */
  readonly stillMay: (caller: Caller, ...roles: readonly Role[]) => Promise<boolean>;
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

const STREAM = {
  "Content-Type": "text/event-stream; charset=utf-8",
  "X-Accel-Buffering": "no", // nginx would keep events back
};

export function pages(options: PagesOptions): Hono<AdminEnv> {
  const { sessions } = options;
  const desk = new Desk(options);
  const app = new Hono<AdminEnv>();
  app.onError((error, c) => desk.answerError(c, error));
  app.use(
    secureHeaders({
      contentSecurityPolicy: POLICY,
      strictTransportSecurity: false, // where the server speaks TLS, a proxy or the network decides
      referrerPolicy: "same-origin",
      xFrameOptions: "DENY",
    }),
  );
  app.use(compressed);
  const live = new Live(options.store, options.closing);
  app.get("/assets/:file", (c) => assetAt(c) ?? c.notFound());
  app.get("/sign-in", (c) => signInPage(c, localPath(c.req.query("to")), null));
  app.post("/sign-in", (c) => signIn(c, options));
  app.post("/sign-out", desk.withSession, async (c) => {
    const caller = c.get("caller");
    await sessions.end(c, caller);
    live.end(caller.session);
    return c.redirect("/sign-in", 303);
  });
  app.get("/live", desk.signedIn, (c) => {
    const caller = c.get("caller");
    const body = live.open(caller.session ?? "", () => options.stillMay(caller, "read"));
    return body === null ? c.body(null, 204) : c.body(body, 200, STREAM); // 204: do not come back
  });
  app.route("/", overviewPages(desk));
  app.route("/", failedPages(desk));
  app.route("/", recurringPages(desk));
  app.route("/", queuesPages(desk));
  app.route("/", workersPages(desk));
  app.route("/", modelsPages(desk));
  app.route("/", settingsPages(desk));
  app.route("/", tasksPages(desk));
  app.route("/", taskPages(desk));
  return app;
}

/** A page is sent in a fifth of its bytes. Other sites cannot have it sent: no secret of it leaks by its length. */
const compressed: MiddlewareHandler = async (c, next) => {
  await next();
  const isPage = c.res.headers.get("content-type")?.startsWith("text/html") === true;
  if (!isPage || !c.req.header("accept-encoding")?.includes("gzip")) return;
  const bytes = Bun.gzipSync(await c.res.arrayBuffer(), { level: 3 });
  c.res = new Response(bytes, c.res);
  c.header("Content-Encoding", "gzip");
  c.header("Vary", "Accept-Encoding");
};

/** A page for people who may not have signed in. */
export function sentencePage(
  c: Context,
  sentence: string,
  status: 404,
): Response | Promise<Response> {
  return c.html(
    <Page title={WORDS.error} path="" caller={null}>
      <Refusal sentence={sentence} />
    </Page>,
    status,
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
  const caller = await guesses.look(c.env, given);
  if (typeof caller === "number") return signInPage(c, path, WORDS.signIn.wait, 429);
  if (caller === null) return signInPage(c, path, WORDS.signIn.wrong, 401);
  await sessions.begin(c, caller);
  return c.redirect(path === "/" ? homeOf(caller) : path, 303);
}

/** A path of this server: a link to the page may name any. */
function localPath(to: string | undefined): string {
  const isLocal = to !== undefined && /^\/(?![/\\])[^\s\\]*$/.test(to);
  return isLocal && !to.startsWith("/sign-") ? to : "/";
}
