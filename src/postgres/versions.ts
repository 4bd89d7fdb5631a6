/** To be built. */
export class Versions {
  constructor(..._: any[]) {}
  close() {}
  [name: string]: any;
}
