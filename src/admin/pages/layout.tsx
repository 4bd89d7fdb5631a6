/** The frame of each page: its head, the ways to the other pages, and who has signed in. */
import type { Child } from "hono/jsx";
import type { Caller } from "../access/tokens.ts";
import { ASSETS } from "./assets.ts";
import { WORDS } from "./words.ts";

/** The pages in the order of the ways to them. A page that is not built has no way. */
const WAYS = [
  { path: "/", name: WORDS.pages.overview },
  { path: "/tasks", name: WORDS.pages.tasks },
  { path: "/failed", name: WORDS.pages.failed },
  { path: "/recurring", name: WORDS.pages.recurring },
  { path: "/queues", name: WORDS.pages.queues },
  { path: "/workers", name: WORDS.pages.workers },
  { path: "/models", name: WORDS.pages.models },
  { path: "/settings", name: WORDS.pages.settings },
] as const;

interface PageProps {
  readonly title: string;
  /** The path of the page, to mark its way. */
  readonly path: string;
  /** null: nobody has signed in. */
  readonly caller: Caller | null;
  /** What a form has to send back. */
  readonly formToken?: string;
  /** True: the page is fetched anew every few seconds where there is JavaScript. */
  readonly isLive?: boolean;
  readonly children?: Child;
}

/** htmx may neither evaluate code nor write style elements: the policy of the pages forbids both. */
const HTMX = JSON.stringify({ includeIndicatorCSS: false, allowEval: false });

export function Page({ title, path, caller, formToken, isLive = false, children }: PageProps) {
  return (
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
                {WAYS.map((way) => (
                  <a href={way.path} {...(isAt(way.path, path) && { "aria-current": "page" })}>
                    {way.name}
                  </a>
                ))}
              </nav>
              <form method="post" action="/sign-out" class="who">
                <input type="hidden" name="form_token" value={formToken} />
                <span>{caller.name}</span>
                <button class="plain">{WORDS.signIn.out}</button>
              </form>
            </>
          )}
        </header>
        <main id="main" tabindex={-1} {...(isLive && LIVE)}>
          {children}
        </main>
      </body>
    </html>
  );
}

/** True for the page of a way and for those below it. */
function isAt(way: string, path: string): boolean {
  return way === path || (way !== "/" && path.startsWith(`${way}/`));
}

const LIVE = {
  "hx-get": "",
  "hx-trigger": "every 3s",
  "hx-select": "#main",
  "hx-swap": "outerMorph",
} as const;
