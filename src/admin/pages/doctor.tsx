/** @jsxImportSource hono/jsx */
/** The findings of the doctor, on the page of settings: the checks that read and write nothing large. */
import { type Checked, withEnd } from "../../doctor/check.ts";
import { printable } from "../../printable.ts";
import { WORDS } from "./words.ts";

export function Doctor({ checked }: { readonly checked: readonly Checked[] }) {
  const words = WORDS.doctor;
  const findings = checked.flatMap((one) => one.findings);
  return (
    <section id="doctor" aria-labelledby="doctor-title">
      <h2 id="doctor-title">{words.title}</h2>
      {findings.length === 0 ? (
        <p>
          <span class="good">✓</span> {words.well(checked.length)}
        </p>
      ) : (
        <ul>
          {findings.map(({ message, advice }) => (
            <li>
              <span class="bad">⚠</span> {withEnd(printable(message))}
              {advice !== "" && (
                <>
                  {" "}
                  <strong>{words.advice}</strong> {withEnd(printable(advice))}
                </>
              )}
            </li>
          ))}
        </ul>
      )}
      {checked.map(
        ({ subject, hint }) =>
          hint !== "" && (
            <p>
              <span class="warn">!</span> {words.hint(subject)} {withEnd(printable(hint))}
            </p>
          ),
      )}
      <p class="quiet">{words.rest}</p>
    </section>
  );
}
