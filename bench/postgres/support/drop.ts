/** Drops a database that a measure has left: `drop.ts URL NAME`, with the URL of the database itself. */
import { SQL } from "bun";

const [, , url = "", name = ""] = process.argv;

const other = url.replace(`/${name}`, "/postgres");
const sql = new SQL(other, { max: 1 });
await sql.unsafe(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
await sql.close();
