-- Curves over any number of clips, at a cost of n log n, on any server.
--
-- A language that everybody may use cannot add to a large state of an aggregate: PostgreSQL copies the state with every
-- row. So a state here is small: scores as text, those of anomalous clips before its header and those of normal ones
-- behind it, moved into a cursor when there are some hundred. Cursors that hold equally many are merged, so that a few
-- remain, each twice as large as the next; they end with the aggregate, or with the transaction at the latest.
-- Twenty bytes a clip stay in memory until the curve is finished, which takes some 100 more for a moment; its sort uses
-- work_mem and then the disk.

DROP VIEW evaluations;
DROP AGGREGATE auc(double precision, boolean);
DROP AGGREGATE pauc(double precision, boolean, double precision);
DROP FUNCTION pauc_add, auc_add, curve_area, area_under_curve;

-- ---------------------------------------------------------------- the area

-- Equal scores are grouped and the curve is cut by interpolation; standardised after McClish when cut. NULL unless there
-- are normal and anomalous clips.
CREATE FUNCTION area_under_curve(normal double precision[], anomalous double precision[], max_fpr double precision)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    WITH tied AS (
        SELECT score, count(*) FILTER (WHERE NOT is_anomaly) AS normal, count(*) FILTER (WHERE is_anomaly) AS anomalous
        FROM (
            SELECT unnest(normal) AS score, false AS is_anomaly UNION ALL SELECT unnest(anomalous), true
        ) AS clip
        GROUP BY score
    ), corner AS (
        -- From the lowest threshold, where all are called anomalous, upwards.
        SELECT normal::double precision AS width, anomalous::double precision AS height,
               cardinality($1) - sum(normal) OVER upwards::double precision AS x,
               cardinality($2) - sum(anomalous) OVER upwards::double precision AS y
        FROM tied WINDOW upwards AS (ORDER BY score ROWS UNBOUNDED PRECEDING)
    ), area AS (
        SELECT sum(CASE
            WHEN x + width <= cut THEN width * (y + height / 2)
            ELSE (cut - x) * (y + height * (cut - x) / width / 2)
        END) / nullif(cardinality($1)::double precision * cardinality($2), 0) AS area
        FROM corner, (SELECT max_fpr * cardinality($1) AS cut) AS limit_of_normal
        WHERE width > 0 AND x < cut
    )
    SELECT CASE WHEN max_fpr = 1 THEN area
                ELSE 0.5 * (1 + (area - max_fpr ^ 2 / 2) / (max_fpr - max_fpr ^ 2 / 2)) END
    FROM area
$$;

CREATE FUNCTION area_under_curve(scores double precision[], anomalous boolean[], max_fpr double precision DEFAULT 1)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT auscult.area_under_curve(
        coalesce(array_agg(score) FILTER (WHERE NOT is_anomaly), '{}'),
        coalesce(array_agg(score) FILTER (WHERE is_anomaly), '{}'), max_fpr)
    FROM unnest(scores, anomalous) AS clip (score, is_anomaly) WHERE score IS NOT NULL
$$;
COMMENT ON FUNCTION area_under_curve(double precision[], boolean[], double precision) IS
    'AUC, or pAUC when max_fpr is below 1, of array_agg(score) and array_agg(is_anomaly).';

-- ---------------------------------------------------------------- the aggregates

-- A state is `ANOMALOUS|MAX_FPR|CURSOR|NORMAL`.
--
-- The state with its scores moved into a cursor.
CREATE FUNCTION curve_set_aside(curve text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    part CONSTANT text[] := string_to_array(curve, '|');
    anomalous text := part[1];
    normal text := part[4];
    older refcursor := nullif(part[3], '');
    other record;
    twofold integer := 0;
    block refcursor;
BEGIN
    WHILE older IS NOT NULL LOOP
        FETCH older INTO other;
        IF other.twofold > twofold THEN
            MOVE BACKWARD 1 FROM older;
            EXIT;
        END IF;
        CLOSE older;
        anomalous := other.anomalous || anomalous;
        normal := other.normal || normal;
        twofold := twofold + 1;
        older := other.older;
    END LOOP;
    OPEN block SCROLL FOR
        SELECT anomalous AS anomalous, normal AS normal, twofold AS twofold, older AS older;
    RETURN concat('|', part[2], '|', block, '|');
END
$$;

CREATE FUNCTION auc_add(curve text, score double precision, is_anomaly boolean)
RETURNS text LANGUAGE plpgsql STABLE STRICT AS $$
BEGIN
    IF octet_length(curve) > 1500 THEN
        curve := auscult.curve_set_aside(curve);
    END IF;
    IF is_anomaly THEN RETURN score || ',' || curve; END IF;
    RETURN curve || ',' || score;
END
$$;

CREATE FUNCTION pauc_add(curve text, score double precision, is_anomaly boolean, max_fpr double precision)
RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF curve = '' THEN
        IF max_fpr IS NULL OR max_fpr <= 0 OR max_fpr > 1 THEN
            RAISE EXCEPTION 'max_fpr must lie in (0, 1], not %', max_fpr;
        END IF;
        curve := concat('|', max_fpr, '||');
    END IF;
    RETURN coalesce(auscult.auc_add(curve, score, is_anomaly), curve);
END
$$;

CREATE FUNCTION curve_area(curve text) RETURNS double precision LANGUAGE plpgsql STABLE AS $$
DECLARE
    part CONSTANT text[] := string_to_array(curve, '|');
    anomalous text := part[1];
    normal text := part[4];
    older refcursor := nullif(part[3], '');
    other record;
BEGIN
    IF current_setting('extra_float_digits')::integer < 1 THEN
        RAISE EXCEPTION 'extra_float_digits is %, which rounds scores', current_setting('extra_float_digits')
            USING HINT = 'Set it to 1, its default.';
    END IF;
    WHILE older IS NOT NULL LOOP
        FETCH older INTO other;
        CLOSE older;
        anomalous := other.anomalous || anomalous;
        normal := other.normal || normal;
        older := other.older;
    END LOOP;
    RETURN auscult.area_under_curve(
        concat('{', substr(normal, 2), '}')::double precision[],
        concat('{', left(anomalous, -1), '}')::double precision[], part[2]::double precision);
END
$$;

CREATE AGGREGATE auc(score double precision, is_anomaly boolean) (
    SFUNC = auc_add, STYPE = text, INITCOND = '|1||', FINALFUNC = curve_area, FINALFUNC_MODIFY = READ_WRITE,
    PARALLEL = RESTRICTED
);
COMMENT ON AGGREGATE auc(double precision, boolean) IS
    'Area under the ROC curve, equal scores grouped; NULL unless there are normal and anomalous clips.';

CREATE AGGREGATE pauc(score double precision, is_anomaly boolean, max_fpr double precision) (
    SFUNC = pauc_add, STYPE = text, INITCOND = '', FINALFUNC = curve_area, FINALFUNC_MODIFY = READ_WRITE,
    PARALLEL = RESTRICTED
);
COMMENT ON AGGREGATE pauc(double precision, boolean, double precision) IS
    'Partial AUC up to a false-alarm rate, standardised after McClish: 0.5 is chance, 1 is perfect.';

-- ---------------------------------------------------------------- evaluations

CREATE VIEW evaluations AS
SELECT version AS model_version, dataset, machine_type, machine_id,
       area_under_curve(scores, anomalous) AS auc, area_under_curve(scores, anomalous, 0.1) AS pauc,
       auc_low, auc_high, pauc_low, pauc_high, normal, anomalous_count AS anomalous, evaluated_at
FROM (
    SELECT version, dataset, machine_type, machine_id, array_agg(score) AS scores, array_agg(is_anomaly) AS anomalous,
           count(*) FILTER (WHERE NOT is_anomaly) AS normal, count(*) FILTER (WHERE is_anomaly) AS anomalous_count
    FROM evaluation_score GROUP BY version, dataset, machine_type, machine_id
) AS machine
JOIN evaluation_interval USING (version, dataset, machine_type, machine_id);
COMMENT ON VIEW evaluations IS
    'How well each model tells normal from anomalous, per machine; pauc up to 10 % false alarms; 95 % intervals.';

-- ---------------------------------------------------------------- curves as rows

-- The corners of the ROC curve of some clips, from the highest threshold downwards.
CREATE FUNCTION roc_curve(scores double precision[], anomalous boolean[])
RETURNS TABLE (threshold double precision, false_alarm_rate double precision, hit_rate double precision)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT 'infinity'::double precision, 0::double precision, 0::double precision
    UNION ALL
    (SELECT tied.score, sum(normal) OVER downwards / nullif(sum(normal) OVER (), 0)::double precision,
            sum(hits) OVER downwards / nullif(sum(hits) OVER (), 0)::double precision
     FROM (
         SELECT score, count(*) FILTER (WHERE NOT is_anomaly) AS normal, count(*) FILTER (WHERE is_anomaly) AS hits
         FROM unnest(scores, anomalous) AS clip (score, is_anomaly)
         WHERE score IS NOT NULL AND is_anomaly IS NOT NULL GROUP BY score
     ) AS tied
     WINDOW downwards AS (ORDER BY tied.score DESC)
     ORDER BY 1 DESC)
$$;
COMMENT ON FUNCTION roc_curve(double precision[], boolean[]) IS
    'Corners of the ROC curve of array_agg(score) and array_agg(is_anomaly): clips at or above the threshold are called anomalous.';

CREATE FUNCTION roc_curve(model_version text, dataset text DEFAULT NULL, machine text DEFAULT NULL)
RETURNS TABLE (machine text, threshold double precision, false_alarm_rate double precision, hit_rate double precision)
LANGUAGE sql STABLE AS $$
    SELECT m.machine, c.*
    FROM (
        SELECT s.machine_type || '/' || s.machine_id AS machine, array_agg(s.score) AS scores,
               array_agg(s.is_anomaly) AS anomalous
        FROM auscult.evaluation_scores s
        WHERE s.model_version = $1 AND s.dataset = coalesce($2, s.dataset)
            AND s.machine_type || '/' || s.machine_id = coalesce($3, s.machine_type || '/' || s.machine_id)
        GROUP BY 1
    ) AS m, auscult.roc_curve(m.scores, m.anomalous) AS c
$$;
COMMENT ON FUNCTION roc_curve(text, text, text) IS
    'The ROC curve of each machine of an evaluation: of one dataset and one machine (TYPE/ID), or of all.';

-- ---------------------------------------------------------------- questions about results

-- Of one machine (TYPE/ID) or all, as one model version heard it or the one that is champion for it now; machine by
-- machine, so that a question about one never reads those of others.
CREATE FUNCTION scores_of(machine text, model_version text, since timestamptz, until timestamptz)
RETURNS TABLE (machine text, model_version text, score double precision, verdict text) LANGUAGE sql STABLE AS $$
    SELECT c.machine, c.version, r.score, r.verdict
    FROM (
        -- Split here, and in the order of the index: a policy lets nothing near an index that might leak what it is given.
        SELECT o.machine, o.version, split_part(o.machine, '/', 1) COLLATE "default" AS type,
               split_part(o.machine, '/', 2) COLLATE "default" AS id
        FROM (
            SELECT p.machine, coalesce($2, p.version) AS version FROM auscult.champions p
            WHERE p.machine = coalesce($1, p.machine) AND ($1 IS NULL OR $2 IS NULL)
            UNION ALL SELECT $1, $2 WHERE $1 IS NOT NULL AND $2 IS NOT NULL
        ) AS o OFFSET 0
    ) AS c
    CROSS JOIN LATERAL (
        SELECT h.score, h.verdict FROM auscult.results h
        WHERE h.machine_type = c.type AND h.machine_id = c.id AND h.model_version = c.version
            AND h.recorded_at >= since AND h.recorded_at < until
        OFFSET 0
    ) AS r
$$;

CREATE FUNCTION score_histogram(
    machine text DEFAULT NULL, model_version text DEFAULT NULL, bins integer DEFAULT 50,
    since timestamptz DEFAULT now() - interval '7 days', until timestamptz DEFAULT now())
RETURNS TABLE (
    machine text, model_version text, bin integer, low double precision, high double precision, clips bigint,
    anomalies bigint)
LANGUAGE sql STABLE AS $$
    WITH heard AS MATERIALIZED (
        SELECT * FROM auscult.scores_of($1, $2, since, until)
        WHERE score NOT IN ('infinity', '-infinity', 'nan')
    ), span AS (
        SELECT machine, model_version, min(score) AS low, max(score) AS high FROM heard GROUP BY 1, 2
    ), placed AS (
        SELECT s.machine, s.model_version, s.low, (s.high - s.low) / bins AS width, h.verdict,
               CASE WHEN s.high > s.low THEN least(width_bucket(h.score, s.low, s.high, bins), bins) ELSE 1 END AS bin
        FROM heard h JOIN span s USING (machine, model_version)
    )
    SELECT machine, model_version, bin, low + (bin - 1) * width, low + bin * width, count(*),
           count(*) FILTER (WHERE verdict = 'anomalous')
    FROM placed GROUP BY machine, model_version, bin, low, width ORDER BY 1, 2, 3
$$;
COMMENT ON FUNCTION score_histogram IS
    'How the scores of a machine (TYPE/ID) or of all are spread over bins of equal width; the last week unless told otherwise.';

CREATE FUNCTION threshold_at(
    false_alarm_rate double precision, machine text DEFAULT NULL, model_version text DEFAULT NULL,
    since timestamptz DEFAULT now() - interval '30 days', until timestamptz DEFAULT now())
RETURNS TABLE (machine text, model_version text, threshold double precision, clips bigint)
LANGUAGE sql STABLE AS $$
    SELECT s.machine, s.model_version, percentile_disc(1 - false_alarm_rate) WITHIN GROUP (ORDER BY s.score), count(*)
    FROM auscult.scores_of($2, $3, since, until) AS s GROUP BY 1, 2 ORDER BY 1, 2
$$;
COMMENT ON FUNCTION threshold_at IS
    'The threshold that at most this share of clips exceeds, if all of them are normal; the last 30 days unless told otherwise.';

CREATE FUNCTION false_alarms_per_day(
    threshold double precision, machine text DEFAULT NULL, model_version text DEFAULT NULL,
    since timestamptz DEFAULT now() - interval '30 days', until timestamptz DEFAULT now())
RETURNS TABLE (machine text, model_version text, clips bigint, above bigint, per_day double precision)
LANGUAGE sql STABLE AS $$
    SELECT s.machine, s.model_version, count(*), count(*) FILTER (WHERE s.score > threshold),
           count(*) FILTER (WHERE s.score > threshold) / (extract(epoch FROM until - since)::double precision / 86400)
    FROM auscult.scores_of($2, $3, since, until) AS s GROUP BY 1, 2 ORDER BY 1, 2
$$;
COMMENT ON FUNCTION false_alarms_per_day IS
    'How many clips a day exceed a threshold: false alarms, as far as the machines were in order.';

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'auscult_analyst') THEN
        GRANT SELECT ON evaluations TO auscult_analyst;
    END IF;
END
$$;
