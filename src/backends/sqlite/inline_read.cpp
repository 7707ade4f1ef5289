#include "backends/sqlite/inline_read.hpp"

#include "backends/sqlite/backend.hpp"
#include "backends/sqlite/process.hpp"

#include <weir/error.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace weir::sqlite {
namespace {

// What a loop may be held up by a read that is then done again elsewhere: about two hops to a thread and back.
constexpr std::chrono::microseconds longest{200};
constexpr int instructions_between_looks = 200;  // some microseconds

// A connection of the engine's in the caller's hands.
class Loan {
 public:
  explicit Loan(const Link& link) : client_(link.client()) {
    check_process(client_->engine.get());
    connection_ = client_->engine->borrow(client_);
    connection_->clear_interrupt();
  }
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;
  ~Loan() { client_->engine->give_back(client_, std::move(connection_)); }
  Connection& operator*() const noexcept { return *connection_; }

 private:
  const std::shared_ptr<Client> client_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace

bool LongReads::expected(std::string_view sql) noexcept {
  std::atomic<std::uint8_t>& left = place_of(sql).left;
  std::uint8_t calls = left.load(std::memory_order_relaxed);
  while (calls != 0)
    if (left.compare_exchange_weak(calls, static_cast<std::uint8_t>(calls - 1), std::memory_order_relaxed)) return true;
  return false;
}

void LongReads::was_long(std::string_view sql) noexcept {
  Place& place = place_of(sql);
  constexpr int longest_pause = 255;
  const int pause = std::min(2 * place.pause.load(std::memory_order_relaxed) + 1, longest_pause);
  place.pause.store(static_cast<std::uint8_t>(pause), std::memory_order_relaxed);
  place.left.store(static_cast<std::uint8_t>(pause), std::memory_order_relaxed);
}

void LongReads::was_short(std::string_view sql) noexcept {
  std::atomic<std::uint8_t>& pause = place_of(sql).pause;
  if (pause.load(std::memory_order_relaxed) != 0) pause.store(0, std::memory_order_relaxed);
}

bool read_point(const Link& link, const std::function<void(Connection&)>& read) {
  try {
    const Loan loan(link);
    read(*loan);
    return true;
  } catch (const Error& error) {
    if (error.kind() != errc::unavailable) throw;
    return false;
  }
}

bool read_short(Link& link, std::string_view sql, Clock::time_point deadline,
                const std::function<void(Connection&)>& read) {
  if (link.long_reads.expected(sql)) return false;
  const auto now = Clock::now();
  if (now >= deadline) return false;  // refused where all such calls are
  bool too_long = false;
  try {
    const Loan loan(link);
    const auto end = std::min(deadline, now + longest);
    const StatementLimit limit(*loan, instructions_between_looks, [end] { return Clock::now() >= end; }, too_long);
    read(*loan);
    // One instruction may be all there is: counting without a filter cannot be broken off.
    if (Clock::now() - now < longest)
      link.long_reads.was_short(sql);
    else
      link.long_reads.was_long(sql);
    return true;
  } catch (const Error& error) {
    if (too_long) link.long_reads.was_long(sql);
    if (!too_long && error.kind() != errc::unavailable) throw;
    return false;
  }
}

}  // namespace weir::sqlite
