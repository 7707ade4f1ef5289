#include "api/operation.hpp"

#include <boost/asio/error.hpp>

#include <new>

namespace weir::detail {

namespace {
// Small, because a program may wait for others after a handful of calls; a post is paid by this many operations.
constexpr unsigned operations_per_turn = 4;
thread_local unsigned operations_left = operations_per_turn;
}  // namespace

bool turn_is_over() noexcept {
  if (--operations_left != 0) return false;
  operations_left = operations_per_turn;
  return true;
}

Operation::Operation(const HandlePointer& handle, std::string_view name) : handle_(handle), name_(name) {
  if (!handle)
    throw Error(errc::invalid_argument, "the database handle is empty", ErrorContext{}.operation(std::string(name)));
  if (handle->state->closed.load(std::memory_order_relaxed))
    throw Error(
        errc::pool_closed, "the database was closed",
        ErrorContext{}.backend(handle->state->name).operation(std::string(name)).endpoint(handle->state->endpoint));
}

CallContext Operation::context(std::optional<std::chrono::milliseconds> timeout) const {
  CallContext context;
  context.timeout = timeout.value_or(handle_->timeout);
  if (context.timeout.count() > 0) context.deadline = std::chrono::steady_clock::now() + context.timeout;
  context.tag = handle_->call.tag();
  context.retry = handle_->call.retry();
  return context;
}

Error Operation::translate(std::exception_ptr error, std::string_view backend, std::string_view operation,
                           std::string_view endpoint) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& e) {
    return e.within(backend, operation, endpoint);
  } catch (const boost::system::system_error& e) {
    const auto code = e.code() == boost::asio::error::operation_aborted ? errc::cancelled : errc::server_error;
    return Error(code, code == errc::cancelled ? "cancelled" : e.code().message()).within(backend, operation, endpoint);
  } catch (const nlohmann::json::exception& e) {
    return Error(errc::invalid_argument, e.what()).within(backend, operation, endpoint);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& e) {
    return Error(errc::server_error, e.what()).within(backend, operation, endpoint);
  }
}

void Operation::rethrow_within(std::string_view backend, std::string_view operation, std::string_view endpoint) {
  throw translate(std::current_exception(), backend, operation, endpoint);
}

}  // namespace weir::detail
