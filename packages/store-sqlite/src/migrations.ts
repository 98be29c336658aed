/**
 * The schema, step by step. A step is never changed once it was released; the number of steps that a file
 * has taken stands in `PRAGMA user_version`.
 *
 * Bodies are JSON text. What changes seldom and may be large (`request`, `answer`) stands apart from the row
 * that changes often. The event table has no index of its own beside its position: `prev` chains the
 * events of a task, and `anchor` keeps every 64th, so that appending stays flat however many tasks there are.
 *
 * What retention looks for has indexes of its own, ordered by the time of the store. A removed task leaves
 * a `removal`: the place where the rest of its chain is deleted from, step by step. `floor` keeps the highest
 * removed positions (an empty text: of any), and `highest` what was the highest number of a table when its row was
 * removed: no event, task or message ever gets the number of another.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE task (
    ord INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    kind TEXT NOT NULL,
    runner TEXT NOT NULL,
    conversation TEXT,
    status TEXT NOT NULL,
    is_open INTEGER NOT NULL,
    is_head INTEGER NOT NULL,
    node TEXT,
    live TEXT NOT NULL
  ) STRICT;
  CREATE INDEX task_head ON task (runner, ord) WHERE is_open = 1 AND is_head = 1;
  CREATE INDEX task_lane ON task (conversation, ord) WHERE is_open = 1;
  CREATE INDEX task_node ON task (node) WHERE is_open = 1;
  CREATE INDEX task_owner ON task (owner, ord);
  CREATE INDEX task_conversation ON task (conversation, ord);
  CREATE INDEX task_status ON task (status, ord);
  CREATE INDEX task_open ON task (ord) WHERE is_open = 1;
  CREATE TABLE task_count (status TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TRIGGER task_inserted AFTER INSERT ON task BEGIN
    INSERT INTO task_count VALUES (new.status, 1) ON CONFLICT (status) DO UPDATE SET count = count + 1;
  END;
  CREATE TRIGGER task_moved AFTER UPDATE OF status ON task WHEN old.status <> new.status BEGIN
    UPDATE task_count SET count = count - 1 WHERE status = old.status;
    INSERT INTO task_count VALUES (new.status, 1) ON CONFLICT (status) DO UPDATE SET count = count + 1;
  END;
  CREATE TRIGGER task_removed AFTER DELETE ON task BEGIN
    UPDATE task_count SET count = count - 1 WHERE status = old.status;
  END;
  CREATE TABLE request (task INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
  CREATE TABLE answer (task INTEGER PRIMARY KEY, output TEXT NOT NULL) STRICT;

  CREATE TABLE event (
    position INTEGER PRIMARY KEY,
    task INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    prev INTEGER NOT NULL,
    at REAL NOT NULL,
    type TEXT NOT NULL,
    body TEXT NOT NULL,
    cut_bytes INTEGER
  ) STRICT;
  CREATE TABLE tail (task INTEGER PRIMARY KEY, position INTEGER NOT NULL, seq INTEGER NOT NULL) STRICT;
  CREATE TABLE anchor (task INTEGER, position INTEGER, PRIMARY KEY (task, position)) STRICT, WITHOUT ROWID;

  CREATE TABLE conversation (
    ord INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    place TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX conversation_owner ON conversation (owner, ord);
  CREATE TABLE session (conversation TEXT, runner TEXT, body TEXT NOT NULL, PRIMARY KEY (conversation, runner)) STRICT;
  CREATE TABLE history (ord INTEGER PRIMARY KEY, conversation TEXT NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE INDEX history_conversation ON history (conversation, ord);
  CREATE TABLE people (site TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE message (
    ord INTEGER PRIMARY KEY,
    scope TEXT,
    key TEXT,
    hash TEXT,
    channel TEXT,
    ack TEXT,
    task TEXT,
    about TEXT,
    is_acknowledged INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX message_key ON message (scope, key) WHERE scope IS NOT NULL;
  CREATE INDEX message_waiting ON message (channel, ord) WHERE is_acknowledged = 0 AND channel IS NOT NULL;
  CREATE TABLE position (channel TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE question (
    ord INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    task TEXT NOT NULL,
    is_open INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX question_task ON question (task, ord);
  CREATE INDEX question_open ON question (is_open) WHERE is_open = 1;

  CREATE TABLE outbox (
    ord INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    channel TEXT NOT NULL,
    line TEXT NOT NULL,
    state TEXT NOT NULL,
    is_open INTEGER NOT NULL,
    is_head INTEGER NOT NULL,
    node TEXT,
    ref TEXT,
    item TEXT NOT NULL,
    live TEXT NOT NULL
  ) STRICT;
  CREATE INDEX outbox_head ON outbox (channel, ord) WHERE is_open = 1 AND is_head = 1;
  CREATE INDEX outbox_line ON outbox (line, ord) WHERE is_open = 1;
  CREATE INDEX outbox_node ON outbox (node) WHERE is_open = 1;
  CREATE INDEX outbox_ref ON outbox (channel, ref) WHERE ref IS NOT NULL;

  CREATE TABLE dead_letter (
    ord INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    channel TEXT,
    reason TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX dead_letter_load ON dead_letter (channel, reason, bytes);
  CREATE TABLE counted (channel TEXT, reason TEXT, count INTEGER NOT NULL, PRIMARY KEY (channel, reason)) STRICT, WITHOUT ROWID;

  CREATE TABLE lease (name TEXT PRIMARY KEY, node TEXT NOT NULL, body TEXT NOT NULL) STRICT;
  `,
  // What quotas and budgets look at.
  `
  ALTER TABLE task ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
  UPDATE task
    SET bytes = (SELECT octet_length(json_extract(body, '$.input')) FROM request WHERE request.task = task.ord)
    WHERE is_open = 1;
  DROP INDEX task_lane;
  CREATE INDEX task_lane ON task (conversation, ord, bytes) WHERE is_open = 1;
  CREATE INDEX task_owner_load ON task (owner, bytes) WHERE is_open = 1;
  CREATE TABLE budget (
    key TEXT,
    until REAL,
    turns INTEGER NOT NULL,
    tokens REAL NOT NULL,
    work_ms REAL NOT NULL,
    PRIMARY KEY (key, until)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX budget_until ON budget (until);
  `,
  // What retention looks for.
  `
  ALTER TABLE task ADD COLUMN ended REAL;
  UPDATE task SET ended = live ->> '$.task.endedAt' WHERE is_open = 0;
  CREATE INDEX task_ended ON task (ended, ord) WHERE ended IS NOT NULL;

  ALTER TABLE message ADD COLUMN aging REAL;
  UPDATE message SET aging = unixepoch('subsec') * 1000 WHERE task IS NULL;
  CREATE INDEX message_aging ON message (aging, ord)
    WHERE aging IS NOT NULL AND (is_acknowledged = 1 OR channel IS NULL);
  CREATE INDEX message_task ON message (task) WHERE task IS NOT NULL;

  ALTER TABLE conversation ADD COLUMN active REAL NOT NULL DEFAULT 0;
  UPDATE conversation SET active = body ->> 'lastActiveAt';
  CREATE INDEX conversation_active ON conversation (active, ord);
  ALTER TABLE history ADD COLUMN task TEXT;
  UPDATE history SET task = body ->> 'taskId';
  CREATE INDEX history_task ON history (task);

  ALTER TABLE outbox ADD COLUMN task TEXT;
  UPDATE outbox SET task = item ->> 'taskId';
  CREATE INDEX outbox_task ON outbox (task, is_open);

  ALTER TABLE dead_letter ADD COLUMN task TEXT;
  ALTER TABLE dead_letter ADD COLUMN made REAL NOT NULL DEFAULT 0;
  UPDATE dead_letter SET task = body ->> 'taskId', made = body ->> 'at';
  CREATE INDEX dead_letter_task ON dead_letter (task) WHERE task IS NOT NULL;

  CREATE TABLE removal (task INTEGER PRIMARY KEY, position INTEGER NOT NULL) STRICT;
  CREATE TABLE floor (conversation TEXT, owner TEXT, position INTEGER NOT NULL, PRIMARY KEY (conversation, owner)) STRICT, WITHOUT ROWID;
  CREATE TABLE highest (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO highest VALUES ('event', 0), ('task', 0), ('message', 0);
  `,
];
