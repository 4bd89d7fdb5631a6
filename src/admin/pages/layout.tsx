/** @jsxImportSource hono/jsx */
/** The frame of each page: its head, the ways to the other pages, and who has signed in. */
import { html } from "hono/html";
import type { Child } from "hono/jsx";
import { printable } from "../../printable.ts";
import { type Caller, mayDo } from "../access/tokens.ts";
import { type Asset, ASSETS, BUILD } from "./assets.ts";
import { WORDS } from "./words.ts";

/** The pages in the order of the ways to them, each with the key that follows a g. */
export const WAYS = [
  { path: "/", key: "o", name: WORDS.pages.overview },
  { path: "/tasks", key: "t", name: WORDS.pages.tasks },
  { path: "/failed", key: "f", name: WORDS.pages.failed },
  { path: "/recurring", key: "r", name: WORDS.pages.recurring },
  { path: "/queues", key: "q", name: WORDS.pages.queues },
  { path: "/workers", key: "w", name: WORDS.pages.workers },
  { path: "/models", key: "m", name: WORDS.pages.models },
  { path: "/settings", key: "s", name: WORDS.pages.settings },
] as const;

/** Those of a person who may push, and not look. */
const WAYS_OF_PUSH = [
  { path: "/push", key: "p", name: WORDS.push.title },
  { path: "/models", key: "m", name: WORDS.pages.models },
] as const;

function waysOf(caller: Caller) {
  return mayDo(caller, "read") ? WAYS : WAYS_OF_PUSH;
}

export interface LiveOptions {
  /** The page changes without a commit: it is fetched anew after so many seconds at the latest. Default: 10. */
  readonly pace?: number;
  /** It is fetched from another path than its own. */
  readonly from?: string;
}

interface PageProps {
  readonly title: string;
  /** The path of the page, to mark its way. */
  readonly path: string;
  /** null: nobody has signed in. */
  readonly caller: Caller | null;
  /** The secret that a form sends back. */
  readonly formToken?: string;
  /** Where there is JavaScript the page is kept up to date; absent: it stays as it is. */
  readonly live?: LiveOptions | undefined;
  /** The assets of this page, besides those of all pages. */
  readonly assets?: readonly Asset[];
  readonly children?: Child;
}

/** htmx may neither evaluate code nor write style elements: the policy of the pages forbids both. */
const HTMX = JSON.stringify({
  includeIndicatorCSS: false,
  allowEval: false,
  // A person opens and closes details, not the server.
  morphIgnore: ["data-htmx-powered", "open"],
});

export function Page({ title, path, caller, formToken, live, assets = [], children }: PageProps) {
  const page = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="htmx-config" content={HTMX} />
        <title>{`${title} · ${WORDS.product}`}</title>
        <link rel="icon" href={ASSETS.icon.path} />
        <link rel="stylesheet" href={ASSETS.style.path} />
        <script src={ASSETS.htmx.path} defer></script>
        <script src={ASSETS.page.path} defer></script>
        {live && <script src={ASSETS.live.path} defer></script>}
        {assets.map(({ path: file }) =>
          file.endsWith(".css") ? (
            <link rel="stylesheet" href={file} />
          ) : (
            <script src={file} defer></script>
          ),
        )}
      </head>
      <body>
        <a class="skip" href="#main">
          {WORDS.skip}
        </a>
        <header>
          <a class="brand" href="/">
            {WORDS.product}
          </a>
          {caller && (
            <>
              <nav aria-label={WORDS.product}>
                {waysOf(caller).map((way) => (
                  <a
                    href={way.path}
                    data-key={way.key}
                    {...(isAt(way.path, placeOf(path, caller)) && { "aria-current": "page" })}
                  >
                    {way.name}
                  </a>
                ))}
              </nav>
              <button type="button" class="plain keys" data-keys aria-label={WORDS.keys.title}>
                ?
              </button>
              <form method="post" action="/sign-out" class="who">
                <input type="hidden" name="form_token" value={formToken} />
                <span>{caller.name}</span>
                <button class="plain">{WORDS.signIn.out}</button>
              </form>
            </>
          )}
        </header>
        <main id="main" tabindex={-1} {...(live && liveData(live))}>
          {children}
        </main>
        {live && <LiveNote />}
        {caller && <Keys caller={caller} />}
      </body>
    </html>
  );
  return html`<!DOCTYPE html>${page}`; // without it browsers show it as pages of 1998
}

/** The keys that page.js knows. It is shown where there is JavaScript. */
function Keys({ caller }: { readonly caller: Caller }) {
  const words = WORDS.keys;
  return (
    <dialog id="keys" aria-labelledby="keys-title">
      <h2 id="keys-title">{words.title}</h2>
      <dl class="keylist">
        {waysOf(caller).map(({ key, name }) => (
          <div>
            <dt>
              <kbd>g</kbd> <kbd>{key}</kbd>
            </dt>
            <dd>{name}</dd>
          </div>
        ))}
        {words.others.map(([key, meaning]) => (
          <div>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button class="plain">{words.close}</button>
      </form>
    </dialog>
  );
}

/** The form of a push belongs to the models, for people who have no way to it. */
function placeOf(path: string, caller: Caller): string {
  return path === "/push" && mayDo(caller, "read") ? "/models" : path;
}

/** True for the page of a way and for those below it. */
function isAt(way: string, path: string): boolean {
  return way === path || (way !== "/" && path.startsWith(`${way}/`));
}

/** The content of a page that says why there is no other. */
export function Refusal({ sentence }: { readonly sentence: string }) {
  return (
    <>
      <h1>{WORDS.error}</h1>
      <p class="sentence">{printable(sentence)}</p>
      <p>
        <a href="/">{WORDS.back}</a>
      </p>
    </>
  );
}

const PACE_S = 10;

function liveData({ pace = PACE_S, from }: LiveOptions) {
  return {
    "data-pace": String(pace * 1_000),
    "data-build": BUILD,
    ...(from !== undefined && { "data-from": from }),
  };
}

/** live.js says here why the page is not up to date. */
function LiveNote() {
  const { lost, ended, signIn, fault, renewed, reload } = WORDS.live;
  return (
    <p
      id="live"
      class="live"
      role="status"
      data-lost={lost}
      data-ended={ended}
      data-sign-in={signIn}
      data-fault={fault}
      data-renewed={renewed}
      data-reload={reload}
    ></p>
  );
}
