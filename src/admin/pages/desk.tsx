/** @jsxImportSource hono/jsx */
/** The desk of every page: its caller, its frame, and the store. */
import type { Context, MiddlewareHandler, Next } from "hono";
import type { Child } from "hono/jsx";
import { type ErrorCode, isTqError } from "../../errors.ts";
import type { Store } from "../../store/store.ts";
import type { Role } from "../../store/tokens.ts";
import type { AdminEnv } from "../access/access.ts";
import type { Sessions } from "../access/session.ts";
import { mayDo } from "../access/tokens.ts";
import { STATUS } from "../problem.ts";
import type { AdminOptions } from "../app.ts";
import type { Asset } from "./assets.ts";
import { Page } from "./layout.tsx";
import { WORDS } from "./words.ts";

const REFUSALS: Partial<Record<ErrorCode, 404 | 422>> = { not_found: 404, invalid: 422 };

export interface DeskOptions extends AdminOptions {
  readonly sessions: Sessions;
  /** The store with what is secret: a form that shows a task gets its secrets back from there. */
  readonly stored: Store;
}

interface Shown {
  readonly title: string;
  /** True: the page is fetched anew every few seconds where there is JavaScript. */
  readonly isLive?: boolean;
  /** The assets of this page, besides those of all pages. */
  readonly assets?: readonly Asset[];
  readonly status?: 200 | 403 | 404 | 409 | 422;
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

  /** As `withSession`, for what needs the role. */
  formFor(role: Role): MiddlewareHandler<AdminEnv> {
    return async (c, next) =>
      this.#requireSession(c, async () => {
        if (mayDo(c.get("caller"), role)) return next();
        c.res = await this.refuse(c, WORDS.needsRole(role), 403);
      });
  }

  async #requireSession(c: Context<AdminEnv>, next: Next): Promise<Response | void> {
    const { sessions } = this.options;
    const caller = await sessions.caller(c);
    if (caller === null) {
      const { pathname, search } = new URL(c.req.url);
      const to = c.req.method === "GET" ? `?to=${encodeURIComponent(pathname + search)}` : "";
      return c.redirect(`/sign-in${to}`, 303);
    }
    c.set("caller", caller);
    if (c.req.method !== "GET") {
      const { form_token: given } = await c.req.parseBody();
      if (!sessions.isFormToken(caller, given)) return this.refuse(c, WORDS.formOld, 403);
    }
    try {
      await next();
    } catch (error) {
      if (!isTqError(error) || STATUS[error.code] >= 500) throw error;
      return this.refuse(c, error.message, REFUSALS[error.code] ?? 409);
    }
  }

  /** The secret that the forms of this caller's pages send back. */
  formToken(c: Context<AdminEnv>): string {
    return this.options.sessions.formToken(c.get("caller"));
  }

  /** Says who has paused or run something: the name of the token. */
  nameOf(c: Context<AdminEnv>): string {
    return c.get("caller").name;
  }

  may(c: Context<AdminEnv>, role: Role): boolean {
    return mayDo(c.get("caller"), role);
  }

  async show(
    c: Context<AdminEnv>,
    { title, isLive = false, assets = [], status = 200, content }: Shown,
  ): Promise<Response> {
    return c.html(
      <Page
        title={title}
        path={c.req.path}
        caller={c.get("caller")}
        formToken={this.formToken(c)}
        isLive={isLive}
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
    status: 403 | 404 | 409 | 422,
  ): Promise<Response> {
    const content = (
      <>
        <h1>{WORDS.error}</h1>
        <p class="sentence">{sentence}</p>
        <p>
          <a href="/">{WORDS.back}</a>
        </p>
      </>
    );
    return this.show(c, { title: WORDS.error, status, content });
  }
}
