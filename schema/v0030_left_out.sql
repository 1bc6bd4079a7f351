-- What runs had to do without, and datasets that change.

CREATE TABLE run_left_out (
    run bigint NOT NULL REFERENCES run,
    number integer NOT NULL,
    machine_type text NOT NULL,
    machine_id text NOT NULL,
    clip text,
    reason text NOT NULL,
    PRIMARY KEY (run, number)
);
COMMENT ON TABLE run_left_out IS 'Clips and machines that a training or an evaluation had to do without, and why.';
COMMENT ON COLUMN run_left_out.clip IS 'Its path in the dataset; NULL where it is the machine as a whole.';

CREATE VIEW left_out AS SELECT run, machine_type, machine_id, clip, reason FROM run_left_out;
COMMENT ON VIEW left_out IS 'Clips (and machines, where clip is NULL) that a run had to do without, and why.';

-- A dataset that is imported again with other clips is another version, so that old models keep what they were made of.
ALTER TABLE dataset ADD COLUMN base text;
ALTER TABLE dataset ADD COLUMN version integer NOT NULL DEFAULT 1 CHECK (version > 0);
UPDATE dataset SET base = name;
ALTER TABLE dataset ALTER COLUMN base SET NOT NULL;
CREATE UNIQUE INDEX ON dataset (base, version);
COMMENT ON COLUMN dataset.base IS 'The name people know it by; that of a later version is BASE@VERSION.';

ALTER TABLE dataset_clip ADD COLUMN domain text;
ALTER TABLE dataset_clip ADD COLUMN attributes text;
COMMENT ON COLUMN dataset_clip.domain IS 'source or target, where the file''s name says so.';
COMMENT ON COLUMN dataset_clip.attributes IS 'What else the file''s name says, such as vel_6; NULL where nothing.';

CREATE VIEW dataset_clips AS
SELECT d.base AS dataset, d.version, c.path, c.machine_type, c.machine_id, c.split, c.is_anomaly, c.domain,
       c.attributes, encode(c.sha256, 'hex') AS sha256, c.format, c.channel
FROM dataset_clip c JOIN dataset d ON d.name = c.dataset;
COMMENT ON VIEW dataset_clips IS 'The labelled clips of every version of every dataset.';

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'auscult_analyst') THEN
        GRANT SELECT ON left_out, dataset_clips TO auscult_analyst;
    END IF;
END
$$;
