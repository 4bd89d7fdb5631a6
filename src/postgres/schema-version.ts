/** The version of the schema that this program knows, apart from the migrations: other programs load none of these. */
export const POSTGRES_SCHEMA_VERSION = 3;

export const IS_RAISED = `EXISTS (SELECT FROM tq.schema WHERE oldest > ${POSTGRES_SCHEMA_VERSION})`;
