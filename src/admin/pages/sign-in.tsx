/** @jsxImportSource hono/jsx */
/** The page on which a person signs in with a token. */
import { WORDS } from "./words.ts";

/** @param to the page that was asked for. */
export function SignIn({ to, refusal }: { readonly to: string; readonly refusal: string | null }) {
  const words = WORDS.signIn;
  return (
    <section class="card">
      <h1>{words.title}</h1>
      <form method="post" action="/sign-in">
        <input type="hidden" name="to" value={to} />
        <div class="field">
          <label for="token">{words.label}</label>
          <input
            id="token"
            name="token"
            type="password"
            autocomplete="current-password"
            required
            autofocus
            aria-describedby="token-hint"
            {...(refusal !== null && { "aria-invalid": "true" })}
          />
          <span id="token-hint" class={refusal === null ? "quiet" : "bad"}>
            {refusal === null ? words.hint : `⚠ ${refusal}`}
          </span>
        </div>
        <button>{words.button}</button>
      </form>
    </section>
  );
}
