// Objects in one request.
#include "backends/s3/objects.hpp"

namespace weir::s3::detail {

awaitable<ObjectInfo> put_single(SessionPointer session, std::string key, std::string_view body, PutOptions options) {
  check_key(key);
  Call call("PUT", key, "put");
  call.with(options);
  call.body = body;
  call.writes = true;
  call.transfer = body.size() > 1024 * 1024;
  const auto token = write_token(options);
  add_put_fields(call.headers, options, token);
  if (session->options().checksums()) add_checksum(call.headers, body);
  if (options.only_if_absent()) call.headers.add("If-None-Match", "*");
  if (options.if_match()) call.headers.add("If-Match", quoted_etag(*options.if_match()));
  if (!token.empty()) call.answers[0] = 412;
  const auto deadline = call.deadline;
  auto reply = co_await Session::send(session, std::move(call));
  if (reply.response.status == 412) {
    if (reply.sent_before) {
      auto ours = co_await written_by_us(session, key, token, deadline);
      if (ours) co_return std::move(*ours);
    }
    throw_precondition(*session, options, "put");
  }
  auto info = info_of(reply.response, std::move(key));
  info.size = body.size();
  co_return info;
}

}  // namespace weir::s3::detail
