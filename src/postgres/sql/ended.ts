/** Notes the tasks that end, for webhooks. */

/**
 * The part of a statement that notes the tasks of `done` (id, ended_at) that have ended, while there is a webhook. Every
 * statement that ends tasks has it.
 */
export const TELLING_ENDS = `
  noted AS (
    INSERT INTO tq.ended (task, ended_at)
    SELECT id, ended_at FROM done WHERE ended_at IS NOT NULL AND EXISTS (SELECT FROM tq.webhook))`;
