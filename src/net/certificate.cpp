#include "net/certificate.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <memory>

#include "base/error.hpp"

namespace net {
namespace {

template <auto free>
struct Free {
  template <class T>
  void operator()(T* thing) const {
    free(thing);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Signed = std::unique_ptr<X509, Free<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;
using Memory = std::unique_ptr<BIO, Free<BIO_free>>;

constexpr long day = 24 * 60 * 60;

void check(bool done) {
  if (!done) throw base::Error(base::Code::internal, "OpenSSL made no certificate");
}

void extend(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  check(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

void name(X509* certificate) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  const auto* text = reinterpret_cast<const unsigned char*>("amlocal, this run only");
  check(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1);
  check(X509_set_issuer_name(certificate, subject) == 1);
  std::uint64_t serial = 0;
  check(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
  // Positive, whatever the last bit.
  check(ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) == 1);
}

std::string text_of(const Memory& memory) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace

Certificate make_certificate(const std::vector<std::string>& hosts) {
  const Key key(EVP_EC_gen("P-256"));
  const Signed certificate(X509_new());
  check(key && certificate);
  X509_set_version(certificate.get(), X509_VERSION_3);
  name(certificate.get());
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -day);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 365 * day);
  check(X509_set_pubkey(certificate.get(), key.get()) == 1);
  std::string names = "IP:127.0.0.1";
  for (const auto& host : hosts) names += ",DNS:" + host;
  // An authority, too: Python 3.13 takes no other certificate as one to trust.
  extend(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  extend(certificate.get(), NID_key_usage, "critical,digitalSignature,keyCertSign");
  extend(certificate.get(), NID_ext_key_usage, "serverAuth");
  extend(certificate.get(), NID_subject_key_identifier, "hash");
  extend(certificate.get(), NID_subject_alt_name, names);
  check(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);

  const Memory chain(BIO_new(BIO_s_mem())), secret(BIO_new(BIO_s_mem()));
  check(PEM_write_bio_X509(chain.get(), certificate.get()) == 1);
  check(PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) ==
        1);
  return {text_of(chain), text_of(secret)};
}

}  // namespace net
