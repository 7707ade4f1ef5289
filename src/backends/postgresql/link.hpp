#pragma once

// The way to the server: what a database, its streams, transactions and native handle have in common.

#include "backends/postgresql/settings.hpp"
#include "backends/postgresql/shape_times.hpp"
#include "backends/postgresql/snapshots.hpp"
#include "backends/postgresql/wire/copy_source.hpp"

#include <weir/backend.hpp>
#include <weir/registry.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

namespace weir::postgres {

class Link : public std::enable_shared_from_this<Link> {
 public:
  explicit Link(const Config& config);

  const Settings settings;
  const std::shared_ptr<PoolOwner> owner;
  std::atomic<bool> ensured{false};
  ShapeTimes shapes;
  const std::size_t gathered_number;  // where a loop keeps what option coalesce_reads gathers
  const std::shared_ptr<Snapshots> snapshots = std::make_shared<Snapshots>();
  std::atomic<bool> no_copy{false};  // COPY would do something else than INSERT, or is refused

  // Once it is ensured: where records are, and the statements by id.
  const Table& table() const noexcept { return mapped_ ? mapped_->table : settings.table; }
  const TableStatements& statements() const noexcept { return mapped_ ? mapped_->statements : settings.statements; }
  // Before it is ensured, by whoever comes first.
  void map(Table table);

  // The pool of the loop behind an executor: of connections that may write, or of those that single reads go to.
  enum class Role { primary, reads };
  Pool<Connection>& pool(const boost::asio::any_io_executor& executor, Role role = Role::primary);

 private:
  struct Mapped {
    explicit Mapped(Table of) : table(std::move(of)), statements(table) {}
    const Table table;
    const TableStatements statements;
  };

  const std::size_t number_;
  const std::size_t reads_number_;
  std::mutex mapping_;
  std::unique_ptr<const Mapped> mapped_;  // of an existing table; never changed once it is there
};
using LinkPtr = std::shared_ptr<Link>;

// Whether a connection is shared with others while the request runs.
enum class Sharing { shared, exclusive };

// Where statements go: a connection of the pool each time, or that of a transaction.
class Conduit {
 public:
  // Throws what went wrong. All statements are one implicit transaction where there is none around them.
  virtual awaitable<RequestPtr> ask(std::vector<Statement> statements, bool write, Sharing sharing,
                                    Clock::time_point deadline) = 0;
  // One statement of the user; its connection is not shared unless the user promised that it may be.
  virtual awaitable<RequestPtr> ask_foreign(std::vector<Statement> statements, Sharing sharing,
                                            Clock::time_point deadline) = 0;
  // COPY … FROM STDIN of all that the source gives. What the server refuses had no effect.
  virtual awaitable<void> copy_in(std::string sql, CopySource source, Clock::time_point deadline) = 0;
  virtual bool in_transaction() const noexcept = 0;
  virtual Link& link() const noexcept = 0;

 protected:
  Conduit() = default;
  Conduit(const Conduit&) = default;
  Conduit& operator=(const Conduit&) = default;
  virtual ~Conduit() = default;
};
using ConduitPtr = std::shared_ptr<Conduit>;

class PoolConduit final : public Conduit {
 public:
  // `reset_behind`: whatever is asked, the session is made as new behind it.
  explicit PoolConduit(LinkPtr link, bool reset_behind = false) : link_(std::move(link)), reset_behind_(reset_behind) {}
  // Reads go where the option read_from says.
  void read_as_configured() noexcept { reads_ = Link::Role::reads; }
  awaitable<RequestPtr> ask(std::vector<Statement> statements, bool write, Sharing sharing,
                            Clock::time_point deadline) override;
  awaitable<RequestPtr> ask_foreign(std::vector<Statement> statements, Sharing sharing,
                                    Clock::time_point deadline) override;
  awaitable<void> copy_in(std::string sql, CopySource source, Clock::time_point deadline) override;
  bool in_transaction() const noexcept override { return false; }
  Link& link() const noexcept override { return *link_; }

 private:
  // Whose statements: ours are known to leave the session as it was.
  enum class Author { library, user };
  static awaitable<RequestPtr> ask_as(LinkPtr link, Link::Role role, Author author, std::vector<Statement> statements,
                                      bool write, bool reset_behind, Sharing sharing, Clock::time_point deadline);

  const LinkPtr link_;
  const bool reset_behind_;
  Link::Role reads_ = Link::Role::primary;
};

// A connection for oneself.
awaitable<Lease<Connection>> acquire_exclusive(LinkPtr link, Clock::time_point deadline, std::string operation);

// The table is there, or was made; asked once for each database.
awaitable<void> ensure_table(LinkPtr link, Clock::time_point deadline);

}  // namespace weir::postgres
