/** The parts of a screen, each with as many rows as there is room for. */

export interface Section {
  /** The lines before the rows. */
  readonly title: readonly string[];
  readonly count: number;
  /** The table with so many of its rows, headings included. */
  lines(rows: number): string[];
  /** Says that so many rows are left out. */
  more(left: number): string;
}

/** @param height lines for all; null: as many as they need. Where even a row of each is too much, the last ones go. */
export function fitted(sections: readonly Section[], height: number | null): string[] {
  const shown = sections.filter(({ count }) => count > 0);
  const rows = shown.map(({ count }) => Math.min(count, height ?? count));
  const size = () => shown.reduce((sum, section, at) => sum + sizeOf(section, rows[at] ?? 0), 0);
  while (height !== null && shown.length > 0 && size() > height) {
    const most = Math.max(...rows);
    if (most > 1) rows[rows.lastIndexOf(most)] = most - 1;
    else for (const list of [shown, rows]) list.pop();
  }
  return shown.flatMap((section, at) => {
    const count = rows[at] ?? 0;
    const left = section.count - count;
    return [
      "",
      ...section.title,
      ...section.lines(count),
      ...(left > 0 ? [section.more(left)] : []),
    ];
  });
}

/** With the empty line before it, and the headings of its table. */
function sizeOf({ title, count }: Section, rows: number): number {
  return 1 + title.length + 1 + rows + (count > rows ? 1 : 0);
}
