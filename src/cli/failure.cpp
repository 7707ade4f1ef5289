#include "cli/failure.hpp"

#include <weir/error.hpp>

#include <boost/system/system_error.hpp>

#include <new>

namespace weir::cli {
namespace {

ExitCode code_of(errc kind) {
  switch (kind) {
    case errc::invalid_argument:
    case errc::invalid_query: return ExitCode::usage;
    case errc::already_exists:
    case errc::conflict:
    case errc::constraint_violation: return ExitCode::incomplete;
    case errc::cancelled: return ExitCode::interrupted;
    default: return ExitCode::store;
  }
}

}  // namespace

Verdict judge(std::exception_ptr error) {
  try {
    std::rethrow_exception(error);
  } catch (const BrokenPipe&) {
    return {};
  } catch (const Failure& failure) {
    return {failure.code(), failure.what()};
  } catch (const Error& failure) {
    std::string text = failure.what();
    if (failure.maybe_applied()) text += " (the answer was lost: the write may have happened)";
    if (failure.attempts() > 1) text += " (tried " + std::to_string(failure.attempts()) + " times)";
    return {code_of(failure.kind()), text};
  } catch (const boost::system::system_error& failure) {
    if (failure.code() == boost::system::errc::operation_canceled) return {ExitCode::interrupted, "interrupted"};
    return {ExitCode::store, failure.what()};
  } catch (const std::bad_alloc&) {
    return {ExitCode::incomplete, "out of memory"};
  } catch (const std::exception& failure) {
    return {ExitCode::incomplete, failure.what()};
  }
}

}  // namespace weir::cli
