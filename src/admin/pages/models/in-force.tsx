/** @jsxImportSource hono/jsx */
/** All policies in force of a method. */
import { printable } from "../../../printable.ts";
import type { ListedMethod } from "../../../registry/listed-models.ts";
import { Fact } from "../parts.tsx";
import { WORDS } from "../words.ts";

export function InForce({ method }: { readonly method: ListedMethod }) {
  return (
    <>
      <h2>{WORDS.push.policies}</h2>
      <dl class="facts">
        {Object.entries(method.policies).map(([key, { words, from }]) => (
          <Fact name={key}>
            {printable(words)} <span class="quiet">{WORDS.models.from(from)}</span>
          </Fact>
        ))}
      </dl>
    </>
  );
}
