#include "backends/s3/session.hpp"

#include "backends/s3/credential_chain.hpp"
#include "backends/s3/xml.hpp"
#include "net/headers_access.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cstdlib>
#include <random>

namespace weir::s3::detail {

namespace asio = boost::asio;

namespace {

constexpr std::size_t most_other_targets = 8;

std::optional<std::string> environment(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody may change it meanwhile
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

ClientOptions checked(ClientOptions options) {
  const auto refuse = [](const char* why) { throw Error(errc::invalid_argument, why); };
  if (options.access_key_id().empty() != options.secret_access_key().empty())
    refuse("options access_key_id and secret_access_key belong together; only one is given");
  const auto& signing = options.payload_signing();
  if (signing != "auto" && signing != "signed" && signing != "unsigned")
    refuse("option payload_signing: auto, signed or unsigned");
  if (options.part_size() < (std::uint64_t{5} << 20) || options.part_size() > (std::uint64_t{5} << 30))
    refuse("option part_size: 5 MiB to 5 GiB");
  if (options.concurrency() == 0) refuse("option concurrency: at least 1");
  return options;
}

double random_share() {
  thread_local std::minstd_rand generator(std::random_device{}());
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

bool is_signed_field(std::string_view name) noexcept {
  return name.size() > 6 && (name.starts_with("x-amz-") || name.starts_with("X-Amz-"));
}

bool is_lower(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool succeeded(const Call& call, int status) noexcept {
  return (status >= 200 && status < 300) ||
         std::find(call.answers.begin(), call.answers.end(), status) != call.answers.end();
}

}  // namespace

Session::Session(std::string bucket, ClientOptions options)
    : bucket_(std::move(bucket)),
      options_(std::make_shared<const ClientOptions>(checked(std::move(options)))),
      addressing_(parse_addressing(options_->addressing())),
      budget_(static_cast<std::int64_t>(options_->retry_budget())) {
  target_ = make_target(options_->region());
  endpoint_text_ = target_->endpoint.host;
  if (endpoint_text_.starts_with(bucket_ + ".")) endpoint_text_ = endpoint_text_.substr(bucket_.size() + 1);
  endpoint_text_ += "/" + bucket_;
  auto clock = options_->clock();
  auto find = [kept = options_]() { return find_identity(kept, environment); };
  // When credentials end is said in the store's time.
  auto now = [clock, offset = clock_offset_]() {
    return (clock ? clock() : std::chrono::system_clock::now()) + std::chrono::seconds(offset->load());
  };
  identities_ = std::make_shared<IdentityCache>(std::move(find), std::move(now));
}

// What is signed is sent as it is, and an object is what was put, whatever its Content-Encoding says.
http::ClientOptions Session::http_options() const {
  auto out = options_->http();
  out.gzip(false).gzip_requests_from(0);
  return out;
}

TargetPointer Session::make_target(const std::string& region) const {
  auto endpoint = endpoint_of(bucket_, region, options_->endpoint_url(), addressing_);
  auto http = http_options();
  // A certificate for the host that is named in the field Host, where that is not the one that is connected to.
  if (endpoint.tls && http.tls().server_name().empty()) {
    const auto name = endpoint.host.substr(0, endpoint.host.rfind(':'));
    if (endpoint.origin.find("://" + name) == std::string::npos) {
      auto tls = http.tls();
      http.tls(tls.server_name(name));
    }
  }
  http::Client client(endpoint.origin, std::move(http));
  return std::make_shared<const Target>(std::move(endpoint), std::move(client));
}

TargetPointer Session::target() const {
  const std::lock_guard lock(mutex_);
  return target_;
}

WallTime Session::wall_now() const {
  return (options_->clock() ? options_->clock()() : std::chrono::system_clock::now()) +
         std::chrono::seconds(clock_offset_->load(std::memory_order_relaxed));
}

http::Request Session::request(Call& call, const Target& target, const Identity& identity, WallTime time) {
  const auto& endpoint = target.endpoint;
  const auto& signing = options_->payload_signing();
  const bool sign_body = signing == "signed" || (signing == "auto" && !endpoint.tls);
  if (call.payload.empty() || (call.payload == unsigned_payload && sign_body)) {
    if (call.body.empty())
      call.payload = empty_payload;
    else
      call.payload = sign_body ? sha256_hex(call.body) : std::string(unsigned_payload);
  }
  std::string path = endpoint.path_prefix;
  append_encoded(path, call.key, Slash::keep);
  if (call.key.empty() && path.size() > 1 && path.back() == '/') path.pop_back();
  const auto query = query_text(call.parameters);
  const auto stamp = basic_time(time);

  http::Headers headers;
  http::detail::HeadersAccess::reserve(headers, call.headers.wire().size() + identity.session_token.size() + 480);
  for (std::size_t i = 0; i < call.headers.size(); ++i)
    http::detail::HeadersAccess::append(headers, call.headers[i].name, call.headers[i].value);
  headers.add("Host", endpoint.host);
  if (!identity.anonymous) {
    headers.add("x-amz-content-sha256", call.payload).add("x-amz-date", stamp);
    if (!identity.session_token.empty()) headers.add("x-amz-security-token", identity.session_token);
    std::vector<std::string> names;  // where they are not in lower case
    names.reserve(headers.size());
    std::vector<SignedField> fields;
    fields.reserve(headers.size());
    for (std::size_t i = 0; i < headers.size(); ++i) {
      const auto field = headers[i];
      if (field.name == "Host") {
        fields.push_back(SignedField{"host", field.value});
      } else if (is_signed_field(field.name)) {
        std::string_view name = field.name;
        if (!is_lower(name)) name = names.emplace_back(lower(name));
        fields.push_back(SignedField{name, field.value});
      }
    }
    std::sort(fields.begin(), fields.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    const auto key = keys_.get(identity.secret_access_key, std::string_view(stamp).substr(0, 8), endpoint.region, "s3");
    const Signable what{call.method, path, query, fields, call.payload};
    auto value = authorization(*key, identity.access_key_id, what, stamp);
    headers.add("Authorization", value);
  }
  if (!query.empty()) path.append("?").append(query);
  http::Request out(call.method, std::move(path));
  out.headers(std::move(headers)).operation(call.operation).idempotent(true);
  if (!call.body.empty()) out.body_view(call.body);
  if (!call.into.empty()) out.into(call.into);
  if (call.max_body) out.max_body(*call.max_body);
  if (call.deadline) out.deadline(*call.deadline);
  if (call.transfer || call.deadline) out.timeout(std::chrono::milliseconds(0));
  return out;
}

Error Session::complete(const Error& error, const Call& call) const {
  return error.within("s3", call.operation, endpoint_text_);
}

awaitable<void> Session::pause(SessionPointer session, Call* call, policy::Attempts* attempts, Error error) {
  policy::Failure failure;
  failure.effect = call->writes ? policy::Effect::idempotent_write : policy::Effect::read;
  failure.now = std::chrono::steady_clock::now();
  if (call->deadline) failure.deadline = *call->deadline;
  failure.random = random_share();
  if (error.context().retry_after().count() > 0) failure.server_hint = error.context().retry_after();
  const auto decision = attempts->failed(session->retry_of(*call), session->budget_, error, failure);
  if (decision.verdict != policy::Verdict::retry) throw session->complete(attempts->final_error(error), *call);
  session->retries_.fetch_add(1, std::memory_order_relaxed);
  if (decision.delay <= policy::Duration{0}) co_return;
  asio::steady_timer timer(co_await asio::this_coro::executor, decision.delay);
  co_await timer.async_wait(asio::use_awaitable);
}

// The server's time is exact to a second; ours is right when it is within that and what the answer took.
bool Session::correct_clock(const http::Response& response, std::int64_t used_offset) {
  const auto date = response.headers.find("Date");
  const auto server = date ? parse_http_time(*date) : std::nullopt;
  if (!server) return false;
  const auto ours = options_->clock() ? options_->clock()() : std::chrono::system_clock::now();
  const auto offset = std::chrono::duration_cast<std::chrono::seconds>(*server - ours).count();
  if (std::abs(offset - used_offset) < 30) return false;
  clock_offset_->store(offset, std::memory_order_relaxed);
  return true;
}

TargetPointer Session::redirected(const TargetPointer& from, const std::string& region, std::string_view location) {
  const std::lock_guard lock(mutex_);
  if (!region.empty() && region != from->endpoint.region) {
    if (target_->endpoint.region != region) target_ = make_target(region);
    return target_;
  }
  // Another host, for this request only.
  const auto scheme = location.find("://");
  if (scheme == std::string_view::npos) return nullptr;
  const auto origin = location.substr(0, location.find('/', scheme + 3));
  const auto host = origin.substr(scheme + 3);
  if (host == from->endpoint.host || host.find('@') != std::string_view::npos) return nullptr;
  // Never from TLS to plain text.
  if (from->endpoint.tls && !origin.starts_with("https://")) return nullptr;
  for (const auto& other : others_)
    if (other->endpoint.host == host) return other;
  auto endpoint = from->endpoint;
  endpoint.origin = origin;
  endpoint.host = host;
  endpoint.tls = origin.starts_with("https://");
  if (host.starts_with(bucket_ + ".")) endpoint.path_prefix = "/";
  http::Client client(endpoint.origin, http_options());
  if (others_.size() >= most_other_targets) others_.erase(others_.begin());
  others_.push_back(std::make_shared<const Target>(std::move(endpoint), std::move(client)));
  return others_.back();
}

/// The attempts of one call: judges answers, puts right what can be, and remembers what it used.
class Session::Course {
 public:
  Course(SessionPointer session, Call* call) : session_(std::move(session)), call_(call), target_(session_->target()) {}

  /// Nearly always true: who we are is known.
  bool known() {
    if (session_->closed_.load(std::memory_order_relaxed))
      throw session_->complete(Error(errc::pool_closed, "the client was closed"), *call_);
    identity_ = session_->identities_->at_hand();
    return identity_ != nullptr;
  }
  awaitable<void> find_out() { identity_ = co_await session_->identities_->get(call_->deadline); }
  http::Request request() {
    offset_ = session_->clock_offset_->load(std::memory_order_relaxed);
    session_->requests_.fetch_add(1, std::memory_order_relaxed);
    return session_->request(*call_, *target_, *identity_, session_->wall_now());
  }
  const http::Client& http() const { return target_->http; }

  /// None: the answer is what was asked for.
  std::optional<Judgement> judge(const http::Response& response, std::string_view body) const {
    const auto status = response.status;
    Answer answer;
    answer.status = status;
    answer.body = body;
    answer.write = call_->writes;
    if (const auto region = response.headers.find("x-amz-bucket-region")) answer.bucket_region = *region;
    answer.retry_after = response.retry_after();
    if (const auto hint = response.headers.find("x-amz-retry-after"); hint && !answer.retry_after)
      answer.retry_after = parse_retry_after(*hint);
    if (succeeded(*call_, status)) {
      const bool success = status >= 200 && status < 300;
      if (success && !call_->document) return std::nullopt;
      const auto error = parse_error(body);
      if (!error) return std::nullopt;
      if (success)
        return Judgement{
            error_of_code(error->code, error->message, call_->operation, session_->endpoint_text_, call_->writes),
            Remedy::none,
            {}};
      // That the bucket is not there is never the absence of an object.
      if (error->code != "NoSuchBucket") return std::nullopt;
    }
    return weir::s3::judge(answer, call_->operation, session_->endpoint_text_);
  }

  /// Whether the cause is out of the way and the request may be sent again at once.
  bool heal(const Judgement& judgement, const http::Response& response) {
    if (judgement.remedy == Remedy::none || heals_ >= 4) return false;
    bool done = false;
    switch (judgement.remedy) {
      case Remedy::clock: done = session_->correct_clock(response, offset_); break;
      case Remedy::credentials:
        session_->identities_->refused(identity_);
        done = !refreshed_;
        refreshed_ = true;
        break;
      case Remedy::region: {
        const auto location = response.headers.find("Location");
        auto other = session_->redirected(target_, judgement.region, location.value_or(std::string_view()));
        done = other != nullptr && other != target_;
        if (done) target_ = std::move(other);
        break;
      }
      case Remedy::none: break;
    }
    if (!done) return false;
    ++heals_;
    session_->healed_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }

 private:
  SessionPointer session_;
  Call* call_;
  TargetPointer target_;
  IdentityPointer identity_;
  std::int64_t offset_ = 0;
  unsigned heals_ = 0;
  bool refreshed_ = false;
};

awaitable<Reply> Session::send(SessionPointer session, Call call) {
  Course course(session, &call);
  policy::Attempts attempts;
  Reply reply;
  for (;;) {
    std::optional<Error> failure;
    try {
      if (!course.known()) co_await course.find_out();
      auto request = course.request();
      reply.response = co_await course.http().send(std::move(request));
    } catch (const Error& error) {
      failure = error;
    }
    if (!failure) {
      // What goes into the caller's memory goes there when it is an error, too.
      const auto body =
          call.into.empty()
              ? reply.response.body.view()
              : std::string_view(call.into.data(), std::min<std::size_t>(call.into.size(), reply.response.body_size));
      auto judgement = course.judge(reply.response, body);
      reply.sent_before = reply.sent_before || reply.response.repeated;
      if (!judgement) {
        attempts.succeeded(session->budget_);
        co_return reply;
      }
      if (course.heal(*judgement, reply.response)) continue;
      // What could not be put right stays as it is however often it is sent.
      failure = judgement->remedy == Remedy::none
                    ? judgement->error
                    : Error(judgement->error.kind(), std::string(judgement->error.message()),
                            judgement->error.context(), false);
    }
    // Not after a refusal: then it was somebody else who did what is found done.
    reply.sent_before = reply.sent_before || failure->maybe_applied();
    co_await pause(session, &call, &attempts, std::move(*failure));
  }
}

awaitable<http::ResponseStream> Session::open(SessionPointer session, Call call) {
  Course course(session, &call);
  policy::Attempts attempts;
  for (;;) {
    std::optional<Error> failure;
    try {
      if (!course.known()) co_await course.find_out();
      auto request = course.request();
      auto stream = co_await course.http().open(std::move(request));
      if (succeeded(call, stream.head().status)) {
        attempts.succeeded(session->budget_);
        co_return stream;
      }
      // An error's document is short; what is longer is cut.
      std::string body;
      std::array<char, 4096> room{};
      while (body.size() < 64 * 1024) {
        const auto size = co_await stream.read_some(room);
        if (size == 0) break;
        body.append(room.data(), size);
      }
      auto judgement = course.judge(stream.head(), body);
      if (!judgement) co_return stream;
      if (course.heal(*judgement, stream.head())) continue;
      failure = judgement->remedy == Remedy::none
                    ? judgement->error
                    : Error(judgement->error.kind(), std::string(judgement->error.message()),
                            judgement->error.context(), false);
    } catch (const Error& error) {
      failure = error;
    }
    co_await pause(session, &call, &attempts, std::move(*failure));
  }
}

awaitable<std::string> Session::presign(SessionPointer session, std::string method, std::string key,
                                        std::chrono::seconds valid_for) {
  if (valid_for.count() < 1 || valid_for > std::chrono::hours(24 * 7))
    throw Error(errc::invalid_argument, "a presigned URL is valid for 1 second to 7 days");
  if (key.empty()) throw Error(errc::invalid_argument, "a presigned URL needs a key");
  const auto identity = co_await session->identities_->get();
  if (identity->anonymous) throw Error(errc::invalid_argument, "without credentials nothing can be signed");
  const auto target = session->target();
  const auto& endpoint = target->endpoint;
  std::string path = endpoint.path_prefix;
  append_encoded(path, key, Slash::keep);
  const auto stamp = basic_time(session->wall_now());
  const auto signing_key =
      session->keys_.get(identity->secret_access_key, std::string_view(stamp).substr(0, 8), endpoint.region, "s3");
  const std::array<SignedField, 1> fields{SignedField{"host", endpoint.host}};
  const auto query = presigned_query(*signing_key, identity->access_key_id, identity->session_token, method, path, {},
                                     fields, stamp, valid_for);
  co_return (endpoint.tls ? "https://" : "http://") + endpoint.host + path + "?" + query;
}

PoolStats Session::stats() const { return target()->http.stats(); }

ClientStats Session::client_stats() const {
  ClientStats out;
  out.requests = requests_.load(std::memory_order_relaxed);
  out.retries = retries_.load(std::memory_order_relaxed);
  out.healed = healed_.load(std::memory_order_relaxed);
  out.refreshes = identities_->refreshes();
  return out;
}

awaitable<void> Session::close(SessionPointer session, std::optional<std::chrono::milliseconds> drain) {
  session->closed_.store(true, std::memory_order_relaxed);
  std::vector<TargetPointer> all;
  {
    const std::lock_guard lock(session->mutex_);
    all = session->others_;
    all.push_back(session->target_);
  }
  for (const auto& target : all) co_await target->http.close(drain);
}

}  // namespace weir::s3::detail
