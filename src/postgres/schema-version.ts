/** The version of the schema that this program knows, apart from the migrations: other programs load none of these. */
export const POSTGRES_SCHEMA_VERSION = 3;
