#include "pool/connect_error.hpp"

#include <boost/system/system_error.hpp>

#include <string>

namespace weir::detail {

Error connect_error(const std::exception_ptr& failure, bool timed_out) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    if (!timed_out || error.kind() != errc::cancelled) return error;
  } catch (const boost::system::system_error& error) {
    if (!timed_out) return {errc::connect_failed, error.what()};
  } catch (const std::exception& error) {
    if (!timed_out) return {errc::connect_failed, error.what()};
  } catch (...) {
    if (!timed_out) return {errc::connect_failed, "connect threw something that is no std::exception"};
  }
  return {errc::connect_failed, "connect_timeout passed"};
}

}  // namespace weir::detail
