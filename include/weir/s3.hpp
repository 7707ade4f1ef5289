#pragma once

/// @file
/// Objects in a bucket of S3 or a store that speaks it, awaitable.
///
///     weir::s3::Client photos("photos", weir::s3::ClientOptions{}.region("eu-west-1"));
///     co_await photos.put("2024/a.txt", "hello");
///     auto object = co_await photos.get("2024/a.txt");
///
/// docs/s3.md says what is repeated, what heals by itself and what every error means.

#include <weir/s3_types.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

namespace s3 {

/// Makes `s3:` URLs work. weir::weir calls it; programs that link weir::s3 by itself call it once.
WEIR_API void install();

namespace detail {
class Session;
class StreamState;
struct RecordStore;
}  // namespace detail

/// Takes a download piece by piece. Derive from it.
class WEIR_API ObjectSink {
 public:
  ObjectSink() = default;
  ObjectSink(const ObjectSink&) = delete;
  ObjectSink& operator=(const ObjectSink&) = delete;
  virtual ~ObjectSink();
  /// In order; the bytes are valid until it ends. What it throws ends the download.
  virtual awaitable<void> write(std::span<const char> bytes) = 0;
};

/// An object that is read piece by piece, over one connection. When that breaks, reading goes on where it stopped, on
/// another one and of the same version of the object.
///
/// *Thread safety*: one user at a time, on the loop that opened it. Its destructor may run anywhere and never blocks.
class WEIR_API ObjectStream {
 public:
  ObjectStream() noexcept;
  explicit ObjectStream(std::unique_ptr<detail::StreamState> state) noexcept;
  ObjectStream(ObjectStream&&) noexcept;
  ObjectStream& operator=(ObjectStream&&) noexcept;
  ~ObjectStream();
  explicit operator bool() const noexcept { return state_ != nullptr; }

  const ObjectInfo& info() const;
  /// Up to `room.size()` bytes, as soon as there are any. 0: the end. When the whole object was read and the store
  /// knows its checksum, that is compared: `corrupt_data`. `conflict`: the object was replaced meanwhile.
  awaitable<std::size_t> read_some(std::span<char> room);

 private:
  std::unique_ptr<detail::StreamState> state_;
};

/// A client for one bucket. Copies are one client.
///
/// *Executor*: every operation runs on the loop of the coroutine that awaits it; each loop has connections of its own.
/// *Thread safety*: any thread, any loop. Destroying the last copy without `close` is right: nothing blocks.
/// *Errors*: weir::Error; `server_code()` is the store's own code, such as NoSuchKey. An object that is absent is
/// nothing where the result is optional and `not_found` elsewhere; a bucket that is absent is always `not_found`, one
/// that must not be used `permission_denied`, one that cannot be reached `connect_failed` or `timeout`. *Cancellation*:
/// any kind while an operation waits, terminal once bytes were sent.
class WEIR_API Client {
 public:
  Client() noexcept = default;
  /// @throws Error invalid_argument naming the option
  explicit Client(std::string bucket, ClientOptions options = {});
  explicit operator bool() const noexcept { return session_ != nullptr; }

  /// Stores an object; a large body in parts, side by side. An upload that fails or is cancelled leaves nothing
  /// visible, and its parts are removed.
  awaitable<ObjectInfo> put(std::string key, std::string body, PutOptions options = {}) const;
  /// The same without a copy: memory of the caller's, which stays as it is until the operation has ended.
  awaitable<ObjectInfo> put_view(std::string key, std::string_view body, PutOptions options = {}) const;
  /// The same piece by piece, with at most `memory_limit` bytes held. A body of one part is a single request.
  awaitable<ObjectInfo> put_stream(std::string key, std::shared_ptr<http::BodySource> source,
                                   PutOptions options = {}) const;

  /// The whole object; `too_large` over `max_size`.
  awaitable<std::optional<Object>> get(std::string key, GetOptions options = {}) const;
  /// The object piece by piece. `not_found`.
  awaitable<ObjectStream> open(std::string key, GetOptions options = {}) const;
  /// A large object by several connections, given to the sink in order, with at most `memory_limit` bytes held. All
  /// parts are of one version. `not_found`.
  awaitable<ObjectInfo> download(std::string key, std::shared_ptr<ObjectSink> sink, GetOptions options = {}) const;

  awaitable<std::optional<ObjectInfo>> head(std::string key, GetOptions options = {}) const;
  /// Whether it was there is something S3 does not tell.
  awaitable<void> remove(std::string key, RemoveOptions options = {}) const;
  /// By 1,000 in a request, several requests side by side. What could not be removed; one that is absent is no failure.
  awaitable<std::vector<RemoveFailure>> remove_many(std::vector<std::string> keys, RemoveOptions options = {}) const;
  /// Inside the store. `not_found` when the source is absent.
  awaitable<ObjectInfo> copy(std::string from, std::string to, CopyObjectOptions options = {}) const;
  awaitable<ListPage> list(ListOptions options = {}) const;

  awaitable<std::vector<ObjectTag>> tags(std::string key) const;
  awaitable<void> set_tags(std::string key, std::vector<ObjectTag> tags) const;

  /// A URL that whoever has it may use for that method and key, at most 7 days. No request is made.
  awaitable<std::string> presign(std::string method, std::string key, std::chrono::seconds valid_for) const;

  /// Throws when it cannot be told.
  awaitable<bool> bucket_exists() const;
  /// Nothing happens when it is ours already.
  awaitable<void> create_bucket() const;
  awaitable<void> remove_bucket() const;
  /// Uploads in parts that began before `before` and never ended are removed, with what they hold. How many.
  awaitable<std::uint64_t> abort_uploads(std::string prefix, WallTime before) const;
  /// Whether the store looks at `RemoveOptions::if_match`: asked once, with an object `probe_prefix` + a new name that
  /// is removed again.
  awaitable<bool> removes_conditionally(std::string probe_prefix) const;

  const std::string& bucket() const;
  const ClientOptions& options() const;
  /// "localhost:9000/photos"
  std::string endpoint() const;
  /// Connections, the sum over all loops.
  PoolStats stats() const;
  ClientStats client_stats() const;
  /// No new requests from now on; waits for those under way.
  awaitable<void> close(std::optional<std::chrono::milliseconds> drain = {}) const;

 private:
  std::shared_ptr<detail::Session> session_;
};

}  // namespace s3

/// The store's own handle: `db.native<weir::S3Database>()`.
class WEIR_API S3Database {
 public:
  explicit S3Database(std::shared_ptr<const s3::detail::RecordStore> store);

  const s3::Client& client() const;
  /// With what every key begins: "" or "people/".
  const std::string& prefix() const;
  /// The key of a record's object, and back; none: somebody else's object.
  std::string key_of(std::string_view id) const;
  std::optional<std::string> id_of(std::string_view key) const;

 private:
  std::shared_ptr<const s3::detail::RecordStore> store_;
};

}  // namespace weir
