/** To be built. */
export class PostgresCron {
  constructor(..._: any[]) {}
  [name: string]: any;
}
