#pragma once

#include "cli/formats/document_reader.hpp"
#include "cli/formats/record_form.hpp"

#include <weir/record.hpp>

#include <memory>
#include <string>

namespace weir::cli {

/// Turns records into text. Pure: the text is appended to a string, of which the caller empties what it likes.
class RecordWriter {
 public:
  /// What stands before the first record.
  virtual void begin(std::string&) {}
  virtual void write(std::string& out, const Record& record) = 0;
  /// What stands behind the last one.
  virtual void end(std::string&) {}
  virtual ~RecordWriter() = default;

 protected:
  RecordWriter() = default;
  RecordWriter(const RecordWriter&) = default;
  RecordWriter& operator=(const RecordWriter&) = default;
};

class JsonLinesWriter final : public RecordWriter {
 public:
  explicit JsonLinesWriter(RecordForm form) : form_(std::move(form)) {}
  void write(std::string& out, const Record& record) override {
    append_record(out, record, form_);
    out += '\n';
  }

 private:
  RecordForm form_;
};

/// One JSON array, an element a line.
class JsonArrayWriter final : public RecordWriter {
 public:
  explicit JsonArrayWriter(RecordForm form) : form_(std::move(form)) {}
  void begin(std::string& out) override { out += '['; }
  void write(std::string& out, const Record& record) override {
    out += first_ ? "\n" : ",\n";
    first_ = false;
    append_record(out, record, form_);
  }
  void end(std::string& out) override { out += first_ ? "]\n" : "\n]\n"; }

 private:
  RecordForm form_;
  bool first_ = true;
};

}  // namespace weir::cli
