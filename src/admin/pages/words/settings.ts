/** The words of the page of settings. */
export const SETTING_WORDS = {
  file: "File",
  noFile: "none",
  database: "Database",
  version: "Version",
  schema: "Schema",
  size: "Size",
  wal: "Log that is not merged yet",
  free: "Free inside the file",
  durability: "Durability",
  intro: "As this server read them at its start. Secrets are not shown.",
  columns: ["Setting", "Value", "From", "Meaning"],
  from: (origin: string, env: string | null) =>
    env === null || origin !== "default" ? origin : `default, or ${env}`,
} as const;
