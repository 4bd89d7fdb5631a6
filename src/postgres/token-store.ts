/** To be built. */
export class PostgresTokens {
  constructor(..._: any[]) {}
  [name: string]: any;
}
