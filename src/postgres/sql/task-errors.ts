/** To be built. */
export function errorsOf(..._: any[]): any {
  throw new Error("to be built: errorsOf");
}
export function recordLeftBehind(..._: any[]): any {
  throw new Error("to be built: recordLeftBehind");
}
