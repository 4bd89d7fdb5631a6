/** The call of a task for people, as `callWords` has it: a function has its name alone. */
import { FUNCTION_METHOD, NO_INSTANCES } from "../../task.ts";

export const CALL = `
  CASE WHEN method = '${FUNCTION_METHOD}' AND instances = '${JSON.stringify(NO_INSTANCES)}' THEN model
       ELSE model || '.' || method END`;
