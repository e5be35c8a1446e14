"""The tables of the DuckDB file, and the statements on them.

Times are in UTC. Nothing is declared unique: that would cost an index, and the file has one writer.
"""

SCHEMA = """
CREATE TABLE IF NOT EXISTS series (
    series INTEGER, node VARCHAR, device VARCHAR, channel VARCHAR);
CREATE TABLE IF NOT EXISTS series_readings (
    time TIMESTAMPTZ, series INTEGER, value DOUBLE, log VARCHAR, log_offset BIGINT);
CREATE TABLE IF NOT EXISTS series_windows (
    length VARCHAR, start TIMESTAMPTZ, series INTEGER, count BIGINT, sum HUGEINT,
    min DOUBLE, max DOUBLE, last DOUBLE, last_time TIMESTAMPTZ, last_offset BIGINT);
CREATE TABLE IF NOT EXISTS events (
    time TIMESTAMPTZ, node VARCHAR, kind VARCHAR, version INTEGER, subject VARCHAR, data JSON,
    log VARCHAR, log_offset BIGINT);
CREATE TABLE IF NOT EXISTS untimed (
    log VARCHAR, log_offset BIGINT, node VARCHAR, event JSON);
CREATE TABLE IF NOT EXISTS names (name VARCHAR);
CREATE TABLE IF NOT EXISTS done (log VARCHAR, first BIGINT, last BIGINT);
CREATE OR REPLACE VIEW readings AS
    SELECT time, node, device, channel, value, log, log_offset
    FROM series_readings JOIN series USING (series);
CREATE OR REPLACE VIEW windows AS
    SELECT length, start, node, device, channel, count, min,
        greatest(min, least(max, sum::DOUBLE / count / 1152921504606846976)) AS mean,
        max, last, last_time
    FROM series_windows JOIN series USING (series) WHERE count > 0;
"""
NAME = "SELECT name FROM names"
SET_NAME = "INSERT INTO names VALUES (?)"
DONE = "SELECT log, first, last FROM done"
UNTIMED = "SELECT log, log_offset FROM untimed"
SERIES_COUNT = "SELECT count(*) FROM series"
SERIES = """
SELECT node, device, channel, series FROM series
WHERE (node, device, channel) IN (SELECT (unnest(?), unnest(?), unnest(?)))
"""
THINNED = """
SELECT node, device, channel, time, value FROM readings
WHERE log = ? AND log_offset BETWEEN ? AND ? AND abs(value) <= 1099511627776
"""
FRESH = "CREATE OR REPLACE TEMP TABLE fresh AS FROM {} LIMIT 0"
ADD_READINGS = "INSERT INTO series_readings FROM fresh"
# The windows that readings come to, as `sums_of` and `windows_of` say: a value is a whole number of
# 2**-60, cut towards zero. The longer windows are made of minutes.
MINUTES = """
CREATE OR REPLACE TEMP TABLE minutes AS
SELECT epoch_us(time) // 60000000 AS minute, series, count(*) AS count,
    sum(trunc(value * 1152921504606846976)::HUGEINT) AS sum, min(value) AS min, max(value) AS max,
    max({'time': time, 'log_offset': log_offset, 'value': value}) AS latest
FROM fresh WHERE abs(value) <= 1099511627776 GROUP BY ALL
"""
FRESH_WINDOWS = """
CREATE OR REPLACE TEMP TABLE fresh AS
WITH lengths (length, minutes) AS (VALUES ('1m', 1), ('15m', 15), ('1h', 60), ('1d', 1440)),
windows AS (
    SELECT length, make_timestamptz(minute // minutes * minutes * 60000000) AS start, series,
        sum(count)::BIGINT AS count, sum(sum) AS sum, min(min) AS min, max(max) AS max,
        max(latest) AS latest
    FROM minutes, lengths GROUP BY ALL)
SELECT * EXCLUDE latest,
    latest.value AS last, latest.time AS last_time, latest.log_offset AS last_offset
FROM windows
"""
MERGE_WINDOWS = """
MERGE INTO series_windows AS old USING fresh
ON old.start = fresh.start AND old.length = fresh.length AND old.series = fresh.series
WHEN MATCHED THEN UPDATE SET
    count = old.count + fresh.count,
    sum = old.sum + fresh.sum,
    min = least(old.min, fresh.min),
    max = greatest(old.max, fresh.max),
    last = CASE WHEN (fresh.last_time, fresh.last_offset, fresh.last)
        > (old.last_time, old.last_offset, old.last) THEN fresh.last ELSE old.last END,
    last_offset = CASE WHEN (fresh.last_time, fresh.last_offset)
        > (old.last_time, old.last_offset) THEN fresh.last_offset ELSE old.last_offset END,
    last_time = greatest(old.last_time, fresh.last_time)
WHEN NOT MATCHED THEN INSERT
"""
MERGE_DONE = """
MERGE INTO done USING fresh ON done.log = fresh.log AND done.first = fresh.first
WHEN MATCHED AND fresh.last IS NULL THEN DELETE
WHEN MATCHED THEN UPDATE SET last = fresh.last
WHEN NOT MATCHED AND fresh.last IS NOT NULL THEN INSERT
"""
FORGET_UNTIMED = "DELETE FROM untimed WHERE log = ? AND log_offset = ?"
EXPIRE_READINGS = "DELETE FROM series_readings WHERE time < ?"
EXPIRE_EVENTS = "DELETE FROM events WHERE time < ?"
EXPIRE_WINDOWS = "DELETE FROM series_windows WHERE start < ? AND length = ?"
