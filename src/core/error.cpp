#include <weir/error.hpp>
#include <weir/version.hpp>

#include <array>

namespace weir {
namespace {

struct ErrcText {
  errc code;
  std::string_view name;
  std::string_view text;
  bool transient;
};

constexpr std::array texts{
    ErrcText{errc::already_exists, "already_exists", "the id is stored already", false},
    ErrcText{errc::conflict, "conflict", "the stored version differs", false},
    ErrcText{errc::not_found, "not_found", "not found", false},
    ErrcText{errc::invalid_argument, "invalid_argument", "invalid argument", false},
    ErrcText{errc::invalid_query, "invalid_query", "invalid query", false},
    ErrcText{errc::unsupported, "unsupported", "the store does not support this", false},
    ErrcText{errc::authentication_failed, "authentication_failed", "authentication failed", false},
    ErrcText{errc::permission_denied, "permission_denied", "permission denied", false},
    ErrcText{errc::connect_failed, "connect_failed", "no connection could be made", true},
    ErrcText{errc::tls_failed, "tls_failed", "TLS failed", false},
    ErrcText{errc::connection_lost, "connection_lost", "the connection was lost", true},
    ErrcText{errc::timeout, "timeout", "the deadline passed", true},
    ErrcText{errc::pool_timeout, "pool_timeout", "no connection became free in time", true},
    ErrcText{errc::pool_full, "pool_full", "too many callers are waiting", true},
    ErrcText{errc::pool_closed, "pool_closed", "the database is closed", false},
    ErrcText{errc::throttled, "throttled", "the store asks for fewer requests", true},
    ErrcText{errc::unavailable, "unavailable", "the store cannot serve now", true},
    ErrcText{errc::constraint_violation, "constraint_violation", "constraint violation", false},
    ErrcText{errc::serialization_failure, "serialization_failure", "the transaction must be run again", true},
    ErrcText{errc::deadlock, "deadlock", "deadlock", true},
    ErrcText{errc::protocol_error, "protocol_error", "protocol error", false},
    ErrcText{errc::corrupt_data, "corrupt_data", "corrupt data", false},
    ErrcText{errc::too_large, "too_large", "too large", false},
    ErrcText{errc::server_error, "server_error", "server error", false},
    ErrcText{errc::cancelled, "cancelled", "cancelled", false},
    ErrcText{errc::storage_full, "storage_full", "no room left on the store", false},
};

const ErrcText* find(int value) noexcept {
  for (const auto& entry : texts)
    if (static_cast<int>(entry.code) == value) return &entry;
  return nullptr;
}

class Category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "weir"; }
  std::string message(int value) const override {
    const auto* entry = find(value);
    return entry != nullptr ? std::string(entry->text) : "unknown error " + std::to_string(value);
  }
  boost::system::error_condition default_error_condition(int value) const noexcept override {
    switch (static_cast<errc>(value)) {
      case errc::cancelled: return boost::system::errc::make_error_condition(boost::system::errc::operation_canceled);
      case errc::timeout:
      case errc::pool_timeout: return boost::system::errc::make_error_condition(boost::system::errc::timed_out);
      default: return {value, *this};
    }
  }
};

std::string compose(const ErrorContext& context, std::string_view message) {
  std::string out;
  const auto append = [&out](std::string_view part) {
    if (part.empty()) return;
    if (!out.empty()) out += ": ";
    out += part;
  };
  append(context.backend());
  append(context.operation());
  if (!context.endpoint().empty()) {
    out += out.empty() ? "at " : " at ";
    out += context.endpoint();
  }
  append(message);
  if (!context.server_code().empty()) out += " [" + context.server_code() + "]";
  if (context.attempts() > 1) out += " (after " + std::to_string(context.attempts()) + " attempts)";
  if (context.maybe_applied()) out += " (the write may have been applied)";
  return out;
}

}  // namespace

const boost::system::error_category& error_category() noexcept {
  static const Category category;
  return category;
}

boost::system::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), error_category()}; }

std::string_view to_string(errc code) noexcept {
  const auto* entry = find(static_cast<int>(code));
  return entry != nullptr ? entry->name : "unknown";
}

bool transient_by_default(errc code) noexcept {
  const auto* entry = find(static_cast<int>(code));
  return entry != nullptr && entry->transient;
}

struct Error::Details {
  Details(errc c, std::string m, ErrorContext x, bool t)
      : code(c), message(std::move(m)), context(std::move(x)), transient(t), what(compose(context, message)) {}
  errc code;
  std::string message;
  ErrorContext context;
  bool transient;
  std::string what;
};

Error::Error(std::shared_ptr<const Details> details)
    : system_error(make_error_code(details->code)), details_(std::move(details)) {}
Error::Error(errc code, std::string message, ErrorContext context)
    : Error(code, std::move(message), std::move(context), transient_by_default(code)) {}
Error::Error(errc code, std::string message, ErrorContext context, bool transient)
    : Error(std::make_shared<const Details>(code, std::move(message), std::move(context), transient)) {}
Error::Error(const Error&) noexcept = default;
Error& Error::operator=(const Error&) noexcept = default;
Error::~Error() = default;

const char* Error::what() const noexcept { return details_->what.c_str(); }
std::string_view Error::message() const noexcept { return details_->message; }
std::string_view Error::backend() const noexcept { return details_->context.backend(); }
std::string_view Error::operation() const noexcept { return details_->context.operation(); }
std::string_view Error::endpoint() const noexcept { return details_->context.endpoint(); }
std::string_view Error::server_code() const noexcept { return details_->context.server_code(); }
bool Error::transient() const noexcept { return details_->transient; }
bool Error::maybe_applied() const noexcept { return details_->context.maybe_applied(); }
unsigned Error::attempts() const noexcept { return details_->context.attempts(); }
const ErrorContext& Error::context() const noexcept { return details_->context; }
errc Error::kind() const noexcept { return details_->code; }

Error Error::within(std::string_view backend, std::string_view operation, std::string_view endpoint) const {
  auto context = details_->context;
  if (context.backend().empty()) context.backend(std::string(backend));
  if (context.operation().empty()) context.operation(std::string(operation));
  if (context.endpoint().empty()) context.endpoint(std::string(endpoint));
  return {details_->code, details_->message, std::move(context), details_->transient};
}

Error Error::with_attempts(unsigned attempts) const {
  auto context = details_->context;
  context.attempts(attempts);
  return {details_->code, details_->message, std::move(context), details_->transient};
}

Error Error::with_maybe_applied(bool maybe_applied) const {
  auto context = details_->context;
  context.maybe_applied(maybe_applied);
  return {details_->code, details_->message, std::move(context), details_->transient};
}

std::string_view version() noexcept { return WEIR_VERSION; }

}  // namespace weir
