-- Why a clip counts as anomalous.

ALTER TABLE result ADD COLUMN reason text, ADD COLUMN shares jsonb;
COMMENT ON COLUMN result.reason IS 'Where the clip differs most from normal ones, in words; NULL for normal clips.';
COMMENT ON COLUMN result.shares IS
    'The largest parts of the score: [{"spectrum","lowHz","highHz","share"}], of a whole of 1; NULL for normal clips.';

CREATE OR REPLACE VIEW results AS
SELECT c.site, c.machine_type, c.machine_id, c.recorded_at, r.model_version, r.score, r.log_odds, r.threshold,
       r.verdict, r.neighbour_distance, r.attempt AS attempts, r.queue_milliseconds, r.compute_milliseconds,
       c.key, c.name, c.job, c.accepted_at, r.scored_at, coalesce(r.flags, '{}') AS flags, r.worker,
       r.reason, r.shares
FROM result r JOIN clip c USING (job);
