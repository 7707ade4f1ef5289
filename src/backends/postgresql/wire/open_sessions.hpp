#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <mutex>
#include <unordered_set>

namespace weir::postgres {

class Session;

// The sessions of one loop that are open.
//
// A coroutine that waits for an answer holds its session, and the session what goes on with the coroutine: when the
// loop ends this circle has to be cut while the loop's services are still there, or the session's timer would be
// destroyed after the service that it belongs to.
class OpenSessions {
 public:
  // The one of the loop behind an executor; made when it is first asked for.
  static std::shared_ptr<OpenSessions> of(const boost::asio::any_io_executor& executor);

  void add(Session& session);
  void remove(Session& session) noexcept;
  // The loop ends.
  void close_all() noexcept;

 private:
  std::mutex mutex_;  // on a loop of several threads every session has a strand of its own
  std::unordered_set<Session*> sessions_;
};

}  // namespace weir::postgres
