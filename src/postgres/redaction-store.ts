/** To be built. */
export class PostgresRedactions {
  constructor(..._: any[]) {}
  [name: string]: any;
}
