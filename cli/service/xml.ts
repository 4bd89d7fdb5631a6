/** Texts inside XML files. */

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" } as const;

export function escapeXml(text: string): string {
  return text.replaceAll(/[&<>"]/g, (mark) => ENTITIES[mark as keyof typeof ENTITIES]);
}

export function unescapeXml(text: string): string {
  const marks = Object.fromEntries(
    Object.entries(ENTITIES).map(([mark, entity]) => [entity, mark]),
  );
  return text.replaceAll(/&\w+;/g, (entity) => marks[entity] ?? entity);
}
