#pragma once

// TLS for the cancel requests of a libpq before 17, which sends its own in clear whatever the connection is: the server
// is checked by what libpq checked it by. https://www.postgresql.org/docs/15/libpq-ssl.html

#include <boost/asio/ssl/context.hpp>

#include <libpq-fe.h>

#include <memory>
#include <string>

namespace weir::postgres {

class CancelTls {
 public:
  explicit CancelTls(PGconn* connection);
  // Reads files. Throws `tls_failed` when what the mode asks for is not there.
  std::shared_ptr<boost::asio::ssl::context> context() const;
  // Which server is meant, and whether its certificate must be for that name.
  void prepare(SSL* stream) const;

 private:
  std::string host_;
  std::string mode_;
  std::string authorities_;
  std::string revoked_;
  std::string certificate_;
  std::string key_;
  std::string password_;
};

}  // namespace weir::postgres
