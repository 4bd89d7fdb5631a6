/** The last words of the command line by which Windows starts tq as a service. */
import type { Definition } from "./definition.ts";

const MARK = "--windows-service";

type Service = Pick<Definition, "name" | "folder" | "log">;

export function serviceWords({ name, folder, log }: Service): string[] {
  return [MARK, name, folder, log];
}

/** @returns the service that these words start, and the words of tq before them; null: they start none */
export function serviceIn(
  argv: readonly string[],
): { readonly service: Service; readonly argv: string[] } | null {
  const [mark, name, folder, log] = argv.slice(-4);
  if (mark !== MARK || name === undefined || folder === undefined || log === undefined) return null;
  return { service: { name, folder, log }, argv: argv.slice(0, -4) };
}
