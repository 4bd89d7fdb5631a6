/** The answer of `tq doctor` for people. */
import { type Checked, type Finding, withEnd } from "../../src/doctor/check.ts";
import { printable } from "../../src/printable.ts";
import { paint, type Terminal } from "./terminal.ts";
import { counted, pad, wrapped } from "./text.ts";

export function doctorText(checked: readonly Checked[], terminal: Terminal): string {
  const findings = checked.flatMap((one) => one.findings);
  const well = checked.filter((one) => one.findings.length === 0);
  const width = Math.max(0, ...well.map(({ subject }) => subject.length));
  const lines = well.map(({ subject, fact, hint }) => {
    const said = hint || fact;
    const words = said === "" ? subject : `${pad(subject, width)}  ${printable(said)}`;
    const sign = hint === "" ? paint(terminal, "green", "✓") : paint(terminal, "yellow", "!");
    return `${sign} ${words}`;
  });
  const verdict =
    findings.length === 0
      ? paint(terminal, "green", "All is well")
      : paint(terminal, "red", counted(findings.length, "finding"));
  const told = findings.flatMap((finding) => [findingText(finding, terminal), ""]);
  return [...lines, "", verdict, ...(told.length > 0 ? ["", ...told.slice(0, -1)] : [])].join("\n");
}

function findingText({ check, message, advice }: Finding, terminal: Terminal): string {
  const sign = paint(terminal, "red", "✗");
  const words = wrapped(withEnd(printable(message)), terminal.width);
  const todo =
    advice === "" ? [] : [wrapped(`To do: ${withEnd(printable(advice))}`, terminal.width)];
  return [`${sign} ${paint(terminal, "bold", check)}`, words, ...todo].join("\n");
}
