"""Confirms a sale and pushes a task in one transaction, from Python: python3 push.py

The header of models.ts says what comes before and after. SQLite must be 3.40 or newer.
"""

import json
import sqlite3

db = sqlite3.connect("tq.db", isolation_level=None)
db.execute("PRAGMA busy_timeout = 5000")  # waits while a worker writes
db.execute("CREATE TABLE IF NOT EXISTS sale (id INTEGER PRIMARY KEY, state TEXT)")

db.execute("BEGIN IMMEDIATE")
try:
    sale = db.execute("INSERT INTO sale (state) VALUES ('confirmed')").lastrowid
    db.execute(
        "INSERT INTO tq_push (model, method, instances, args, ref) VALUES (?, ?, ?, ?, ?)",
        ("sale", "report", json.dumps([sale]), json.dumps(["from Python"]), f"sale-{sale}"),
    )
    db.execute("COMMIT")  # the sale and its task are on disk, or neither is
except BaseException:
    db.execute("ROLLBACK")
    raise

row = db.execute("SELECT id, state FROM tq_tasks WHERE ref = ?", (f"sale-{sale}",)).fetchone()
print(f"sale {sale}: task {row[0]} is {row[1]}")
