#include "backends/memory/store.hpp"

namespace weir::memory {
namespace {

RecordPointer stored_record(Record&& record, std::uint64_t version) {
  record.version = std::to_string(version);
  return std::make_shared<const Record>(std::move(record));
}

}  // namespace

Written apply(const Record* stored, WriteKind kind, Record&& record, const WriteOptions& options,
              std::uint64_t version) {
  if (kind == WriteKind::create && stored != nullptr) throw Error(errc::already_exists, "the id is stored already");
  if (stored == nullptr && options.if_version() && kind == WriteKind::upsert)
    throw Error(errc::conflict, "the record is absent, if_version names a version of it");
  if (stored == nullptr && kind != WriteKind::create && kind != WriteKind::upsert) return {};
  if (stored != nullptr && options.if_version() && *options.if_version() != stored->version)
    throw Error(errc::conflict, "the stored version differs from if_version");
  switch (kind) {
    case WriteKind::remove: return {nullptr, true};
    case WriteKind::patch: {
      auto patched = *stored;
      patched.fields.merge_patch(record.fields);
      return {stored_record(std::move(patched), version), true};
    }
    default: return {stored_record(std::move(record), version), true};
  }
}

RecordPointer Store::find_locked(std::string_view id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

RecordPointer Store::find(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  return find_locked(id);
}

void Store::put(std::string_view id, RecordPointer record) {
  const auto found = by_id_.find(id);
  if (!record) {
    if (found == by_id_.end()) return;
    const auto keep = found->second;  // `id` may be the key itself
    by_id_.erase(found);
    ordered_.erase(keep->id);
    return;
  }
  if (found != by_id_.end()) by_id_.erase(found);  // the key must be the new record's id, not the old one's
  by_id_.emplace(record->id, record);
  ordered_.insert_or_replace(std::move(record));
}

bool Store::write(WriteKind kind, Record&& record, const WriteOptions& options) {
  const std::lock_guard lock(mutex_);
  const auto stored = find_locked(record.id);
  const std::string id = kind == WriteKind::remove || kind == WriteKind::patch ? std::move(record.id) : record.id;
  auto written = apply(stored.get(), kind, std::move(record), options, next_stamp());
  if (!written.applied) return false;
  ++version_;
  put(id, std::move(written.record));
  return true;
}

std::vector<std::string> Store::write_all(WriteKind kind, std::vector<Record> records) {
  const std::lock_guard lock(mutex_);
  Changes changes;
  std::vector<std::string> ids(records.size());
  const WriteOptions options;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto id = records[i].id;
    const auto pending = changes.find(id);
    const auto stored = pending != changes.end() ? pending->second : find_locked(id);
    try {
      auto written = apply(stored.get(), kind, std::move(records[i]), options, next_stamp());
      if (!written.applied) continue;
      changes[id] = std::move(written.record);
      ids[i] = id;
    } catch (const Error& error) {
      throw Error(error.kind(),
                  "item " + std::to_string(i) + ": " + std::string(error.message()) + "; nothing was stored");
    }
  }
  if (!changes.empty()) ++version_;
  for (const auto& [id, record] : changes) put(id, record);
  return ids;
}

Store::State Store::snapshot() {
  const std::lock_guard lock(mutex_);
  return {ordered_.snapshot(), version_};
}

void Store::commit(const Changes& changes, const ReadSet& reads, std::uint64_t base) {
  const std::lock_guard lock(mutex_);
  if (changes.empty()) return;
  if (version_ != base) {
    bool changed = reads.whole;
    for (auto read = reads.versions.begin(); !changed && read != reads.versions.end(); ++read) {
      const auto stored = find_locked(read->first);
      changed = (stored ? stored->version : std::string()) != read->second;
    }
    if (changed)
      throw Error(errc::serialization_failure, "a record that the transaction has read was written meanwhile");
  }
  ++version_;
  // As the transaction saw them, with the versions that it saw.
  for (const auto& [id, record] : changes) put(id, record);
}

std::size_t Store::size() const {
  const std::lock_guard lock(mutex_);
  return by_id_.size();
}

}  // namespace weir::memory
