/** Writes metrics as OpenMetrics text 1.0.0, or as the text of Prometheus that came before it. */

export type Labels = Readonly<Record<string, string>>;

/** Counts of a histogram. */
export interface HistogramValue {
  /** How many were at most as long as each bound. */
  readonly upTo: readonly number[];
  readonly count: number;
  /** In seconds. */
  readonly sum: number;
}

export type Family = {
  /** Without the ending that its type gives it. */
  readonly name: string;
  readonly help: string;
  /** Its name ends with this. */
  readonly unit?: "seconds" | "bytes";
} & (
  | { readonly type: "counter" | "gauge"; readonly samples: readonly (readonly [Labels, number])[] }
  | {
      readonly type: "histogram";
      /** In seconds. */
      readonly bounds: readonly number[];
      readonly samples: readonly (readonly [Labels, HistogramValue])[];
    }
);

export type Format = "openmetrics" | "prometheus";

export const CONTENT_TYPE: Readonly<Record<Format, string>> = {
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
};

/** OpenMetrics, unless the header asks for plain text and not for that. */
export function formatFor(accept = ""): Format {
  const asksForText = accept.includes("text/plain") && !accept.includes("openmetrics");
  return asksForText ? "prometheus" : "openmetrics";
}

export function expose(families: readonly Family[], format: Format): string {
  const texts = families.map((family) => writeFamily(family, format));
  return texts.join("") + (format === "openmetrics" ? "# EOF\n" : "");
}

function writeFamily(family: Family, format: Format): string {
  const { name, type, help, unit } = family;
  const isOpen = format === "openmetrics";
  const sample = type === "counter" ? `${name}_total` : name;
  const about = isOpen ? name : sample;
  const head = [`# HELP ${about} ${escape(help, isOpen)}`, `# TYPE ${about} ${type}`];
  if (isOpen && unit !== undefined) head.push(`# UNIT ${name} ${unit}`);
  return `${[...head, ...linesOf(family, sample)].join("\n")}\n`;
}

function linesOf(family: Family, name: string): string[] {
  if (family.type !== "histogram") {
    return family.samples.map(([labels, value]) => `${name}${braced(pairs(labels))} ${value}`);
  }
  const bounds = [...family.bounds.map(asFloat), "+Inf"];
  return family.samples.flatMap(([labels, { upTo, count, sum }]) => {
    const own = pairs(labels);
    const before = own === "" ? "" : `${own},`;
    return [
      ...[...upTo, count].map(
        (value, at) => `${name}_bucket{${before}le="${bounds[at]}"} ${value}`,
      ),
      `${name}_count${braced(own)} ${count}`,
      `${name}_sum${braced(own)} ${sum}`,
    ];
  });
}

/** OpenMetrics wants the bounds of buckets to look like floats. */
function asFloat(bound: number): string {
  return Number.isInteger(bound) ? bound.toFixed(1) : String(bound);
}

function pairs(labels: Labels): string {
  const all = Object.entries(labels);
  return all.map(([name, value]) => `${name}="${escape(value, true)}"`).join(",");
}

function braced(inside: string): string {
  return inside === "" ? "" : `{${inside}}`;
}

/** Half a surrogate pair is no text for UTF-8. */
function escape(text: string, quotes: boolean): string {
  const plain = text.toWellFormed().replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return quotes ? plain.replaceAll('"', '\\"') : plain;
}
