-- The tokens of the admin API besides the one in tq.token. `digest` is the SHA-256 of the token, `roles` has spaces
-- between them.
CREATE TABLE tq__token (
  digest BLOB PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  roles TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
