-- What a training needs to go on where it stopped: checkpoints, what each step led to, pauses and forks.

ALTER TABLE run DROP CONSTRAINT run_state_check;
ALTER TABLE run ADD CONSTRAINT run_state_check
    CHECK (state IN ('queued', 'running', 'paused', 'done', 'failed', 'cancelled'));
ALTER TABLE run ADD COLUMN pause_requested boolean NOT NULL DEFAULT false;
ALTER TABLE run ADD COLUMN forked_from bigint REFERENCES run;
COMMENT ON COLUMN run.forked_from IS 'The run whose checkpoint this one began with.';

ALTER TABLE training_step ADD COLUMN hash_before bytea;
ALTER TABLE training_step ADD COLUMN fence bigint;
ALTER TABLE training_step ADD COLUMN validation_loss double precision;
ALTER TABLE training_step ADD COLUMN skipped boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN training_step.hash_before IS 'Of the weights the step began with; NULL where a model is not trained in steps.';
COMMENT ON COLUMN training_step.fence IS 'Of the coordinator that committed it.';
COMMENT ON COLUMN training_step.validation_loss IS 'Of the averaged weights after the step, where they were validated.';
COMMENT ON COLUMN training_step.skipped IS 'Its gradient was not used, because it was not finite or far too large.';

CREATE TABLE run_checkpoint (
    run bigint NOT NULL REFERENCES run,
    step integer NOT NULL,
    state bytea NOT NULL,
    sha256 bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run, step)
);
ALTER TABLE run_checkpoint ALTER COLUMN state SET STORAGE EXTERNAL;
COMMENT ON TABLE run_checkpoint IS 'The newest full states of each training: weights, moments, averages.';

CREATE OR REPLACE VIEW training_runs AS
SELECT r.run, r.kind, r.model, r.dataset, r.specification, r.state, r.progress, r.reason, r.model_version,
       encode(r.weights_hash, 'hex') AS weights_hash, r.clips_per_second, r.submitted_at, r.started_at, r.finished_at,
       (SELECT count(*) FROM training_step s WHERE s.run = r.run) AS steps, r.forked_from
FROM run r;

CREATE OR REPLACE VIEW training_steps AS
SELECT run, step, loss, learning_rate, encode(weights_hash, 'hex') AS weights_hash, clips_per_second, at,
       validation_loss, skipped
FROM training_step;
