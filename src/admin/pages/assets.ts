/** The files that the pages load: they are in the executable, and browsers keep them. */
import type { Context } from "hono";
import htmx from "htmx.org/dist/htmx.min.js" with { type: "text" };
import uplotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import uplot from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import charts from "./assets/charts.js" with { type: "text" };
import live from "./assets/live.js" with { type: "text" };
import page from "./assets/page.js" with { type: "text" };
import style from "./assets/style.css" with { type: "text" };
import { digestOf } from "../access/tokens.ts";

export interface Asset {
  /** It has a digest of the content: browsers may keep it for ever. */
  readonly path: string;
  readonly type: string;
  readonly text: string;
}

function asset(name: string, type: string, text: string): Asset {
  const [stem, ending] = name.split(".");
  return { path: `/assets/${stem}.${digestOf(text).toHex().slice(0, 10)}.${ending}`, type, text };
}

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="#2563eb"/><path d="M4 5h8M4 8h8M4 11h5" stroke="#fff" stroke-width="1.6" stroke-linecap="round"/></svg>`;

export const ASSETS = {
  style: asset("style.css", "text/css; charset=utf-8", style),
  page: asset("page.js", "text/javascript; charset=utf-8", page),
  live: asset("live.js", "text/javascript; charset=utf-8", live),
  htmx: asset("htmx.js", "text/javascript; charset=utf-8", htmx),
  charts: asset("charts.js", "text/javascript; charset=utf-8", charts),
  uplot: asset("uplot.js", "text/javascript; charset=utf-8", uplot),
  uplotStyle: asset("uplot.css", "text/css; charset=utf-8", uplotStyle),
  icon: asset("icon.svg", "image/svg+xml", ICON),
} as const;

/** Stands for all of them: a page that was made with others has to be loaded again. */
export const BUILD = digestOf(
  Object.values(ASSETS)
    .map(({ path }) => path)
    .join(),
)
  .toHex()
  .slice(0, 10);

const BY_PATH = new Map<string, Asset>(Object.values(ASSETS).map((one) => [one.path, one]));

const compressed = new Map<string, Uint8Array<ArrayBuffer>>();

/** The asset at this path; null: there is none. */
export function assetAt(c: Context): Response | null {
  const found = BY_PATH.get(c.req.path);
  if (!found) return null;
  c.header("Content-Type", found.type);
  c.header("Cache-Control", "public, max-age=31536000, immutable");
  c.header("Vary", "Accept-Encoding");
  if (!c.req.header("accept-encoding")?.includes("gzip")) return c.body(found.text);
  let bytes = compressed.get(found.path);
  if (!bytes) compressed.set(found.path, (bytes = Bun.gzipSync(found.text)));
  c.header("Content-Encoding", "gzip");
  return c.body(bytes);
}
