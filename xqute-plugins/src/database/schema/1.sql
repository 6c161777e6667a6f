-- Version 1. The same text makes it in SQLite, which reads what is in a comment for it, and in PostgreSQL. Times are milliseconds since 1970 (UTC).

-- A list of jobs: a work directory, from its first run to the next --fresh. `mark` is how far its journal is taken in.
CREATE TABLE lists (
  id TEXT NOT NULL PRIMARY KEY,
  workdir TEXT NOT NULL,
  journal TEXT NOT NULL,
  mark TEXT,
  run TEXT
);
CREATE INDEX lists_journal ON lists (journal);

-- `done`: when it ended in order. `stopped`: why it was stopped.
CREATE TABLE runs (
  id TEXT NOT NULL PRIMARY KEY,
  list TEXT NOT NULL,
  began BIGINT,
  done BIGINT,
  version TEXT,
  scheduler TEXT,
  host TEXT,
  pid BIGINT,
  cwd TEXT,
  forks BIGINT,
  retries BIGINT,
  stopped TEXT
);
CREATE INDEX runs_list ON runs (list);

-- One row a job, however many runs it took. `run` and `attempt` name its last attempt; `stopped`: it ended only because its run was
-- stopped, and the next one runs it. `tags` is a JSON list.
CREATE TABLE jobs (
  list TEXT NOT NULL,
  idx BIGINT NOT NULL,
  name TEXT,
  command TEXT,
  cwd TEXT,
  tags TEXT,
  state TEXT NOT NULL,
  stopped BOOLEAN NOT NULL,
  run TEXT,
  attempt BIGINT,
  why TEXT,
  rc BIGINT,
  ended BIGINT,
  PRIMARY KEY (list, idx)
) /* SQLite: WITHOUT ROWID */;

-- An attempt is named by the run that submitted it, and counted from 1.
CREATE TABLE attempts (
  list TEXT NOT NULL,
  idx BIGINT NOT NULL,
  run TEXT NOT NULL,
  attempt BIGINT NOT NULL,
  jid TEXT,
  submitted BIGINT,
  started BIGINT,
  ended BIGINT,
  state TEXT NOT NULL,
  why TEXT,
  rc BIGINT,
  PRIMARY KEY (list, idx, run, attempt)
) /* SQLite: WITHOUT ROWID */;

-- What an attempt used: CPU time in seconds, memory in bytes. A peak that is not exact is a bound: it was that or less.
CREATE TABLE resources (
  list TEXT NOT NULL,
  idx BIGINT NOT NULL,
  run TEXT NOT NULL,
  attempt BIGINT NOT NULL,
  user_seconds DOUBLE PRECISION NOT NULL,
  system_seconds DOUBLE PRECISION NOT NULL,
  peak_memory BIGINT NOT NULL,
  peak_exact BOOLEAN NOT NULL,
  PRIMARY KEY (list, idx, run, attempt)
) /* SQLite: WITHOUT ROWID */;

-- What happened to jobs. `run`: in which run.
CREATE TABLE events (
  list TEXT NOT NULL,
  idx BIGINT NOT NULL,
  run TEXT NOT NULL,
  attempt BIGINT NOT NULL,
  happened BIGINT NOT NULL,
  event TEXT NOT NULL,
  detail TEXT,
  PRIMARY KEY (list, idx, run, attempt, happened, event)
) /* SQLite: WITHOUT ROWID */;

-- Each job with its last attempt.
CREATE VIEW report AS
SELECT l.workdir, j.list, j.idx, j.name, j.tags, j.command, j.state, j.rc, j.why, a.jid,
  (SELECT count(*) FROM attempts n WHERE n.list = j.list AND n.idx = j.idx) AS attempts,
  a.submitted, a.started, j.ended, (a.ended - a.started) / 1000.0 AS seconds,
  r.user_seconds + r.system_seconds AS cpu_seconds, r.peak_memory, r.peak_exact
FROM jobs j
JOIN lists l ON l.id = j.list
LEFT JOIN attempts a ON a.list = j.list AND a.idx = j.idx AND a.run = j.run AND a.attempt = j.attempt
LEFT JOIN resources r ON r.list = j.list AND r.idx = j.idx AND r.run = j.run AND r.attempt = j.attempt;

-- How far each list is.
CREATE VIEW progress AS
SELECT l.workdir, l.id AS list, count(j.idx) AS jobs,
  count(j.idx) FILTER (WHERE j.state = 'queued') AS queued,
  count(j.idx) FILTER (WHERE j.state IN ('submitted', 'running', 'retrying')) AS running,
  count(j.idx) FILTER (WHERE j.state = 'succeeded') AS succeeded,
  count(j.idx) FILTER (WHERE j.state = 'failed') AS failed,
  count(j.idx) FILTER (WHERE j.state IN ('killed', 'cancelled')) AS stopped
FROM lists l LEFT JOIN jobs j ON j.list = l.id
GROUP BY l.workdir, l.id;
