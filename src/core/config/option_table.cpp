// The option table: the one place that knows names, types, defaults, scopes and aliases. docs/configuration.md is
// checked against it by a test. Defaults for the HTTP stores stand in `.otherwise(http, …)`.

#include "core/config/option.hpp"

namespace weir::configuration {
namespace {

using namespace family;
using enum Conversion;

constexpr Option rows[] = {
    // ---- the pool ----------------------------------------------------------------------------------------------
    uint("max_size", "10", "connections of one endpoint on one loop, those being made included")
        .range(1, std::numeric_limits<std::uint32_t>::max())
        .otherwise(http, "32")
        .alias("max_connections")
        .alias("maxsize")
        .alias("max_pool_size")
        .mongo("maxPoolSize", no_limit_when_zero)
        .variable("POSTGRES_POOL_MAX_SIZE", postgres)
        .variable("ES_POOL_MAXSIZE", elasticsearch)
        .variable("S3_POOL_MAX_CONNECTIONS", s3),
    uint("min_size", "0", "kept open on each loop, opened in the background once the pool was first used")
        .alias("min_connections")
        .alias("min_pool_size")
        .mongo("minPoolSize")
        .variable("POSTGRES_POOL_MIN_SIZE", postgres),
    uint("min_idle", "0", "spare idle connections kept above those in use"),
    uint("max_idle", "=max_size", "more idle ones than this are closed when they come back")
        .alias("connections")
        .variable("ES_POOL_CONNECTIONS", elasticsearch),
    uint("total_limit", "0", "over all loops of the process, for one database and endpoint; 0 is none"),
    uint("max_connecting", "2", "connections being made at once; one while backing off")
        .range(1, std::numeric_limits<std::uint32_t>::max())
        .otherwise(http, "4")
        .mongo("maxConnecting"),
    duration("acquire_timeout", "5s", "longest wait for a connection; 0: only the operation's deadline")
        .mongo("waitQueueTimeoutMS")
        .variable("POSTGRES_POOL_TIMEOUT", postgres, seconds),
    uint("max_waiters", "4096", "callers that may wait for a connection; beyond, `pool_full` at once"),
    duration("slow_acquire", "2s", "a wait longer than this is logged once, with the pool's figures"),
    duration("selection_timeout", "30s", "several endpoints: longest wait for a suitable one")
        .mongo("serverSelectionTimeoutMS"),
    duration("connect_timeout", "10s", "name resolution, TCP, TLS, handshake and authentication together")
        .mongo("connectTimeoutMS")
        .alias("connect_timeout", seconds, form::conninfo, postgres)
        .variable("PGCONNECT_TIMEOUT", postgres, seconds),
    duration("attempt_delay", "250ms", "pause before the next address of a name is tried beside the first"),
    duration("idle_timeout", "10m", "idle longer than this is closed, down to `min_size`")
        .otherwise(http, "50s")
        .mongo("maxIdleTimeMS"),
    duration("max_lifetime", "30m", "age at which a connection is replaced, each shortened at random by up to a tenth")
        .otherwise(http, "10m"),
    uint("max_uses", "0", "uses after which a connection is replaced; 0 is no limit")
        .range(0, std::numeric_limits<std::int64_t>::max()),
    duration("validate_after", "30s", "idle longer than this is pinged before it is handed out"),
    duration("keepalive_interval", "30s", "idle connections are pinged this often; 0 is never").otherwise(http, "0"),
    duration("ping_timeout", "1s", "longest wait for the answer to a ping"),
    duration("reset_timeout", "1s", "longest wait for a session to be reset after a lease that changed it"),
    duration("housekeeping", "auto", "how often the pool is swept; auto: when the next thing is due").zero("auto"),
    duration("heartbeat_interval", "10s", "several endpoints: how often each is looked at")
        .mongo("heartbeatFrequencyMS"),
    duration("min_heartbeat", "500ms", "and never more often than this"),
    duration("reconnect_min", "50ms", "first pause after a failed connect, doubled with each, with full jitter"),
    duration("reconnect_max", "5s", "longest pause after failed connects"),
    choice("reuse", "lifo|fifo", "lifo", "which idle connection is taken: the one used last, or the one idle longest"),
    boolean("fail_fast", "false", "with no connection alive and two failed connects, those who wait fail at once"),
    uint("loop_threads", "auto", "threads that run the loop; 1 saves the pool's mutex").zero("auto").range(0, 1024),
    boolean("start_paused", "false", "the pool waits until the monitor has found the server")
        .otherwise(mongodb, "true"),
    uint("pipeline_depth", "1", "statements on one connection at a time").range(1, 65'536).otherwise(postgres, "32"),
    duration("tcp_user_timeout", "30s", "sent data unanswered for this long breaks a TCP connection; 0: the system's"),
    duration("tcp_keepalive", "30s", "idle time before TCP keep-alive probes; 0 is off")
        .alias("keepalives_idle", seconds, form::any | form::conninfo, postgres),
    duration("tcp_keepalive_interval", "10s", "time between the probes")
        .alias("keepalives_interval", seconds, form::any | form::conninfo, postgres),
    uint("tcp_keepalive_count", "3", "unanswered probes that break a connection")
        .range(1, 127)
        .alias("keepalives_count", none, form::any | form::conninfo, postgres),
    duration("lease_warning", "1m",
             "a connection kept longer than this is logged with the operation that has it; 0 is never"),
    duration("drain_timeout", "30s", "how long `close` lets running operations finish"),
    uint("eject_after", "1", "several endpoints: errors in a row (or one failed connect) that set one aside")
        .range(1, 1'000'000),
    duration("eject_base", "1s", "how long at first, doubled each time"),
    duration("eject_max", "30s", "and at most"),
    boolean("sniff", "false", "ask the store for its nodes and use them all"),
    boolean("connect_on_open", "false", "`open` makes a first connection and fails when it cannot").local(),
    boolean("per_loop_metrics", "false", "metrics of every pool of the process name its loop").local(),

    // ---- an operation ------------------------------------------------------------------------------------------
    duration("timeout", "30s", "a whole operation, waiting and retries included; 0 is none")
        .call()
        .alias("command_timeout", seconds),
    duration("read_idle_timeout", "1m", "longest silence inside an answer").call().mongo("socketTimeoutMS"),
    boolean("retry_reads", "true", "reads are tried again after a transient failure").call().mongo("retryReads"),
    boolean("retry_writes", "true", "so are writes that cannot happen twice").call().mongo("retryWrites"),
    uint("retry.max_attempts", "3", "tries of one operation, the first included").call().range(1, 1'000),
    duration("retry.base", "50ms",
             "longest pause before the second try, doubled with each; a random part of it is waited")
        .call(),
    duration("retry.throttle_base", "1s", "the same after the store asked for fewer requests").call(),
    duration("retry.max", "20s", "longest pause between tries").call(),
    uint("retry.budget", "500",
         "tokens for retries of all loops together, so that retries cannot become a storm; 0 is no limit")
        .call(),
    uint("breaker.failures", "0",
         "after so many failures in a row the store is left alone for a while: requests are refused at once; 0: never")
        .call()
        .range(0, 1'000'000),
    duration("breaker.base", "1s", "for how long at first, doubled each time it is tried out in vain").call(),
    duration("breaker.max", "30s", "and at most").call(),
    choice("throttle", "off|adaptive", "off", "adaptive: send no faster than the store lately took").call(),

    // ---- where the data is -------------------------------------------------------------------------------------
    text("name", "", "database of this name, shared in the process; empty: one of its own").only(memory),
    text("path", "", "database file, or :memory:").only(sqlite).alias("file").alias("database"),
    text("location", "", "what stands in the URL between the scheme and the query").only(registered).with_address(),
    list("hosts", "", "host:port, [IPv6]:port or the directory of a Unix socket, in the order in which they are tried")
        .only(with_hosts)
        .otherwise(postgres, "localhost:5432")
        .otherwise(elasticsearch, "localhost:9200")
        .alias("host", host, form::any | form::conninfo)
        .alias("port", port, form::any | form::conninfo)
        .variable("PGHOST", postgres, host)
        .variable("PGPORT", postgres, port)
        .variable("POSTGRES_HOST", postgres, host)
        .variable("POSTGRES_PORT", postgres, port)
        .variable("DATABASE_URL", postgres, database_url),
    text("cloud_id", "", "deployment of Elastic Cloud, in the place of `hosts`").only(elasticsearch),
    text("path_prefix", "", "path before every request, for a store behind a gateway").only(elasticsearch),
    text("database", "", "name of the database; empty: the server's choice")
        .only(postgres | mongodb)
        .alias("dbname", none, form::any | form::conninfo)
        .variable("PGDATABASE", postgres)
        .variable("POSTGRES_DB", postgres),
    text("bucket", "", "name of the bucket").only(s3).alias("bucket_name"),
    text("region", "", "region of the bucket; empty: found out")
        .only(s3)
        .alias("region_name")
        .variable("AWS_REGION", s3)
        .variable("AWS_DEFAULT_REGION", s3),
    text("endpoint_url", "", "http:// or https:// address of a store other than AWS")
        .only(s3)
        .with_address()
        .variable("AWS_ENDPOINT_URL_S3", s3)
        .variable("AWS_ENDPOINT_URL", s3),

    // ---- who we are --------------------------------------------------------------------------------------------
    text("user", "", "user name; empty: PostgreSQL takes the system's, the others none")
        .only(with_hosts)
        .alias("username")
        .alias("basic_auth", user_and_password, form::any, elasticsearch)
        .alias("http_auth", user_and_password, form::any, elasticsearch)
        .alias("user", none, form::conninfo)
        .variable("PGUSER", postgres)
        .variable("POSTGRES_USER", postgres),
    text("password", "", "password")
        .only(with_hosts)
        .hidden()
        .alias("password", none, form::conninfo)
        .variable("PGPASSWORD", postgres)
        .variable("POSTGRES_PASSWORD", postgres),
    text("passfile", "", "password file; empty: ~/.pgpass")
        .only(postgres)
        .alias("passfile", none, form::conninfo)
        .variable("PGPASSFILE", postgres),
    text("service", "", "section of the connection service file")
        .only(postgres)
        .alias("service", none, form::conninfo)
        .variable("PGSERVICE", postgres),
    text("api_key", "", "base64 of id:key; in JSON also [id, key]")
        .only(elasticsearch)
        .hidden()
        .alias("api_key", id_and_key, form::key),
    text("bearer_token", "", "bearer or service token").only(elasticsearch).hidden().alias("bearer_auth"),
    text("access_key_id", "", "access key")
        .only(s3)
        .hidden()
        .alias("aws_access_key_id")
        .variable("AWS_ACCESS_KEY_ID", s3),
    text("secret_access_key", "", "secret key")
        .only(s3)
        .hidden()
        .alias("aws_secret_access_key")
        .variable("AWS_SECRET_ACCESS_KEY", s3),
    text("session_token", "", "token of temporary credentials")
        .only(s3)
        .hidden()
        .alias("aws_session_token")
        .variable("AWS_SESSION_TOKEN", s3),
    choice("credentials", "auto|static|environment|profile|web_identity|container|instance|anonymous", "auto",
           "where credentials come from; auto tries them in this order and never anonymous")
        .only(s3),
    text("profile", "", "profile in the credentials and configuration files")
        .only(s3)
        .alias("profile_name")
        .variable("AWS_PROFILE", s3),
    text("credentials_file", "", "shared credentials file; empty: ~/.aws/credentials")
        .only(s3)
        .variable("AWS_SHARED_CREDENTIALS_FILE", s3),
    text("config_file", "", "shared configuration file; empty: ~/.aws/config").only(s3).variable("AWS_CONFIG_FILE", s3),
    text("role_arn", "", "role to take on by web identity").only(s3).variable("AWS_ROLE_ARN", s3),
    text("role_session_name", "", "name of that session").only(s3).variable("AWS_ROLE_SESSION_NAME", s3),
    text("web_identity_token_file", "", "file with the token, read again at each refresh")
        .only(s3)
        .variable("AWS_WEB_IDENTITY_TOKEN_FILE", s3),
    text("auth_source", "", "database that knows the user").only(mongodb).mongo("authSource"),
    choice("auth_mechanism", "default|SCRAM-SHA-1|SCRAM-SHA-256|MONGODB-X509|PLAIN", "default", "how to authenticate")
        .only(mongodb)
        .mongo("authMechanism"),

    // ---- TLS and the way to the server -------------------------------------------------------------------------
    boolean("tls", "true", "speak TLS; the +http and +https of a URL's scheme say it too")
        .only(elasticsearch | mongodb)
        .otherwise(mongodb, "false")
        .alias("ssl")
        .alias("use_ssl"),
    choice("sslmode", "disable|allow|prefer|require|verify-ca|verify-full", "prefer",
           "as libpq has it; where it is not given and `ca_certs` is: verify-full")
        .only(postgres)
        .alias("ssl", tls_mode)
        .alias("sslmode", none, form::conninfo)
        .variable("PGSSLMODE", postgres),
    boolean("verify_certs", "true", "check the server's certificate and its name")
        .only(http | mongodb)
        .alias("verify")
        .mongo("tlsAllowInvalidCertificates", inverted),
    text("ca_certs", "", "file with the certificates that are trusted; empty: the system's")
        .only(with_tls)
        .content()
        .alias("sslrootcert", none, form::any | form::conninfo, postgres)
        .alias("ca_cert")
        .mongo("tlsCAFile")
        .variable("PGSSLROOTCERT", postgres)
        .variable("AWS_CA_BUNDLE", s3),
    text("client_cert", "", "file with the client's certificate")
        .only(with_tls)
        .content()
        .alias("sslcert", none, form::any | form::conninfo, postgres)
        .mongo("tlsCertificateKeyFile")
        .variable("PGSSLCERT", postgres),
    text("client_key", "", "file with its private key; empty: in the file of the certificate")
        .only(with_tls)
        .content()
        .alias("sslkey", none, form::any | form::conninfo, postgres)
        .variable("PGSSLKEY", postgres),
    text("client_key_password", "", "password of that file")
        .only(with_tls)
        .hidden()
        .alias("sslpassword", none, form::any | form::conninfo, postgres)
        .mongo("tlsCertificateKeyFilePassword"),
    text("crl", "", "file with revoked certificates")
        .only(postgres)
        .content()
        .alias("sslcrl", none, form::any | form::conninfo)
        .variable("PGSSLCRL", postgres),
    text("tls_fingerprint", "", "SHA-256 of the server's certificate in hexadecimal; no other is accepted")
        .only(elasticsearch)
        .alias("ssl_assert_fingerprint"),
    boolean("ssl_show_warn", "true", "log a warning when `verify_certs` is off").only(elasticsearch).local(),
    choice("channel_binding", "disable|prefer|require", "prefer", "tie the authentication to the TLS connection")
        .only(postgres)
        .alias("channel_binding", none, form::conninfo)
        .variable("PGCHANNELBINDING", postgres),
    text("proxy", "",
         "http:// address of a proxy; empty: the environment's HTTPS_PROXY, HTTP_PROXY and NO_PROXY; off: none")
        .only(http)
        .with_address(),

    // ---- PostgreSQL --------------------------------------------------------------------------------------------
    choice("target_session_attrs", "any|read-write|read-only|primary|standby|prefer-standby", "any",
           "which of the hosts will do")
        .only(postgres)
        .alias("target_session_attrs", none, form::conninfo)
        .variable("PGTARGETSESSIONATTRS", postgres),
    choice("load_balance_hosts", "disable|random", "disable", "try the hosts in random order")
        .only(postgres)
        .alias("load_balance_hosts", none, form::conninfo)
        .variable("PGLOADBALANCEHOSTS", postgres),
    choice("read_from", "primary|standby|any", "primary", "where reads outside transactions go").only(postgres),
    text("application_name", "weir", "shown by the server in its lists and logs")
        .only(postgres | mongodb)
        .mongo("appName")
        .alias("application_name", none, form::conninfo)
        .variable("PGAPPNAME", postgres),
    text("options", "", "session settings, as in -c search_path=app")
        .only(postgres)
        .alias("options", none, form::conninfo)
        .variable("PGOPTIONS", postgres),
    boolean("server_timeouts", "true", "let the server end what a dead client left: statement_timeout and the like")
        .only(postgres),
    uint("statement_cache_size", "256", "prepared statements kept on each connection; 0 is none")
        .only(postgres | sqlite)
        .range(0, 65'536),
    boolean("coalesce_reads", "false", "reads by id of one turn of the loop become one statement")
        .only(postgres)
        .call(),
    duration("pipeline_stall", "20ms", "a connection whose oldest statement is older gets no new ones").only(postgres),
    size("max_shared_result", "4MiB", "larger results move their statement to a connection of its own").only(postgres),

    // ---- tables, indexes, prefixes -----------------------------------------------------------------------------
    text("table", "records", "table that holds the records").only(sqlite | postgres).local().alias("table_name"),
    text("schema", "", "schema of the table; empty: the first of search_path").only(postgres).local(),
    choice("storage", "document|columns", "document", "columns: map an existing table, its columns are the fields")
        .only(postgres)
        .local(),
    list("index", "", "paths to index, such as age,address.city").only(sqlite | postgres).local(),
    text("index", "records", "name of the index").only(elasticsearch).local().alias("index_name"),
    text("collection", "records", "name of the collection").only(mongodb).local(),
    text("prefix", "", "prefix of every key").only(s3).local().range(0, 300),
    text("key_field", "", "field that is the record's id, for data that others wrote")
        .only(postgres | http | mongodb)
        .local(),
    boolean("create_if_missing", "true", "make the table, index, bucket or file when it is not there")
        .only(sqlite | postgres | http)
        .local()
        .alias("auto_create_table"),

    // ---- SQLite ------------------------------------------------------------------------------------------------
    duration("busy_timeout", "5s", "how long to wait for another process that has the file locked").only(sqlite),
    choice("synchronous", "normal|full|extra|off", "normal", "full: a power cut loses nothing that was acknowledged")
        .only(sqlite),
    choice("journal_mode", "wal|delete|truncate|persist|memory|off", "wal", "PRAGMA journal_mode").only(sqlite),
    uint("readers", "4", "threads that read side by side").only(sqlite).range(1, 256),
    boolean("read_only", "false", "open the file for reading only").only(sqlite),
    boolean("inline_reads", "false", "short reads on the loop's own thread: no hop, but the loop waits for the disk")
        .only(sqlite),
    boolean("foreign_keys", "true", "PRAGMA foreign_keys").only(sqlite),
    size("cache_size", "16MiB", "page cache of each connection, at most").only(sqlite),
    size("mmap_size", "0", "bytes of the file that are mapped into memory").only(sqlite),

    // ---- Elasticsearch and OpenSearch --------------------------------------------------------------------------
    choice("refresh", "automatic|none|wait|now", "automatic",
           "when a write can be searched; automatic: waits for single writes")
        .only(elasticsearch)
        .call(),
    boolean("gzip", "false", "compress requests and answers").only(elasticsearch).call().alias("http_compress"),
    size("bulk_size", "5MiB", "largest bulk request").only(elasticsearch).call().range(1'024, 1'073'741'824),
    uint("bulk_actions", "1000", "most records in one bulk request").only(elasticsearch).call().range(1, 1'000'000),
    uint("bulk_concurrency", "2", "bulk requests in flight").only(elasticsearch).call().range(1, 1'024),
    duration("pit_keep_alive", "1m", "how long the store keeps a stream's snapshot between pages")
        .only(elasticsearch)
        .call(),
    list("text_fields", "", "paths of long texts, which only match and exists can search").only(elasticsearch).local(),
    size("max_response_size", "64MiB", "a longer answer is refused with `too_large`").only(http).call(),
    size("low_speed_limit", "0", "bytes a second below which an answer is too slow, on an average; 0 is any speed")
        .only(http)
        .call(),
    duration("low_speed_time", "30s", "the time of that average; waiting counts, what a slow reader takes does not")
        .only(http)
        .call(),

    // ---- S3 ----------------------------------------------------------------------------------------------------
    choice("addressing", "auto|path|virtual", "auto", "bucket in the path or in the host name")
        .only(s3)
        .alias("addressing_style"),
    choice("payload_signing", "auto|signed|unsigned", "auto", "auto: the body is signed where there is no TLS")
        .only(s3)
        .call(),
    choice("checksum", "crc32c|none", "crc32c", "checksum of bodies, both ways").only(s3).call(),
    size("part_size", "8MiB", "part of a multipart upload or a ranged download")
        .only(s3)
        .call()
        .range(5'242'880, 5'368'709'120),
    size("multipart_threshold", "8MiB", "larger objects are sent in parts").only(s3).call(),
    uint("concurrency", "64", "requests of one operation in flight").only(s3).call().range(1, 10'000),
    size("memory_limit", "64MiB", "bytes of parts held by one transfer").only(s3).call(),
    choice("layout", "objects|archive", "objects", "an object for each record, or packed parts").only(s3).local(),
    size("archive_part_size", "64MiB", "size of a packed part").only(s3).local(),
    choice("archive_compression", "none|gzip|zstd", "zstd", "compression of packed parts").only(s3).local(),

    // ---- MongoDB -----------------------------------------------------------------------------------------------
    text("replica_set", "", "name of the replica set").only(mongodb).mongo("replicaSet"),
    boolean("direct_connection", "false", "talk to this one server, whatever it belongs to")
        .only(mongodb)
        .mongo("directConnection"),
    choice("read_preference", "primary|primaryPreferred|secondary|secondaryPreferred|nearest", "primary",
           "which members reads go to")
        .only(mongodb)
        .call()
        .mongo("readPreference"),
    choice("read_concern", "default|local|available|majority|linearizable|snapshot", "default", "what a read may see")
        .only(mongodb)
        .call()
        .mongo("readConcernLevel"),
    text("write_concern", "majority", "members that must have a write: a number, majority or a tag")
        .only(mongodb)
        .call()
        .mongo("w"),
    duration("write_concern_timeout", "0", "longest wait for them; 0 is none").only(mongodb).call().mongo("wtimeoutMS"),
    boolean("journal", "false", "a write is acknowledged after its journal").only(mongodb).call(),
    list("compressors", "", "zstd, zlib, snappy, in the order wished").only(mongodb),
    duration("local_threshold", "15ms", "servers this much slower than the nearest are used too")
        .only(mongodb)
        .mongo("localThresholdMS"),
};

}  // namespace

std::span<const Option> option_table() { return rows; }

}  // namespace weir::configuration
