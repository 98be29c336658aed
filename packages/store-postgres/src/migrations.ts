/**
 * The schema, step by step. A step is never changed once it was released; the number of steps that were taken
 * stands in `meta`.
 *
 * Bodies are JSON text. Columns that hold a digest stand for texts from outside, which may be longer than an
 * index takes. `head` has one row, which every change locks before it looks at anything: changes come one
 * after another, the log has no gaps, and no position can be read before a lower one. `flush` holds the number of
 * each process's last commit, for those whose answer was lost.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    position bigint NOT NULL,
    ord bigint NOT NULL,
    bytes bigint NOT NULL,
    time double precision NOT NULL
  ) WITH (fillfactor = 10);
  INSERT INTO head (position, ord, bytes, time) VALUES (0, 0, 0, 0);

  CREATE TABLE flush (instance text PRIMARY KEY, number bigint NOT NULL, time double precision NOT NULL)
    WITH (fillfactor = 50);

  CREATE FUNCTION time_ms() RETURNS double precision LANGUAGE sql VOLATILE
    AS 'SELECT extract(epoch FROM clock_timestamp())::double precision * 1000';

  CREATE TABLE task (
    ord bigint PRIMARY KEY,
    id text NOT NULL UNIQUE,
    owner text NOT NULL,
    kind text NOT NULL,
    runner text NOT NULL,
    conversation text,
    request text NOT NULL,
    status text NOT NULL,
    is_open boolean NOT NULL,
    is_head boolean NOT NULL,
    node text,
    live text NOT NULL,
    bytes bigint NOT NULL,
    ended double precision,
    answer text
  ) WITH (fillfactor = 70);
  CREATE INDEX task_head ON task (runner, ord) WHERE is_open AND is_head;
  CREATE INDEX task_lane ON task (conversation, ord) INCLUDE (bytes) WHERE is_open;
  CREATE INDEX task_owner_load ON task (owner) INCLUDE (bytes) WHERE is_open;
  CREATE INDEX task_ended ON task (ended, ord) WHERE ended IS NOT NULL;
  CREATE INDEX task_node ON task (node) WHERE is_open;
  CREATE INDEX task_owner ON task (owner, ord);
  CREATE INDEX task_conversation ON task (conversation, ord);
  CREATE INDEX task_status ON task (status, ord);

  CREATE TABLE event (
    position bigint PRIMARY KEY,
    task bigint NOT NULL,
    seq integer NOT NULL,
    at double precision NOT NULL,
    type text NOT NULL,
    body text NOT NULL,
    cut_bytes bigint,
    UNIQUE (task, seq)
  );

  CREATE TABLE conversation (
    ord bigint PRIMARY KEY,
    id text NOT NULL UNIQUE,
    owner text NOT NULL,
    place text NOT NULL UNIQUE,
    active double precision NOT NULL,
    body text NOT NULL
  );
  CREATE INDEX conversation_active ON conversation (active, ord);
  CREATE INDEX conversation_owner ON conversation (owner, ord);
  CREATE TABLE session (name text PRIMARY KEY, conversation text NOT NULL, body text NOT NULL);
  CREATE INDEX session_conversation ON session (conversation);
  CREATE TABLE history (
    ord bigint PRIMARY KEY,
    conversation text NOT NULL,
    task text NOT NULL,
    body text NOT NULL
  );
  CREATE INDEX history_conversation ON history (conversation, ord);
  CREATE INDEX history_task ON history (task);
  CREATE TABLE people (name text PRIMARY KEY, body text NOT NULL);
  CREATE TABLE counted (name text PRIMARY KEY, body text NOT NULL);
  CREATE TABLE floor (name text PRIMARY KEY, conversation text, body text NOT NULL);
  CREATE INDEX floor_conversation ON floor (conversation);

  CREATE TABLE message (
    ord bigint PRIMARY KEY,
    name text UNIQUE,
    channel text,
    task text,
    aging double precision,
    is_waiting boolean NOT NULL,
    body text NOT NULL
  );
  CREATE INDEX message_task ON message (task) WHERE task IS NOT NULL;
  CREATE INDEX message_aging ON message (aging, ord) WHERE aging IS NOT NULL;
  CREATE INDEX message_waiting ON message (channel, ord) WHERE is_waiting;
  CREATE TABLE position (channel text PRIMARY KEY, body text NOT NULL);

  CREATE TABLE question (
    ord bigint PRIMARY KEY,
    id text NOT NULL UNIQUE,
    task text NOT NULL,
    is_open boolean NOT NULL,
    body text NOT NULL
  );
  CREATE INDEX question_task ON question (task, ord);
  CREATE INDEX question_open ON question (is_open) WHERE is_open;

  CREATE TABLE outbox (
    ord bigint PRIMARY KEY,
    id text NOT NULL UNIQUE,
    channel text NOT NULL,
    line text NOT NULL,
    task text,
    item text NOT NULL,
    is_open boolean NOT NULL,
    is_head boolean NOT NULL,
    node text,
    ref text,
    live text NOT NULL
  ) WITH (fillfactor = 70);
  CREATE INDEX outbox_head ON outbox (channel, ord) WHERE is_open AND is_head;
  CREATE INDEX outbox_line ON outbox (line, ord) WHERE is_open;
  CREATE INDEX outbox_node ON outbox (node) WHERE is_open;
  CREATE INDEX outbox_task ON outbox (task) WHERE task IS NOT NULL;
  CREATE INDEX outbox_ref ON outbox (channel, ref) WHERE ref IS NOT NULL;

  CREATE TABLE dead_letter (
    ord bigint PRIMARY KEY,
    id text NOT NULL UNIQUE,
    channel text,
    task text,
    reason text NOT NULL,
    bytes bigint NOT NULL,
    body text NOT NULL
  );
  CREATE INDEX dead_letter_load ON dead_letter (channel, reason) INCLUDE (bytes);
  CREATE INDEX dead_letter_task ON dead_letter (task) WHERE task IS NOT NULL;

  CREATE TABLE budget (
    name text PRIMARY KEY,
    key text NOT NULL,
    until double precision NOT NULL,
    body text NOT NULL
  );
  CREATE INDEX budget_key ON budget (key, until);
  CREATE INDEX budget_until ON budget (until);

  CREATE TABLE lease (name text PRIMARY KEY, node text NOT NULL, body text NOT NULL);
  CREATE INDEX lease_node ON lease (node);
  `,
];
