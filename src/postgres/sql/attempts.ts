/** To be built. */
export function attemptsOf(..._: any[]): any {
  throw new Error("to be built: attemptsOf");
}
