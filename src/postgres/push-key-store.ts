/** To be built. */
export class PostgresPushKeys {
  constructor(..._: any[]) {}
  [name: string]: any;
}
