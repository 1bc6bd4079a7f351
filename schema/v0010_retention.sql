-- How long clips are kept, and the maintenance of the partitions that this asks for.
--
-- A clip that was never scored is never dropped: a day goes when its time is over and every clip of it has a result.
-- Whoever wants a dead letter gone says so by name; until then it holds its day.

CREATE TABLE retention (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    bytes_days integer CHECK (bytes_days BETWEEN 1 AND 36500),
    rows_days integer CHECK (rows_days BETWEEN 1 AND 36500),
    CHECK (coalesce(bytes_days, rows_days, 1) <= coalesce(rows_days, 36500))
);
COMMENT ON TABLE retention IS 'How long scored clips are kept; NULL is for ever.';
COMMENT ON COLUMN retention.bytes_days IS 'Days the bytes of a scored clip are kept; NULL: as long as its rows.';
COMMENT ON COLUMN retention.rows_days IS 'Days the rows of a day whose clips are all scored are kept.';
INSERT INTO retention DEFAULT VALUES;

-- Finds the clips of a segment. Segments grow as clips do, so a summary per block range is enough.
CREATE INDEX ON clip USING brin (segment) WITH (pages_per_range = 16);

-- The clips of some jobs that no model has scored.
CREATE FUNCTION never_scored(first bigint, after_last bigint) RETURNS bigint LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = auscult, pg_temp AS $$
    SELECT count(*) FROM auscult.clip c
    WHERE c.job >= first AND c.job < after_last
        AND NOT EXISTS (SELECT FROM auscult.result r WHERE r.job = c.job AND r.job >= first AND r.job < after_last)
$$;

-- The days that have partitions, by the calendar of UTC.
CREATE VIEW retention_days AS
SELECT day, bytes, never_scored(first_job(day), first_job(day + 1)) AS never_scored,
       (now() AT TIME ZONE 'UTC')::date - day > rows_days AS due
FROM (
    SELECT to_date(right(child.relname, 8), 'YYYYMMDD') AS day, sum(pg_total_relation_size(child.oid))::bigint AS bytes
    FROM pg_inherits i JOIN pg_class child ON child.oid = i.inhrelid
    WHERE i.inhparent IN ('auscult.clip'::regclass, 'auscult.result'::regclass, 'auscult.dead_letter'::regclass,
        'auscult.attempt'::regclass)
    GROUP BY 1
) AS partition, retention
WHERE day <= (now() AT TIME ZONE 'UTC')::date;
COMMENT ON VIEW retention_days IS
    'The days clips are kept of; one that is due and stays is held by its clips that were never scored.';

CREATE VIEW retention_now AS
SELECT bytes_days, rows_days,
       (SELECT min(day) FROM retention_days) AS oldest_day,
       (SELECT count(*) FROM retention_days WHERE due AND never_scored > 0) AS days_held
FROM retention;
COMMENT ON VIEW retention_now IS 'How long clips are kept, the oldest day there is, and the days held by unscored clips.';

-- Drops the days whose time is over and whose clips are all scored, the oldest first; returns those that had clips.
--
-- The parents are locked for the moment of a drop. An analyst who reads them then makes it wait, and would make the
-- queue wait behind it; so it gives up after a fifth of a second, and the next call tries again.
CREATE FUNCTION drop_old_days(today date) RETURNS SETOF date LANGUAGE plpgsql
SET lock_timeout = '200ms' AS $$
DECLARE
    kept CONSTANT integer := (SELECT rows_days FROM auscult.retention);
    old date;
    had_clips boolean;
    parent text;
BEGIN
    FOR old IN
        SELECT to_date(right(child.relname, 8), 'YYYYMMDD')
        FROM pg_inherits i JOIN pg_class child ON child.oid = i.inhrelid
        WHERE i.inhparent = 'auscult.clip'::regclass ORDER BY 1
    LOOP
        CONTINUE WHEN kept IS NULL OR today - old <= kept;
        CONTINUE WHEN auscult.never_scored(auscult.first_job(old), auscult.first_job(old + 1)) > 0;
        had_clips := EXISTS (
            SELECT FROM auscult.clip WHERE job >= auscult.first_job(old) AND job < auscult.first_job(old + 1));
        BEGIN
            DELETE FROM auscult.clip_key
            WHERE job >= auscult.first_job(old) AND job < auscult.first_job(old + 1);
            FOREACH parent IN ARRAY ARRAY['clip', 'result', 'dead_letter', 'attempt'] LOOP
                EXECUTE format('DROP TABLE IF EXISTS auscult.%I', parent || to_char(old, '_YYYYMMDD'));
            END LOOP;
        EXCEPTION WHEN lock_not_available THEN
            RETURN;
        END;
        IF had_clips THEN RETURN NEXT old; END IF;
    END LOOP;
END
$$;

-- Of some segments, those whose bytes nobody needs any more: each clip in them is scored and old, or its row is gone.
CREATE FUNCTION unneeded_segments(candidates bigint[], at timestamptz) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
    SELECT candidate
    FROM auscult.retention, unnest(candidates) AS candidate
    WHERE coalesce(bytes_days, rows_days) IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM auscult.clip c
            WHERE c.segment = candidate
                AND (bytes_days IS NULL OR c.accepted_at >= at - make_interval(days => bytes_days)
                    OR (SELECT true FROM auscult.result r WHERE r.job = c.job LIMIT 1) IS NULL))
    ORDER BY candidate
$$;

-- ---------------------------------------------------------------- orders

-- How long to keep the bytes and the rows of scored clips, in days; NULL is for ever.
CREATE FUNCTION set_retention(days_of_bytes integer, days_of_rows integer) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = auscult, pg_temp AS $$
BEGIN
    IF least(days_of_bytes, days_of_rows) < 1 OR greatest(days_of_bytes, days_of_rows) > 36500 THEN
        RAISE EXCEPTION 'clips are kept from 1 to 36500 days, or for ever';
    END IF;
    IF days_of_bytes > days_of_rows THEN
        RAISE EXCEPTION 'the bytes of a clip are not kept longer (% days) than its rows (% days)',
            days_of_bytes, days_of_rows;
    END IF;
    UPDATE retention SET (bytes_days, rows_days) = (days_of_bytes, days_of_rows);
END
$$;
REVOKE ALL ON FUNCTION set_retention(integer, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION drop_old_days(date) FROM PUBLIC;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'auscult_operator') THEN
        GRANT SELECT ON retention_now, retention_days TO auscult_operator;
        GRANT EXECUTE ON FUNCTION set_retention(integer, integer) TO auscult_operator;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'auscult_analyst') THEN
        GRANT SELECT ON retention_now, retention_days TO auscult_analyst;
    END IF;
END
$$;
