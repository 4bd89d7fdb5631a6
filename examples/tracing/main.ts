/**
 * Pushes two orders, whose traces go on in the worker. In a copy of this folder:
 *
 *   tq init && bun add @opentelemetry/api @opentelemetry/sdk-trace-base
 *   tq run main.ts && tq worker --drain; cat spans.txt
 */
import { Order } from "./models.ts";
import { flush } from "./tracing.ts";

await Order.__queue__.confirm(new Order(7));
await Order.__queue__.confirm(new Order(13));
await flush();
