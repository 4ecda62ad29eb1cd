internal import COpenSSL

/// The certificates that a model's server may be vouched for by, loaded before the worker can open no file any more.
final class TrustStore {
    let context: OpaquePointer

    enum Failure: Error { case unavailable, unreadable }

    /// Loads the certificates of `file` (PEM); nil where no endpoint of this node uses TLS.
    static func prepare(file: String?) throws(Failure) -> TrustStore? {
        guard let file else { return nil }
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw .unavailable }
        copenssl_set_worker_options(context)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        guard copenssl_set_minimum_tls12(context) == 1, SSL_CTX_load_verify_file(context, file) == 1 else {
            SSL_CTX_free(context)
            throw .unreadable
        }
        return TrustStore(context)
    }

    private init(_ context: OpaquePointer) { self.context = context }

    deinit { SSL_CTX_free(context) }
}
