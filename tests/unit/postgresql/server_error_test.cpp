#include "backends/postgresql/sql/server_error.hpp"

#include "backends/postgresql/sql/own_words.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace weir::postgres {
namespace {

ServerError error_with(std::string state, std::string message = "words of the server", std::string constraint = {}) {
  ServerError error;
  error.state = std::move(state);
  error.message = std::move(message);
  error.constraint = std::move(constraint);
  return error;
}

TEST(ServerError, what_the_states_mean) {
  struct Row {
    const char* state;
    errc code;
    bool transient;
  };
  const std::vector<Row> rows{{"23505", errc::constraint_violation, false},
                              {"23514", errc::constraint_violation, false},
                              {"40001", errc::serialization_failure, true},
                              {"40P01", errc::deadlock, true},
                              {"57014", errc::server_error, true},
                              {"28P01", errc::authentication_failed, false},
                              {"28000", errc::authentication_failed, false},
                              {"42501", errc::permission_denied, false},
                              {"42P01", errc::not_found, false},
                              {"3D000", errc::not_found, false},
                              {"42601", errc::invalid_query, false},
                              {"53300", errc::unavailable, true},
                              {"57P03", errc::unavailable, true},
                              {"53100", errc::storage_full, false},
                              {"08006", errc::connection_lost, true},
                              {"57P01", errc::connection_lost, true},
                              {"25006", errc::unavailable, true},
                              {"54000", errc::too_large, false},
                              {"2201B", errc::unsupported, false},
                              {"XX000", errc::server_error, false},
                              {"", errc::server_error, false}};
  for (const Row& row : rows) {
    const Error error = make_error(error_with(row.state));
    EXPECT_EQ(error.kind(), row.code) << row.state;
    EXPECT_EQ(error.transient(), row.transient) << row.state;
    EXPECT_EQ(error.server_code(), row.state);
    EXPECT_FALSE(error.maybe_applied());
  }
}

TEST(ServerError, a_key_is_told_from_other_unique_indexes) {
  EXPECT_EQ(make_error(error_with("23505", "duplicate key", "records_pkey")).kind(), errc::already_exists);
  const Error other = make_error(error_with("23505", "duplicate key", "records_email_key"));
  EXPECT_EQ(other.kind(), errc::constraint_violation);
  EXPECT_NE(std::string(other.what()).find("records_email_key"), std::string::npos);
}

TEST(ServerError, no_data_in_the_text) {
  const Error error = make_error(error_with("22P02", "invalid input syntax for type integer: \"my secret\""));
  EXPECT_EQ(error.kind(), errc::invalid_argument);
  EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos);
}

TEST(ServerError, statement_timeout_of_the_server) {
  EXPECT_EQ(make_error(error_with("57014", "canceling statement due to statement timeout")).kind(), errc::timeout);
}

TEST(ServerError, a_statement_timeout_is_known_by_its_time) {
  using std::chrono::milliseconds;
  const auto german = error_with("57014", "storniere Anfrage");
  EXPECT_EQ(make_error(german).kind(), errc::server_error);
  auto late = german;
  late.by_timeout = true;
  EXPECT_EQ(make_error(late).kind(), errc::timeout);
  EXPECT_FALSE(make_error(late).transient());
  EXPECT_TRUE(is_by_timeout(german, milliseconds(200), milliseconds(200), false));
  EXPECT_FALSE(is_by_timeout(german, milliseconds(20), milliseconds(200), false)) << "somebody cancelled it";
  EXPECT_FALSE(is_by_timeout(german, milliseconds(20'000), milliseconds(0), false)) << "there is no limit";
  EXPECT_TRUE(is_by_timeout(german, milliseconds(20), milliseconds(0), true)) << "the user set one";
  EXPECT_FALSE(is_by_timeout(error_with("40001"), milliseconds(200), milliseconds(200), true));
}

TEST(ServerError, texts_that_name_the_limit) {
  EXPECT_TRUE(names_statement_timeout("SET LOCAL statement_timeout = '1s'"));
  EXPECT_TRUE(names_statement_timeout("select set_config('Statement_Timeout', '1s', true)"));
  EXPECT_FALSE(names_statement_timeout("SET lock_timeout = '1s'"));
  EXPECT_FALSE(names_statement_timeout(""));
}

TEST(ServerError, statements_that_are_prepared_again) {
  EXPECT_TRUE(is_stale_statement(error_with("26000")));
  EXPECT_TRUE(is_stale_statement(error_with("42P05")));
  EXPECT_TRUE(is_stale_statement(error_with("0A000", "cached plan must not change result type")));
  ServerError german = error_with("0A000", "gecachter Plan darf den Ergebnistyp nicht ändern");
  EXPECT_FALSE(is_stale_statement(german));
  german.source = "RevalidateCachedQuery";
  EXPECT_TRUE(is_stale_statement(german));
  EXPECT_FALSE(is_stale_statement(error_with("0A000", "DROP INDEX CONCURRENTLY must be first action in transaction")));
}

TEST(ServerError, connects) {
  struct Row {
    const char* text;
    errc code;
    bool transient;
    const char* state;
  };
  const std::vector<Row> rows{
      {"connection to server at \"db\" (127.0.0.1), port 5432 failed: FATAL:  28P01: password authentication failed "
       "for "
       "user \"me\"\nLOCATION:  auth_failed, auth.c:326\n",
       errc::authentication_failed, false, "28P01"},
      {"connection failed: FATAL:  53300: sorry, too many clients already\n", errc::unavailable, true, "53300"},
      {"connection failed: FATAL:  57P03: the database system is starting up\n", errc::unavailable, true, "57P03"},
      {"connection failed: FATAL:  3D000: database \"x\" does not exist\n", errc::not_found, false, "3D000"},
      {"connection failed: SSL error: certificate verify failed\n", errc::tls_failed, false, ""},
      {"connection failed: server certificate for \"a\" does not match host name \"b\"\n", errc::tls_failed, false, ""},
      {"connection failed: server does not support SSL, but SSL was required\n", errc::tls_failed, false, ""},
      {"connection failed: SSL SYSCALL error: EOF detected\n", errc::tls_failed, true, ""},
      {"connection failed: Connection refused\n\tIs the server running?\n", errc::connect_failed, true, ""},
      {"connection failed: session is read-only\n", errc::unavailable, true, ""},
      {"connection failed: fe_sendauth: no password supplied\n", errc::authentication_failed, false, ""}};
  for (const Row& row : rows) {
    const Error error = connect_error(row.text);
    EXPECT_EQ(error.kind(), row.code) << row.text;
    EXPECT_EQ(error.transient(), row.transient) << row.text;
    EXPECT_EQ(error.server_code(), row.state);
    EXPECT_EQ(std::string(error.what()).find("LOCATION"), std::string::npos);
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
  }
}

TEST(ServerError, what_ends_the_whole_pool) {
  EXPECT_TRUE(ends_the_pool("57P01"));
  EXPECT_TRUE(ends_the_pool("25006"));
  EXPECT_FALSE(ends_the_pool("57014"));
  EXPECT_FALSE(ends_the_pool(""));
}

}  // namespace
}  // namespace weir::postgres
