/**
 * Keeps the planner on the indexes, whatever it knows of the table: it may know it as it was before a million tasks
 * came. A plan that sorts a queue, or reads the table as a whole, costs a hundred times as much.
 */

/** A parameter whose value no plan depends on: with a long list, or a large limit, it would rather read the whole table. */
export const unseen = (parameter: string): string => `(SELECT ${parameter})`;

/** The elements of a list, for `id = ANY (…)`. */
export const elements = (list: string): string => `ARRAY(SELECT unnest(${unseen(list)}))`;

/**
 * True where there is such a task. Not by EXISTS, which drops the order: it reads the whole table for the first one where
 * many are thought to be there.
 *
 * @param order the columns of an index.
 */
export const isThere = (where: string, order: string): string =>
  `((SELECT true FROM tq.task WHERE ${where} ORDER BY ${order} LIMIT 1) IS NOT NULL)`;
