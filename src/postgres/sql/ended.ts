/**
 * Notes ends of tasks for webhooks, in the statement that ends them, only while there is a webhook. Whoever follows the
 * webhooks takes the rows out again, so that it does not matter in which order transactions commit.
 */

/**
 * An INSERT that notes ends, for a CTE beside the UPDATE that makes them.
 *
 * @example WITH done AS (UPDATE … RETURNING id, finished_at), noted AS (${noteEnds("done")}) SELECT …
 * @param ended the name of the CTE that has the tasks, with the columns id and finished_at; those that have not ended have
 * no finished_at.
 */
export const noteEnds = (ended: string): string => `
  INSERT INTO tq.ended (task, ended_at)
  SELECT id, finished_at FROM ${ended} WHERE finished_at IS NOT NULL AND EXISTS (SELECT FROM tq.webhook)`;
