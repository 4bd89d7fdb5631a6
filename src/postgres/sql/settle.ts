/** To be built. */
export function finishAll(..._: any[]): any {
  throw new Error("to be built: finishAll");
}
export function settle(..._: any[]): any {
  throw new Error("to be built: settle");
}
export type FinishedRun = any;
