-- Payloads as rows, for sites so small that the database may hold the clips' bytes as well.
--
-- `clip` and `content` name such a row by its negative number in `segment`; numbers of segment files are positive, so
-- both kinds may lie side by side.

CREATE TABLE clip_payload (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stored_at timestamptz NOT NULL DEFAULT now(),
    checksum bigint NOT NULL,
    bytes bytea NOT NULL
);
ALTER TABLE clip_payload ALTER COLUMN bytes SET STORAGE EXTERNAL;
COMMENT ON TABLE clip_payload IS 'The bytes of clips, where a broker was told to keep them here.';
COMMENT ON COLUMN clip_payload.checksum IS 'CRC-32C of the bytes.';

CREATE TABLE content_payload (LIKE clip_payload INCLUDING ALL);
COMMENT ON TABLE content_payload IS 'The bytes of content, where a broker was told to keep them here.';
