-- Version 2: how many jobs a plugin holds. SQLite cannot replace a view; PostgreSQL must, for views of others may be made of it.

/* SQLite: DROP VIEW progress; */
CREATE /* PostgreSQL: OR REPLACE */ VIEW progress AS
SELECT l.workdir, l.id AS list, count(j.idx) AS jobs,
  count(j.idx) FILTER (WHERE j.state = 'queued') AS queued,
  count(j.idx) FILTER (WHERE j.state IN ('submitted', 'running', 'retrying')) AS running,
  count(j.idx) FILTER (WHERE j.state = 'succeeded') AS succeeded,
  count(j.idx) FILTER (WHERE j.state = 'failed') AS failed,
  count(j.idx) FILTER (WHERE j.state IN ('killed', 'cancelled')) AS stopped,
  count(j.idx) FILTER (WHERE j.state = 'held') AS held
FROM lists l LEFT JOIN jobs j ON j.list = l.id
GROUP BY l.workdir, l.id;
