/** @jsxImportSource hono/jsx */
/** The desk of every page: its caller, its frame, and the store. */
import type { Context, MiddlewareHandler, Next } from "hono";
import type { Child } from "hono/jsx";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { isTqError } from "../../errors.ts";
import type { Store } from "../../store/store.ts";
import type { Role } from "../../store/tokens.ts";
import type { AdminEnv } from "../access/access.ts";
import type { Sessions } from "../access/session.ts";
import { type Caller, mayDo } from "../access/tokens.ts";
import { Forbidden, type ProblemCode, reportError, STATUS } from "../problem.ts";
import type { AdminOptions } from "../app.ts";
import type { Asset } from "./assets.ts";
import { type LiveOptions, Page, Refusal } from "./layout.tsx";
import { WORDS } from "./words.ts";

/** 401 tells the script of a page that its session has ended. */
const REFUSALS: Partial<Record<ProblemCode, 409>> = { unauthorized: 409 };

export interface DeskOptions extends AdminOptions {
  readonly sessions: Sessions;
  /** The store with what is secret: a form that shows a task gets its secrets back from there. */
  readonly stored: Store;
}

interface Shown {
  readonly title: string;
  readonly live?: LiveOptions;
  /** The assets of this page, besides those of all pages. */
  readonly assets?: readonly Asset[];
  readonly status?: ContentfulStatusCode;
  readonly content: Child;
}

export class Desk {
  readonly options: DeskOptions;

  constructor(options: DeskOptions) {
    this.options = options;
  }

  get store() {
    return this.options.store;
  }

  /** Leads a person who has not signed in there, and refuses a form that is not from a page of this session. */
  readonly withSession: MiddlewareHandler<AdminEnv> = async (c, next) =>
    this.#requireSession(c, next);

  /** As `withSession`, for a page that shows what is in the database. */
  get signedIn(): MiddlewareHandler<AdminEnv> {
    return this.formFor("read");
  }

  /** As `withSession`, for what needs one of the roles. */
  formFor(...roles: readonly Role[]): MiddlewareHandler<AdminEnv> {
    return async (c, next) =>
      this.#requireSession(c, async () => {
        const caller = c.get("caller");
        if (roles.some((role) => mayDo(caller, role))) return next();
        const home = homeOf(caller);
        if (c.req.path === "/" && home !== "/") {
          c.res = c.redirect(home, 303);
          return;
        }
        c.res = await this.refuse(c, WORDS.needsRole(roles.join(" or "), caller.roles), 403);
      });
  }

  async #requireSession(c: Context<AdminEnv>, next: Next): Promise<Response | void> {
    const { sessions, store } = this.options;
    const caller = await sessions.caller(c);
    if (caller === null) {
      if (isScript(c)) return c.text(WORDS.live.ended, 401);
      const { pathname, search } = new URL(c.req.url);
      const to = c.req.method === "GET" ? `?to=${encodeURIComponent(pathname + search)}` : "";
      return c.redirect(`/sign-in${to}`, 303);
    }
    c.set("caller", caller);
    await store.check(); // an open file that was deleted can still be read
    if (c.req.method !== "GET") {
      const { form_token: given } = await c.req.parseBody();
      if (!sessions.isFormToken(caller, given)) return this.refuse(c, WORDS.formOld, 403);
    }
    return next();
  }

  /** Refuses a person who may not see the task that is meant. */
  lacksRead(c: Context<AdminEnv>): Promise<Response> {
    return this.refuse(c, WORDS.needsRole("read", c.get("caller").roles), 403);
  }

  /** Answers an error with a page, and reports it where the server is at fault. */
  async answerError(c: Context<AdminEnv>, error: unknown): Promise<Response> {
    if (error instanceof Forbidden) return this.refuse(c, error.message, 403);
    const code = isTqError(error) ? error.code : "internal";
    const status = REFUSALS[code] ?? STATUS[code];
    if (status >= 500) reportError(c, error, this.options.report);
    // The page comes back by itself once the database does.
    const live = status >= 500 && c.req.method === "GET" ? {} : undefined;
    return this.refuse(c, this.#sentenceOf(c, error), status, live);
  }

  /** Names of files are for people who have signed in. */
  #sentenceOf(c: Context<AdminEnv>, error: unknown): string {
    if (!isTqError(error)) return WORDS.internal;
    const isOpen = STATUS[error.code] < 500 || callerOf(c) !== undefined;
    return isOpen ? error.message : WORDS.database;
  }

  /** The secret that the forms of this caller's pages send back. */
  formToken(c: Context<AdminEnv>): string {
    return this.options.sessions.formToken(c.get("caller"));
  }

  may(c: Context<AdminEnv>, role: Role): boolean {
    return mayDo(c.get("caller"), role);
  }

  async show(
    c: Context<AdminEnv>,
    { title, live, assets = [], status = 200, content }: Shown,
  ): Promise<Response> {
    const caller = callerOf(c);
    return c.html(
      <Page
        title={title}
        path={c.req.path}
        caller={caller ?? null}
        {...(caller && { formToken: this.formToken(c) })}
        live={live}
        assets={assets}
      >
        {content}
      </Page>,
      status,
    );
  }

  async refuse(
    c: Context<AdminEnv>,
    sentence: string,
    status: ContentfulStatusCode,
    live?: LiveOptions,
  ): Promise<Response> {
    const content = <Refusal sentence={sentence} />;
    return this.show(c, { title: WORDS.error, status, content, ...(live && { live }) });
  }
}

/** The first page of a person: one who may only push cannot see the overview. */
export function homeOf(caller: Caller): "/" | "/push" {
  return mayDo(caller, "read") ? "/" : "/push";
}

/** undefined: nobody has signed in, or the database cannot tell. */
function callerOf(c: Context<AdminEnv>): Caller | undefined {
  return c.get("caller");
}

/** A script of a page asks: it keeps the page, and says that the session has ended. */
function isScript(c: Context): boolean {
  const isStream = c.req.header("accept")?.includes("text/event-stream") === true;
  return isStream || c.req.header("hx-request") !== undefined;
}
