-- The learning side of the ledger: datasets, runs, models, who is champion, and how well models do.

-- ---------------------------------------------------------------- datasets

CREATE TABLE dataset (
    name text PRIMARY KEY,
    feature jsonb,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN dataset.feature IS 'How its log-mel clips were computed; NULL for a dataset of recordings.';

CREATE TABLE dataset_clip (
    dataset text NOT NULL REFERENCES dataset,
    path text COLLATE "C" NOT NULL,
    machine_type text NOT NULL,
    machine_id text NOT NULL,
    split text NOT NULL CHECK (split IN ('train', 'test')),
    is_anomaly boolean NOT NULL,
    sha256 bytea NOT NULL,
    format text NOT NULL,
    channel integer NOT NULL,
    PRIMARY KEY (dataset, path)
);
COMMENT ON COLUMN dataset_clip.path IS 'Below the imported folder, for people; the bytes are found by their hash.';

-- ---------------------------------------------------------------- runs

CREATE TABLE coordinator_fence (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    fence bigint NOT NULL DEFAULT 0,
    holder text NOT NULL DEFAULT 'nobody',
    opened_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE coordinator_fence IS 'The coordinator that may write: each of its transactions holds the row of its fence.';
INSERT INTO coordinator_fence DEFAULT VALUES;

-- As `hold_epoch`, for coordinators.
CREATE FUNCTION hold_fence(mine bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM auscult.coordinator_fence WHERE fence = mine FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'AU001', MESSAGE = (
            SELECT format('the coordinator %s has taken over (fence %s, ours was %s)', holder, fence, mine)
            FROM auscult.coordinator_fence);
    END IF;
END
$$;

CREATE TABLE run (
    run bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('train', 'evaluate')),
    model text NOT NULL,
    dataset text NOT NULL REFERENCES dataset,
    specification jsonb NOT NULL,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    fence bigint,
    cancel_requested boolean NOT NULL DEFAULT false,
    progress double precision NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    reason text,
    model_version text,
    weights_hash bytea,
    clips_per_second double precision,
    submitted_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz
);
CREATE INDEX ON run (run) WHERE state IN ('queued', 'running');
COMMENT ON COLUMN run.model IS 'The kind of model to train, or the version to evaluate.';
COMMENT ON COLUMN run.fence IS 'Of the coordinator that works on it.';
COMMENT ON COLUMN run.model_version IS 'What a training made, or an evaluation judged.';

CREATE TABLE training_step (
    run bigint NOT NULL REFERENCES run,
    step integer NOT NULL,
    loss double precision,
    learning_rate double precision,
    weights_hash bytea NOT NULL,
    clips_per_second double precision NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run, step)
);

CREATE TABLE run_shard (
    run bigint NOT NULL REFERENCES run,
    step integer NOT NULL,
    phase integer NOT NULL,
    shard integer NOT NULL,
    output_hash bytea NOT NULL,
    worker text NOT NULL,
    compute_milliseconds double precision NOT NULL,
    PRIMARY KEY (run, step, phase, shard)
);
COMMENT ON TABLE run_shard IS 'Every shard that counted, once: the hash of its output and who computed it.';

-- ---------------------------------------------------------------- models

CREATE TABLE model_version (
    version text PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    dataset text REFERENCES dataset,
    run bigint UNIQUE REFERENCES run,
    machines text[] NOT NULL,
    feature jsonb NOT NULL,
    metadata jsonb NOT NULL,
    weights_hash bytea NOT NULL,
    file_sha256 bytea NOT NULL,
    file bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE model_version ALTER COLUMN file SET STORAGE EXTERNAL;
CREATE INDEX ON model_version (file_sha256);
COMMENT ON COLUMN model_version.machines IS 'TYPE/ID of every machine the model knows.';

CREATE TABLE promotion (
    promotion bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    machine text COLLATE "C" NOT NULL,
    version text REFERENCES model_version,
    replaces bigint REFERENCES promotion,
    promoted_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON promotion (machine, promotion DESC);
COMMENT ON TABLE promotion IS 'Who was made champion for which machine (TYPE/ID), and when; the newest row counts.';
COMMENT ON COLUMN promotion.version IS 'NULL when the first champion was taken back.';
COMMENT ON COLUMN promotion.replaces IS 'The row that a rollback returns to.';

CREATE TABLE evaluation_score (
    version text NOT NULL REFERENCES model_version,
    dataset text NOT NULL REFERENCES dataset,
    path text COLLATE "C" NOT NULL,
    machine_type text NOT NULL,
    machine_id text NOT NULL,
    is_anomaly boolean NOT NULL,
    score double precision NOT NULL,
    log_odds double precision,
    neighbour_distance double precision,
    verdict text,
    PRIMARY KEY (version, dataset, path)
);
COMMENT ON TABLE evaluation_score IS 'The newest evaluation of each model version on each dataset.';

CREATE TABLE evaluation_interval (
    version text NOT NULL REFERENCES model_version,
    dataset text NOT NULL REFERENCES dataset,
    machine_type text NOT NULL,
    machine_id text NOT NULL,
    auc_low double precision NOT NULL,
    auc_high double precision NOT NULL,
    pauc_low double precision NOT NULL,
    pauc_high double precision NOT NULL,
    evaluated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (version, dataset, machine_type, machine_id)
);
COMMENT ON TABLE evaluation_interval IS '95 % bootstrap intervals; the values themselves are computed from the scores.';
