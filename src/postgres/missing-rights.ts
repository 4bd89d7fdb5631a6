/** Says how a role gets a right that it lacks. */

export const OWN_RIGHTS =
  "let its owner run tq migrate, or grant the right (tq migrate --sql prints how)";

/** In the language of the server; in another one the advice is less exact. */
const DENIED = /^permission denied for (table|view|sequence|schema|function) (?!tq(?:_|$))(.+)$/;

const RIGHTS: Readonly<Record<string, string>> = {
  table: "SELECT, INSERT, UPDATE, DELETE ON",
  view: "SELECT ON",
  sequence: "USAGE ON SEQUENCE",
  schema: "USAGE ON SCHEMA",
  function: "EXECUTE ON FUNCTION",
};

/** An object that is not tq's own has an owner who knows nothing of tq. */
export function grantWords(message: string): string {
  const [, kind = "", what = ""] = DENIED.exec(message) ?? [];
  const rights = RIGHTS[kind];
  return rights === undefined ? OWN_RIGHTS : `let its owner run GRANT ${rights} ${what} TO …`;
}
