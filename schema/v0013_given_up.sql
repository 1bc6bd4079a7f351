-- A clip that an operator gave up for good holds its day and its bytes no longer: nobody will score it any more.

-- The clips of some jobs that somebody may still want scored: no model has, and no operator has given them up.
CREATE OR REPLACE FUNCTION never_scored(first bigint, after_last bigint) RETURNS bigint LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = auscult, pg_temp AS $$
    SELECT count(*) FROM auscult.clip c
    WHERE c.job >= first AND c.job < after_last
        AND NOT EXISTS (SELECT FROM auscult.result r WHERE r.job = c.job AND r.job >= first AND r.job < after_last)
        AND NOT EXISTS (SELECT FROM auscult.dismissal m WHERE m.job = c.job)
$$;

-- Of some segments, those whose bytes nobody needs any more: each clip in them is old and scored or given up, or its
-- row is gone.
CREATE OR REPLACE FUNCTION unneeded_segments(candidates bigint[], at timestamptz) RETURNS SETOF bigint
LANGUAGE sql STABLE AS $$
    SELECT candidate
    FROM auscult.retention, unnest(candidates) AS candidate
    WHERE coalesce(bytes_days, rows_days) IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM auscult.clip c
            WHERE c.segment = candidate
                AND (bytes_days IS NULL OR c.accepted_at >= at - make_interval(days => bytes_days)
                    OR coalesce(
                        (SELECT true FROM auscult.result r WHERE r.job = c.job LIMIT 1),
                        (SELECT true FROM auscult.dismissal m WHERE m.job = c.job)) IS NULL))
    ORDER BY candidate
$$;

COMMENT ON VIEW retention_days IS
    'The days clips are kept of; one that is due and stays is held by clips neither scored nor given up by name.';
COMMENT ON VIEW retention_now IS
    'How long clips are kept, the oldest day there is, and the days held by clips neither scored nor given up.';
