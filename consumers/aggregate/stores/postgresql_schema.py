"""The tables in a PostgreSQL database, and the statements on them.

They are created in the first schema of the search path. The readings have a block range index
alone, for it costs next to nothing to write.
"""

SCHEMA = """
CREATE TABLE IF NOT EXISTS series (
    series INTEGER PRIMARY KEY, node TEXT, device TEXT, channel TEXT);
CREATE TABLE IF NOT EXISTS series_readings (
    time TIMESTAMPTZ NOT NULL, series INTEGER, value DOUBLE PRECISION, log TEXT, log_offset BIGINT);
CREATE INDEX IF NOT EXISTS series_readings_range ON series_readings USING brin (time, log_offset);
CREATE TABLE IF NOT EXISTS series_windows (
    length TEXT, start TIMESTAMPTZ, series INTEGER, count BIGINT, sum NUMERIC,
    min DOUBLE PRECISION, max DOUBLE PRECISION, last DOUBLE PRECISION,
    last_time TIMESTAMPTZ, last_offset BIGINT, PRIMARY KEY (series, length, start));
CREATE TABLE IF NOT EXISTS events (
    time TIMESTAMPTZ, node TEXT, kind TEXT, version INTEGER, subject TEXT, data JSON,
    log TEXT, log_offset BIGINT);
CREATE INDEX IF NOT EXISTS events_time ON events (time);
CREATE TABLE IF NOT EXISTS untimed (log TEXT, log_offset BIGINT, node TEXT, event JSON);
CREATE TABLE IF NOT EXISTS names (name TEXT);
CREATE TABLE IF NOT EXISTS done (log TEXT, first BIGINT, last BIGINT, PRIMARY KEY (log, first));
CREATE TABLE IF NOT EXISTS latest_commit (id TEXT);
INSERT INTO latest_commit SELECT '' WHERE NOT EXISTS (SELECT FROM latest_commit);
CREATE OR REPLACE VIEW readings AS
    SELECT time, node, device, channel, value, log, log_offset
    FROM series_readings JOIN series USING (series);
CREATE OR REPLACE VIEW windows AS
    SELECT length, start, node, device, channel, count, min,
        greatest(min, least(max, sum::FLOAT8 / count / 1152921504606846976::FLOAT8)) AS mean,
        max, last, last_time
    FROM series_windows JOIN series USING (series) WHERE count > 0;
"""
# The statement that makes a hypertable, if there is TimescaleDB; its schema may be any.
MAKE_HYPERTABLE = """
SELECT format($$SELECT %s.create_hypertable('series_readings', 'time', if_not_exists => TRUE,
    migrate_data => TRUE, create_default_indexes => FALSE)$$, extnamespace::regnamespace)
FROM pg_extension WHERE extname = 'timescaledb'
"""
WAIT_FOR_LOCK = "SELECT set_config('lock_timeout', %s, FALSE)"
LOCK = "SELECT pg_advisory_lock(1701079923, hashtext(current_schema()))"  # 'edgs', and which one
KEEP_COMMITS = """
SELECT set_config('synchronous_commit', 'local', FALSE)
WHERE current_setting('synchronous_commit') = 'off'
"""
LATEST = "SELECT id FROM latest_commit"
SET_LATEST = "UPDATE latest_commit SET id = %s"
NAME = "SELECT name FROM names"
SET_NAME = "INSERT INTO names VALUES (%s)"
DONE = "SELECT log, first, last FROM done"
UNTIMED = "SELECT log, log_offset FROM untimed"
SERIES_COUNT = "SELECT count(*) FROM series"
SERIES = """
SELECT node, device, channel, series FROM series WHERE (node, device, channel)
    IN (SELECT * FROM unnest(%s::TEXT[], %s::TEXT[], %s::TEXT[]))
"""
COPY_SERIES = "COPY series FROM STDIN"
COPY_READINGS = "COPY series_readings FROM STDIN"
COPY_EVENTS = "COPY events FROM STDIN"
COPY_UNTIMED = "COPY untimed FROM STDIN"
THINNED = """
SELECT node, device, channel, time, value FROM readings
WHERE log = %s AND log_offset BETWEEN %s AND %s AND abs(value) <= 1099511627776
"""
MERGE_WINDOWS = """
INSERT INTO series_windows AS old
SELECT * FROM unnest(%s::TEXT[], %s::TIMESTAMPTZ[], %s::INTEGER[], %s::BIGINT[], %s::NUMERIC[],
    %s::FLOAT8[], %s::FLOAT8[], %s::FLOAT8[], %s::TIMESTAMPTZ[], %s::BIGINT[])
ON CONFLICT (series, length, start) DO UPDATE SET
    count = old.count + excluded.count,
    sum = old.sum + excluded.sum,
    min = least(old.min, excluded.min),
    max = greatest(old.max, excluded.max),
    last = CASE WHEN (excluded.last_time, excluded.last_offset, excluded.last)
        > (old.last_time, old.last_offset, old.last) THEN excluded.last ELSE old.last END,
    last_offset = CASE WHEN (excluded.last_time, excluded.last_offset)
        > (old.last_time, old.last_offset) THEN excluded.last_offset ELSE old.last_offset END,
    last_time = greatest(old.last_time, excluded.last_time)
"""
FORGET_DONE = """
DELETE FROM done USING unnest(%s::TEXT[], %s::BIGINT[]) AS gone (log, first)
WHERE done.log = gone.log AND done.first = gone.first
"""
MERGE_DONE = """
INSERT INTO done SELECT * FROM unnest(%s::TEXT[], %s::BIGINT[], %s::BIGINT[])
ON CONFLICT (log, first) DO UPDATE SET last = excluded.last
"""
FORGET_UNTIMED = """
DELETE FROM untimed USING unnest(%s::TEXT[], %s::BIGINT[]) AS timed (log, log_offset)
WHERE untimed.log = timed.log AND untimed.log_offset = timed.log_offset
"""
EXPIRE_READINGS = "DELETE FROM series_readings WHERE time < %s"
EXPIRE_EVENTS = "DELETE FROM events WHERE time < %s"
EXPIRE_WINDOWS = "DELETE FROM series_windows WHERE start < %s AND length = %s"
