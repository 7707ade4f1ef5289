// A session by itself, below the pool.

#include "backends/postgresql/settings.hpp"
#include "integration/postgresql/fixture.hpp"

#include <weir/config.hpp>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace weir::test {
namespace {

using namespace std::chrono_literals;
using Postgres = PostgresTest;

// The session notifies itself when it begins to listen, so that the notification stands among the answers.
awaitable<std::vector<std::string>> listens_and_notifies(std::shared_ptr<const postgres::ConnectSettings> settings) {
  auto session = co_await postgres::connect_session(settings, std::make_shared<postgres::SessionFamily>());
  std::vector<std::string> heard;
  const auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer arrived(executor, 5s);
  session->on_notification = [&](const std::string& channel, const std::string& payload, int) {
    heard.push_back(channel + "=" + payload);
    arrived.cancel();
  };
  auto request = std::make_shared<postgres::Request>();
  for (const char* sql : {"LISTEN news", "SELECT pg_notify('news', 'mine')"})
    request->statements.emplace_back(sql, std::vector<postgres::Parameter>{}, false);
  co_await postgres::Session::run(session, request);
  request->check();
  boost::system::error_code ignored;
  if (heard.empty()) co_await arrived.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  session->on_notification = nullptr;
  session->close(false);
  co_return heard;
}

TEST_F(Postgres, a_notification_that_comes_with_an_answer_is_heard_at_once) {
  const postgres::Settings settings(Config::from_url(url()));
  EXPECT_EQ(run(listens_and_notifies(settings.connect)), (std::vector<std::string>{"news=mine"}));
}

}  // namespace
}  // namespace weir::test
