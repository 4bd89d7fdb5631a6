/** To be built. */
export function keepCancelled(..._: any[]): any {
  throw new Error("to be built: keepCancelled");
}
export function keepOutput(..._: any[]): any {
  throw new Error("to be built: keepOutput");
}
export function outputsOf(..._: any[]): any {
  throw new Error("to be built: outputsOf");
}
export function withProgress(..._: any[]): any {
  throw new Error("to be built: withProgress");
}
