#include "observability/prometheus.hpp"

#include "core/ascii.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

namespace weir::metrics {
namespace {

using core::is_digit;
bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == ':';
}

std::string translated_name(std::string_view name) {
  std::string out;
  if (!name.empty() && is_digit(name.front())) out += '_';
  for (const char c : name) out += is_name_character(c) ? c : '_';
  return out;
}

std::string metric_name(const Metric& metric) {
  auto out = translated_name(metric.name);
  if (metric.unit == "s") out += "_seconds";
  if (metric.unit == "By") out += "_bytes";
  if (metric.instrument == Instrument::counter) out += "_total";
  return out;
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value < 0 ? "-Inf" : "+Inf";
  } else {
    std::array<char, 32> text{};
    const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
    out.append(text.data(), result.ptr);
  }
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\\' || (quotes && c == '"')) {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
  }
}

std::string labels_of(const Attributes& attributes) {
  std::string out;
  for (const auto& [name, value] : attributes) {
    if (!out.empty()) out += ',';
    out += translated_name(name);
    out += "=\"";
    append_escaped(out, value, true);
    out += '"';
  }
  return out;
}

void append_sample(std::string& out, std::string_view name, std::string_view labels, double value) {
  out += name;
  if (!labels.empty()) {
    out += '{';
    out += labels;
    out += '}';
  }
  out += ' ';
  append_number(out, value);
  out += '\n';
}

void append_histogram(std::string& out, const std::string& name, const std::string& labels,
                      const Histogram& histogram) {
  const auto prefix = labels.empty() ? std::string("le=\"") : labels + ",le=\"";
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    below += histogram.counts[i];
    auto bucket = prefix;
    append_number(bucket, i < histogram.bounds.size() ? histogram.bounds[i] : HUGE_VAL);
    append_sample(out, name + "_bucket", bucket + '"', static_cast<double>(below));
  }
  append_sample(out, name + "_sum", labels, histogram.sum);
  append_sample(out, name + "_count", labels, static_cast<double>(below));
}

const char* type_name(Instrument instrument) {
  switch (instrument) {
    case Instrument::counter: return "counter";
    case Instrument::histogram: return "histogram";
    case Instrument::gauge:
    case Instrument::up_down_counter: return "gauge";
  }
  return "untyped";
}

}  // namespace

std::string render_prometheus(const std::vector<Metric>& metrics) {
  std::string out;
  for (const auto& metric : metrics) {
    if (metric.points.empty()) continue;
    const auto name = metric_name(metric);
    out += "# HELP " + name + ' ';
    append_escaped(out, metric.description, false);
    out += "\n# TYPE " + name + ' ' + type_name(metric.instrument) + '\n';
    for (const auto& point : metric.points) {
      const auto labels = labels_of(point.attributes);
      if (point.histogram)
        append_histogram(out, name, labels, *point.histogram);
      else
        append_sample(out, name, labels, point.value);
    }
  }
  return out;
}

}  // namespace weir::metrics
