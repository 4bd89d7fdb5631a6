-- The tokens of the admin API besides the one in tq.token. `digest` is the SHA-256 of the token, `roles` has spaces
-- between them.
CREATE TABLE tq__token (
  digest BLOB PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  roles TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The keys of pushes over HTTP. A push that comes again with its key is answered with the ids of the first one. `body` is
-- the SHA-256 of the request, `ids` a list in JSON.
CREATE TABLE tq__push_key (
  caller TEXT NOT NULL,
  key TEXT NOT NULL,
  body BLOB NOT NULL,
  ids TEXT NOT NULL,
  pushed_at INTEGER NOT NULL,
  PRIMARY KEY (caller, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX tq__push_key_age ON tq__push_key (pushed_at);
