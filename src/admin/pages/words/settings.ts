/** The words of the page of settings. */
export const SETTING_WORDS = {
  file: "File",
  noFile: "none",
  database: "Database",
  version: "Version",
  inEffect: "In effect",
  intro: "As this server read them at its start. Secrets are not shown.",
  columns: ["Setting", "Value", "From", "Meaning"],
  from: (origin: string, env: string | null) =>
    env === null || origin !== "default" ? origin : `default, or ${env}`,
} as const;
