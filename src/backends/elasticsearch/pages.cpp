#include "backends/elasticsearch/pages.hpp"

#include "backends/elasticsearch/answers.hpp"
#include "backends/elasticsearch/query_dsl.hpp"
#include "backends/elasticsearch/requests.hpp"
#include "net/strand_call.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace weir::elasticsearch {

namespace asio = boost::asio;

namespace {

using Clock = std::chrono::steady_clock;

// Until it is known how large records are, they are taken for so many bytes each.
constexpr std::size_t likely_record = 12'000;
constexpr std::size_t longest_first_page = 100;
constexpr std::chrono::seconds release_timeout{5};

std::string milliseconds_text(std::chrono::milliseconds time) {
  return std::to_string(std::max<std::int64_t>(time.count(), 1'000)) + "ms";
}

// As the documents lie in the shards: the cheapest order. Without any order there is nothing to go on after.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/paginate-search-results.html
// `field` is _shard_doc, or _doc where there is one shard only: two shards have the same numbers.
Json by_place(const char* field) {
  Json key = Json::object();
  key[field]["order"] = "asc";
  Json out = Json::array();
  out.push_back(std::move(key));
  return out;
}

// What a snapshot was made of; it stays with those copies of the shards. 0: it does not say.
std::size_t shards_of(const Json& snapshot) {
  const auto shards = snapshot.find("_shards");
  if (shards == snapshot.end() || !shards->is_object()) return 0;
  const auto total = shards->value("total", Json());
  return total.is_number_unsigned() || total.is_number_integer() ? total.get<std::size_t>() : 0;
}

// index.max_slices_per_pit
constexpr std::size_t most_slices = 1'024;

std::optional<core::Projection> projection_of(const Query& query) {
  std::optional<core::Projection> out;
  if (query.select()) out.emplace(*query.select());
  return out;
}

}  // namespace

CursorOptions cursor_options(const StreamOptions& options) {
  CursorOptions out;
  out.batch_size = std::max<std::size_t>(1, options.batch_size());
  out.prefetch_bytes = options.prefetch_bytes();
  out.partition = options.partition();
  return out;
}

Cursor::Cursor(LinkPtr link, CallContext context, Query query, CursorOptions options, asio::any_io_executor executor)
    : link_(std::move(link)),
      context_(std::move(context)),
      query_(std::move(query)),
      options_(std::move(options)),
      strand_(asio::make_strand(executor)),
      gate_(LoopGate::of(executor)),
      projection_(projection_of(query_)),
      picks_(options_.partition.count() > 1 && (query_.limit() || query_.offset() != 0)),
      fetched_(strand_, asio::steady_timer::time_point::max()),
      skip_(query_.offset()),
      left_(query_.limit()) {}

// The first fetch belongs to the call that opened the stream, each later one has its time anew.
TimePoint Cursor::limit() const {
  if (first_ || options_.one_deadline) return context_.deadline;
  return context_.timeout.count() > 0 ? Clock::now() + context_.timeout : TimePoint::max();
}

std::size_t Cursor::page_size() const {
  const std::size_t size = std::min(most_, options_.batch_size);
  if (!options_.sources) return size;
  // Two pieces are held at a time: the caller's and the one ahead of it.
  if (record_bytes_ == 0) {
    const auto fits = std::clamp<std::size_t>(options_.prefetch_bytes / likely_record, 1, longest_first_page);
    return std::min(size, fits);
  }
  const double room = static_cast<double>(std::max<std::size_t>(2, options_.prefetch_bytes)) / 2 / record_bytes_;
  return room < static_cast<double>(size) ? std::max<std::size_t>(1, static_cast<std::size_t>(room)) : size;
}

void Cursor::measure(std::size_t bytes, std::size_t records) {
  // A record takes about three times its text once it is parsed.
  if (records > 0)
    record_bytes_ = std::max(record_bytes_ / 2, 3.0 * static_cast<double>(bytes) / static_cast<double>(records));
}

// A page that is more than one answer may hold is asked for again, shorter.
awaitable<Hits> Cursor::request(Json body, Page& page) {
  for (;;) {
    Call call("POST", "/_search");
    call.idempotent = true;
    call.writes = false;
    call.deadline = limit();
    call.body = body.dump();
    try {
      const auto response = co_await ask(link_, std::move(call));
      auto hits = read_hits(*known_->mapping, response.body.view());
      measure(response.body.size(), hits.records.size());
      co_return hits;
    } catch (const Error& error) {
      if (error.kind() != errc::too_large || page.size <= 1) throw;
    }
    most_ = page.size = std::max<std::size_t>(1, page.size / 4);
    body["size"] = page.size;
  }
}

awaitable<void> Cursor::open() {
  known_ = co_await open_index_for(link_, query_, limit());
  if (left_ && *left_ == 0) {
    exhausted_ = true;
    co_return;
  }
  const auto& product = known_->product;
  if (!query_.order().empty() || options_.by_id)
    sort_ = compile_sort(*known_->mapping, query_, product.sorts_by_id);
  else if (product.cursor == CursorKind::pit)
    sort_ = by_place("_shard_doc");
  else
    sort_ = compile_sort(*known_->mapping, Query{}, product.sorts_by_id);
  if (product.cursor == CursorKind::scroll) co_return;
  const bool opensearch = product.cursor == CursorKind::opensearch_pit;
  const auto keep_alive = query_string({{"keep_alive", milliseconds_text(link_->settings.keep_alive)}});
  Call call("POST", link_->index_target + (opensearch ? "/_search/point_in_time" : "/_pit") + keep_alive);
  call.writes = false;
  call.deadline = limit();
  const auto response = co_await ask(link_, std::move(call));
  const auto answer = parse_answer(response.body.view());
  const auto id = answer.find(opensearch ? "pit_id" : "id");
  if (id == answer.end() || !id->is_string())
    throw Error(errc::protocol_error, "the answer to a request for a snapshot names none");
  cursor_ = id->get<std::string>();
  // By a field every page would cost the server a look at all documents.
  // Where parts have to agree on a page they keep the ids' order: each has a snapshot of its own.
  const bool any_order = query_.order().empty() && !options_.by_id && !picks_;
  if (!opensearch || !any_order) co_return;
  const auto shards = shards_of(answer);
  // As many slices as an index has shards are its shards, one by one; not so behind an alias of several indexes.
  // https://docs.opensearch.org/2.19/search-plugins/searching-data/point-in-time/
  const bool one_by_one =
      shards > 1 && shards <= most_slices && query_.offset() == 0 && known_->mapping->index() == link_->settings.index;
  if (one_by_one) shards_ = shards;
  if (one_by_one || shards == 1) sort_ = by_place("_doc");
}

awaitable<void> Cursor::fetch_page() {
  if (!known_) co_await open();
  if (exhausted_) {
    page_.emplace();
    co_return;
  }
  for (;;) {
    const bool scrolls = known_->product.cursor == CursorKind::scroll;
    Page page;
    page.size = page_size();
    page.sources = options_.sources;
    // What is left out: by the server while its result_window reaches, then read over without its documents.
    bool over = false;
    if (skip_ != 0 && after_.is_null() && !scrolls && skip_ <= result_window - page.size) {
      page.from = std::exchange(skip_, 0);
    } else if (skip_ != 0) {
      over = true;
      page.size = std::min(result_window, skip_);
      page.sources = false;
    }
    if (!over && left_) page.size = std::min(page.size, *left_);
    Hits hits;
    if (scrolls && !cursor_.empty()) {
      Call call("POST", "/_search/scroll");
      Json body = Json::object();
      body["scroll"] = milliseconds_text(link_->settings.keep_alive);
      body["scroll_id"] = cursor_;
      call.body = body.dump();
      call.writes = false;
      call.deadline = limit();
      const auto response = co_await ask(link_, std::move(call));
      hits = read_hits(*known_->mapping, response.body.view());
    } else {
      auto body = search_body(*known_->mapping, query_, sort_, page);
      if (options_.partition.count() > 1 && !picks_)
        body["query"] =
            both(std::move(body["query"]), partition_query(options_.partition.index(), options_.partition.count()));
      if (!options_.only_ids.empty()) body["query"] = both(std::move(body["query"]), ids_query(options_.only_ids));
      if (scrolls) {
        Call call("POST", link_->index_target + "/_search" +
                              query_string({{"scroll", milliseconds_text(link_->settings.keep_alive)}}));
        body["size"] = page.size = page_size();  // of all pages
        call.body = body.dump();
        call.writes = false;
        call.deadline = limit();
        const auto response = co_await ask(link_, std::move(call));
        hits = read_hits(*known_->mapping, response.body.view());
      } else {
        body["pit"]["id"] = cursor_;
        body["pit"]["keep_alive"] = milliseconds_text(link_->settings.keep_alive);
        if (!after_.is_null()) body["search_after"] = after_;
        if (shards_ > 1) {
          body["slice"]["id"] = shard_;
          body["slice"]["max"] = shards_;
        }
        hits = co_await request(std::move(body), page);
      }
    }
    if (!hits.cursor.empty()) cursor_ = std::move(hits.cursor);
    if (!hits.last_sort.is_null()) after_ = std::move(hits.last_sort);
    first_ = false;
    const auto found = hits.records.size();
    if (!scrolls && found < page.size && shard_ + 1 < shards_) {
      ++shard_;
      after_ = Json();
    } else if (scrolls ? found == 0 : found < page.size) {
      exhausted_ = true;
    }
    if (over && !scrolls) {
      skip_ -= found;
      if (!exhausted_) continue;
      hits.records.clear();
    }
    if (scrolls && skip_ != 0) {
      const auto less = std::min(skip_, found);
      skip_ -= less;
      hits.records.erase(hits.records.begin(), hits.records.begin() + static_cast<std::ptrdiff_t>(less));
    }
    if (left_) {
      if (hits.records.size() > *left_) hits.records.resize(*left_);
      *left_ -= hits.records.size();
      if (*left_ == 0) exhausted_ = true;
    }
    if (picks_)
      std::erase_if(hits.records, [this](const Record& record) {
        return part_of(record.id) % options_.partition.count() != options_.partition.index();
      });
    if (projection_)
      for (auto& record : hits.records) projection_->apply(record);
    if (hits.records.empty() && !exhausted_) continue;
    page_ = std::move(hits.records);
    co_return;
  }
}

// Frees the snapshot; a server that cannot be asked frees it by itself in time.
awaitable<void> Cursor::release() {
  if (cursor_.empty()) co_return;
  const auto id = std::exchange(cursor_, {});
  Json body = Json::object();
  std::string target;
  switch (known_->product.cursor) {
    case CursorKind::pit:
      target = "/_pit";
      body["id"] = id;
      break;
    case CursorKind::opensearch_pit:
      target = "/_search/point_in_time";
      body["pit_id"] = Json::array();
      body["pit_id"].push_back(id);
      break;
    case CursorKind::scroll:
      target = "/_search/scroll";
      body["scroll_id"] = id;
      break;
  }
  Call call("DELETE", target);
  call.body = body.dump();
  call.writes = false;
  call.deadline = Clock::now() + release_timeout;
  try {
    co_await link_->transport->send(std::move(call));
  } catch (const Error&) {
    co_return;  // it ends by itself when it is not used for `pit_keep_alive`
  }
}

awaitable<void> Cursor::fetch() {
  const auto self = shared_from_this();
  try {
    co_await fetch_page();
  } catch (...) {
    error_ = std::current_exception();
    exhausted_ = true;
  }
  fetched_.cancel();
  // What the store holds is free now, not only when the consumer looks for the end.
  if (exhausted_ || abandoned_) co_await release();
  fetching_ = false;
  fetched_.cancel();
}

void Cursor::start_fetch() {
  fetching_ = true;
  auto work = fetch();
  asio::co_spawn(strand_, std::move(work), asio::detached);
}

// Until something has changed.
awaitable<void> Cursor::wait() {
  boost::system::error_code ignored;
  co_await fetched_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) throw Error(errc::cancelled, "cancelled");
}

awaitable<std::vector<Record>> Cursor::take() {
  const auto self = shared_from_this();
  while (!page_) {
    if (error_) std::rethrow_exception(error_);
    if (exhausted_) co_return std::vector<Record>();
    if (!fetching_) start_fetch();
    // What needs no request (nothing is asked for) has ended by now, and nobody would wake us.
    if (fetching_ && !page_ && !error_) co_await wait();
  }
  auto records = std::move(*page_);
  page_.reset();
  if (!exhausted_ && !fetching_ && options_.ahead) start_fetch();
  co_return records;
}

awaitable<void> Cursor::release_last(std::shared_ptr<Cursor> self) {
  co_await self->release();
  self->fetching_ = false;
  self->fetched_.cancel();
}

awaitable<void> Cursor::end() {
  const auto self = shared_from_this();
  abandoned_ = true;
  while (fetching_) co_await wait();
  exhausted_ = true;
  if (cursor_.empty()) co_return;
  // In a coroutine of its own, so that a cancellation of the caller does not leave it half done.
  fetching_ = true;
  auto work = release_last(self);
  asio::co_spawn(strand_, std::move(work), asio::detached);
  while (fetching_) co_await wait();
}

awaitable<std::vector<Record>> Cursor::next() { return net::call_on_strand<std::vector<Record>>(strand_, take()); }
awaitable<void> Cursor::close() { return net::call_on_strand<void>(strand_, end()); }

void Cursor::abandon() noexcept {
  gate_->post([self = shared_from_this()] { asio::post(self->strand_, [self] { self->abandoned_now(); }); });
}

void Cursor::abandoned_now() {
  abandoned_ = true;
  exhausted_ = true;
  if (fetching_ || cursor_.empty()) return;  // whoever fetches sees it
  fetching_ = true;
  auto work = release_last(shared_from_this());
  asio::co_spawn(strand_, std::move(work), asio::detached);
}

StreamSource::StreamSource(LinkPtr link, CallContext context, Query query, CursorOptions options)
    : link_(std::move(link)), context_(std::move(context)), query_(std::move(query)), options_(std::move(options)) {}

StreamSource::~StreamSource() {
  if (cursor_) cursor_->abandon();
}

awaitable<std::vector<Record>> StreamSource::next_batch() {
  if (!cursor_) {
    const auto executor = co_await asio::this_coro::executor;
    cursor_ = std::make_shared<Cursor>(link_, context_, query_, options_, executor);
  }
  auto records = co_await cursor_->next();
  co_return records;
}

awaitable<void> StreamSource::close() {
  if (!cursor_) co_return;
  const auto cursor = std::exchange(cursor_, nullptr);
  co_await cursor->close();
}

}  // namespace weir::elasticsearch
