<?php
// Confirms a sale and pushes a task in one transaction, from PHP: php push.php
// The header of models.ts says what comes before and after. SQLite must be 3.40 or newer.

$db = new PDO('sqlite:tq.db', null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
$db->exec('PRAGMA busy_timeout = 5000'); // waits while a worker writes
$db->exec('CREATE TABLE IF NOT EXISTS sale (id INTEGER PRIMARY KEY, state TEXT)');

$db->exec('BEGIN IMMEDIATE');
try {
    $db->exec("INSERT INTO sale (state) VALUES ('confirmed')");
    $sale = (int) $db->lastInsertId();
    $push = $db->prepare('INSERT INTO tq_push (model, method, instances, args, ref) VALUES (?, ?, ?, ?, ?)');
    $push->execute(['sale', 'report', json_encode([$sale]), json_encode(['from PHP']), "sale-$sale"]);
    $db->exec('COMMIT'); // the sale and its task are on disk, or neither is
} catch (Throwable $error) {
    $db->exec('ROLLBACK');
    throw $error;
}

$find = $db->prepare('SELECT id, state FROM tq_tasks WHERE ref = ?');
$find->execute(["sale-$sale"]);
[$task, $state] = $find->fetch(PDO::FETCH_NUM);
echo "sale $sale: task $task is $state\n";
