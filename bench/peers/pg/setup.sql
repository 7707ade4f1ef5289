-- Tables of the PostgreSQL benchmarks. Unlogged, so that the disk is not what is measured. `bench_documents` is what weir makes for
-- table=bench_documents (docs/postgresql.md); `bench_made` is one that is written to.
DROP TABLE IF EXISTS bench_narrow, bench_sink, bench_documents, bench_made;
CREATE UNLOGGED TABLE bench_narrow(id int4 PRIMARY KEY, name text NOT NULL, score float8 NOT NULL, ts timestamptz NOT NULL);
INSERT INTO bench_narrow SELECT i, 'name-' || lpad(i::text, 11, '0'), i * 0.5, to_timestamp(1700000000 + i) FROM generate_series(1, 100000) i;
CREATE UNLOGGED TABLE bench_sink(id int4, name text, score float8, ts timestamptz);
CREATE UNLOGGED TABLE bench_documents(id text COLLATE "C" PRIMARY KEY, fields jsonb NOT NULL, metadata jsonb NOT NULL DEFAULT '{}',
  version bigserial NOT NULL);
INSERT INTO bench_documents(id, fields) SELECT lpad(to_hex(i), 32, '0'),
  jsonb_build_object('name', 'name-' || i, 'value', i, 'score', i * 0.5, 'tags', jsonb_build_array('a', 'b', 'c'),
                     'text', repeat('x', 64), 'active', i % 2 = 0) FROM generate_series(0, 99999) i;
CREATE INDEX bench_documents_fields_idx ON bench_documents USING gin (fields jsonb_path_ops);
CREATE UNLOGGED TABLE bench_made(id text COLLATE "C" PRIMARY KEY, fields jsonb NOT NULL, metadata jsonb NOT NULL DEFAULT '{}',
  version bigserial NOT NULL);
CREATE INDEX bench_made_fields_idx ON bench_made USING gin (fields jsonb_path_ops);
VACUUM ANALYZE bench_narrow;
VACUUM ANALYZE bench_documents;
