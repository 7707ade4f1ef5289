#pragma once

#include "backends/postgresql/transaction.hpp"
#include "core/project.hpp"

#include <weir/record_stream.hpp>

#include <optional>
#include <string>

namespace weir::postgres {

// The records of a query through a cursor: in a transaction of its own, one snapshot from the first record to the last,
// or in the one it was opened in. While the consumer works on one piece the next is on its way; never more.
class StreamSource final : public RecordSource {
 public:
  StreamSource(LinkPtr link, CallContext context, Query query, StreamOptions options);
  StreamSource(std::shared_ptr<TransactionConduit> transaction, CallContext context, Query query,
               StreamOptions options);

  StreamSource(const StreamSource&) = delete;
  StreamSource& operator=(const StreamSource&) = delete;
  ~StreamSource() override;

  awaitable<std::vector<Record>> next_batch() override;
  awaitable<void> close() override;

 private:
  awaitable<void> open();
  awaitable<std::shared_ptr<TransactionConduit>> begin();
  awaitable<bool> published(RequestPtr exported);
  std::vector<Statement> fetch();
  std::vector<Record> decode(const Request& request, std::size_t asked);
  void finish();
  Clock::time_point limit() const;

  LinkPtr link_;
  std::shared_ptr<TransactionConduit> conduit_;  // from the first piece on
  const bool own_;                               // the transaction is the stream's
  const CallContext context_;
  const Query query_;
  const StreamOptions options_;
  std::optional<core::Projection> projection_;
  std::string cursor_;
  std::shared_ptr<Snapshots::Member> member_;  // of the query's partitions
  RequestPtr ahead_;
  std::size_t asked_ = 0;  // records of the piece that is on its way
  double record_bytes_ = 0;
  bool first_ = true;
  bool ended_ = false;
  bool declared_ = false;   // the cursor was asked for
  unsigned forgotten_ = 0;  // what the transaction said then
};

}  // namespace weir::postgres
