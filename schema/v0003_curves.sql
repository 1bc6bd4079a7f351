-- How well scores tell anomalous clips from normal ones, for anybody who can write SQL:
--     SELECT auc(score, is_anomaly), pauc(score, is_anomaly, 0.1) FROM evaluation_scores

-- Area under the ROC curve up to a false-alarm rate, equal scores grouped, the curve cut by interpolation;
-- standardised after McClish when cut. NULL unless there are normal and anomalous clips. The cost is that of a sort.
CREATE FUNCTION area_under_curve(scores double precision[], anomalous boolean[], max_fpr double precision DEFAULT 1)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    WITH pair AS (
        SELECT * FROM unnest(scores, anomalous) AS pair (score, is_anomaly)
        WHERE score IS NOT NULL AND is_anomaly IS NOT NULL
    ), tied AS (
        SELECT score, count(*) FILTER (WHERE NOT is_anomaly) AS normal, count(*) FILTER (WHERE is_anomaly) AS anomalous
        FROM pair GROUP BY score
    ), corner AS (
        SELECT score, sum(normal) OVER higher / nullif(sum(normal) OVER (), 0)::double precision AS false_rate,
               sum(anomalous) OVER higher / nullif(sum(anomalous) OVER (), 0)::double precision AS true_rate
        FROM tied WINDOW higher AS (ORDER BY score DESC)
    ), step AS (
        SELECT lag(false_rate, 1, 0) OVER higher AS x0, lag(true_rate, 1, 0) OVER higher AS y0,
               false_rate AS x1, true_rate AS y1
        FROM corner WHERE false_rate IS NOT NULL AND true_rate IS NOT NULL
        WINDOW higher AS (ORDER BY score DESC)
    ), area AS (
        SELECT sum(CASE
            WHEN x1 <= max_fpr THEN (x1 - x0) * (y0 + y1) / 2
            ELSE (max_fpr - x0) * (2 * y0 + (y1 - y0) * (max_fpr - x0) / (x1 - x0)) / 2
        END) AS area
        FROM step WHERE x0 < max_fpr
    )
    SELECT CASE WHEN max_fpr = 1 THEN area
                ELSE 0.5 * (1 + (area - max_fpr ^ 2 / 2) / (max_fpr - max_fpr ^ 2 / 2)) END
    FROM area
$$;
COMMENT ON FUNCTION area_under_curve(double precision[], boolean[], double precision) IS
    'AUC, or pAUC when max_fpr is below 1, of array_agg(score) and array_agg(is_anomaly).';

-- The aggregates keep (score, label) pairs. PostgreSQL copies such a state row by row: comfortable up to some ten
-- thousand clips a group; for more, call area_under_curve(array_agg(score), array_agg(is_anomaly)).
CREATE FUNCTION pauc_add(
    curve double precision[], score double precision, is_anomaly boolean, max_fpr double precision)
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF max_fpr IS NULL OR max_fpr <= 0 OR max_fpr > 1 THEN
        RAISE EXCEPTION 'max_fpr must lie in (0, 1], not %', max_fpr;
    END IF;
    IF score IS NULL OR is_anomaly IS NULL THEN RETURN curve; END IF;
    IF curve IS NULL THEN RETURN ARRAY[max_fpr, score, is_anomaly::integer]; END IF;
    RETURN curve || ARRAY[score, is_anomaly::integer];
END
$$;

CREATE FUNCTION auc_add(curve double precision[], score double precision, is_anomaly boolean)
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF score IS NULL OR is_anomaly IS NULL THEN RETURN curve; END IF;
    IF curve IS NULL THEN RETURN ARRAY[1, score, is_anomaly::integer]; END IF;
    RETURN curve || ARRAY[score, is_anomaly::integer];
END
$$;

CREATE FUNCTION curve_area(curve double precision[])
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT auscult.area_under_curve(array_agg(curve[i]), array_agg(curve[i + 1] = 1), curve[1])
    FROM generate_series(2, cardinality(curve), 2) AS i
$$;

CREATE AGGREGATE auc(score double precision, is_anomaly boolean) (
    SFUNC = auc_add, STYPE = double precision[], FINALFUNC = curve_area
);
COMMENT ON AGGREGATE auc(double precision, boolean) IS
    'Area under the ROC curve, equal scores grouped; NULL unless there are normal and anomalous clips.';

CREATE AGGREGATE pauc(score double precision, is_anomaly boolean, max_fpr double precision) (
    SFUNC = pauc_add, STYPE = double precision[], FINALFUNC = curve_area
);
COMMENT ON AGGREGATE pauc(double precision, boolean, double precision) IS
    'Partial AUC up to a false-alarm rate, standardised after McClish: 0.5 is chance, 1 is perfect.';
