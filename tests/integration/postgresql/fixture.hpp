#pragma once

#include "servers/postgres_schema.hpp"
#include "servers/server.hpp"
#include "support/outcome.hpp"
#include "support/run.hpp"

#include <weir/database.hpp>

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>

namespace weir::test {

/// A schema of its own on the real server for each test.
class PostgresTest : public testing::Test {
 protected:
  void SetUp() override {
    const Server& started = Server::start("postgres");
    WEIR_NEED_SERVER(started);
    server_ = &started;
    static std::atomic<unsigned> number{0};
    schema_ = "test_" + std::to_string(::getpid()) + "_" + std::to_string(++number);
    keep_ = make_schema(started.setting("POSTGRES_URL"), schema_);
  }

  const Server& server() const { return *server_; }
  const std::string& schema() const { return schema_; }
  std::string plain_url() const { return server_->setting("POSTGRES_URL"); }
  /// Its sessions have the schema's name as `application_name`: other tests use the same server at the same time.
  std::string url(const std::string& options = {}) const {
    return plain_url() + "?schema=" + schema_ + "&application_name=" + schema_ + (options.empty() ? "" : "&" + options);
  }
  std::vector<std::vector<std::string>> sql(const std::string& text) const {
    return run_sql(server_->setting("POSTGRES_SUPERUSER_URL"), "SET search_path = \"" + schema_ + "\"; " + text);
  }
  boost::asio::io_context& loop() { return io_; }
  template <class T>
  T run(awaitable<T> operation) {
    return run_on(io_, std::move(operation));
  }

 private:
  boost::asio::io_context io_{1};
  const Server* server_ = nullptr;
  std::string schema_;
  std::shared_ptr<void> keep_;
};

}  // namespace weir::test
