-- Results with their reasons, from the one table of facts.

CREATE OR REPLACE VIEW results AS
SELECT r.site, r.machine_type, r.machine_id, r.recorded_at, r.model_version, r.score, r.log_odds, r.threshold,
       r.verdict, r.neighbour_distance, r.attempt AS attempts, r.queue_milliseconds, r.compute_milliseconds,
       r.key, r.name, r.job, r.accepted_at, r.scored_at, coalesce(r.flags, '{}') AS flags, r.worker,
       r.reason, r.shares
FROM result r;
