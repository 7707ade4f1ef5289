#include "cli/table.hpp"

#include "cli/formats/csv_columns.hpp"
#include "cli/formats/dotted_name.hpp"
#include "cli/formats/utf8.hpp"

#include <algorithm>
#include <utility>

namespace weir::cli {
namespace {

constexpr std::size_t first_records = 200;
constexpr std::size_t widest_column = 60;
constexpr std::size_t narrowest_column = 6;
constexpr std::size_t gap = 2;
constexpr std::size_t most_shown_columns = 64;

template <class F>
void walk(const Json& object, std::vector<std::string>& keys, F& leaf) {
  for (const auto& [key, value] : object.get_ref<const Json::object_t&>()) {
    keys.push_back(key);
    if (is_leaf(value, keys.size()))
      leaf(keys);
    else
      walk(value, keys, leaf);
    keys.pop_back();
  }
}

}  // namespace

std::string fit(std::string_view text, std::size_t width, bool right) {
  const auto natural = display_width(text);
  if (natural <= width) {
    const std::string padding(width - natural, ' ');
    return right ? padding + std::string(text) : std::string(text) + padding;
  }
  std::string out;
  std::size_t used = 0;
  while (!text.empty()) {
    const auto next = decode_utf8(text);
    const auto columns = static_cast<std::size_t>(display_width(next.code_point));
    if (used + columns + 1 > width) break;
    out.append(text.substr(0, next.size));
    used += columns;
    text.remove_prefix(next.size);
  }
  if (width > 0) {
    out += "\xE2\x80\xA6";  // …
    ++used;
  }
  return out + std::string(width - used, ' ');
}

TableWriter::Column& TableWriter::column_of(const std::vector<std::string>& keys) {
  const auto found = std::ranges::find(columns_, keys, &Column::keys);
  if (found != columns_.end()) return *found;
  Column column;
  column.keys = keys;
  column.title = keys.empty() ? id_field_ : printable(join_dotted(keys));
  column.width = display_width(column.title);
  columns_.push_back(std::move(column));
  return columns_.back();
}

TableWriter::Cell TableWriter::cell(const Record& record, const Column& column) const {
  Cell cell;
  if (column.keys.empty()) {
    cell.text = printable(record.id);
  } else if (const Json* value = leaf_at(record.fields, column.keys)) {
    cell.number = value->is_number();
    cell.text = printable(value->is_string() ? value->get_ref<const std::string&>()
                                             : value->dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  cell.width = display_width(cell.text);
  return cell;
}

void TableWriter::write(std::string& out, const Record& record) {
  if (laid_out_) {
    print_row(out, record);
    return;
  }
  first_.push_back(record);
  if (first_.size() < first_records) return;
  lay_out();
  print_head(out);
  for (const auto& each : std::exchange(first_, {})) print_row(out, each);
}

void TableWriter::lay_out() {
  laid_out_ = true;
  column_of({});
  std::vector<std::string> keys;
  auto add = [this](const std::vector<std::string>& path) {
    if (columns_.size() < most_shown_columns || std::ranges::find(columns_, path, &Column::keys) != columns_.end()) {
      column_of(path);
    } else if (const auto name = printable(join_dotted(path)); std::ranges::find(left_out_, name) == left_out_.end()) {
      left_out_.push_back(name);
    }
  };
  for (const auto& record : first_) walk(record.fields, keys, add);
  for (auto& column : columns_)
    for (const auto& record : first_) {
      const auto value = cell(record, column);
      column.width = std::max(column.width, std::min(value.width, widest_column));
      if (value.width == 0) continue;
      column.any = true;
      column.right = column.right && value.number;
    }
  shrink();
}

// The widest columns give way first; when all are narrow, the last ones are left out.
void TableWriter::shrink() {
  const auto total = [this] {
    std::size_t sum = gap * (columns_.size() - 1);
    for (const auto& column : columns_) sum += column.width;
    return sum;
  };
  while (total() > terminal_.width()) {
    const auto widest = std::ranges::max_element(columns_, {}, &Column::width);
    if (widest->width > narrowest_column) {
      --widest->width;
    } else if (columns_.size() > 1) {
      left_out_.insert(left_out_.begin(), columns_.back().title);
      columns_.pop_back();
    } else {
      columns_.front().width = terminal_.width();
    }
  }
}

void TableWriter::print_head(std::string& out) const {
  std::string names;
  std::string rule;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto& column = columns_[i];
    if (i > 0) names += std::string(gap, ' ');
    if (i > 0) rule += std::string(gap, ' ');
    names += fit(column.title, column.width, column.any && column.right);
    for (std::size_t n = 0; n < column.width; ++n) rule += "\xE2\x94\x80";  // ─
  }
  out += terminal_.colour() ? "\x1b[1m" + names + "\x1b[0m" : names;
  out += "\n" + rule + "\n";
}

void TableWriter::print_row(std::string& out, const Record& record) {
  const auto begin = out.size();
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (i > 0) out += std::string(gap, ' ');
    const auto value = cell(record, columns_[i]);
    out += fit(value.text, columns_[i].width, columns_[i].any && columns_[i].right && value.number);
  }
  while (out.size() > begin && out.back() == ' ') out.pop_back();
  out += '\n';
}

void TableWriter::end(std::string& out) {
  if (!laid_out_) {
    if (first_.empty()) return;
    lay_out();
    print_head(out);
    for (const auto& each : std::exchange(first_, {})) print_row(out, each);
  }
  if (left_out_.empty()) return;
  std::string names;
  for (const auto& name : left_out_) names += (names.empty() ? "" : ", ") + name;
  out += "(not shown for want of room: " + fit(names, std::min(display_width(names), terminal_.width() * 2), false) +
         "; --format jsonl shows all)\n";
}

}  // namespace weir::cli
