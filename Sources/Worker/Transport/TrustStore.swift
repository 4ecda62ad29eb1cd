internal import COpenSSL
internal import Glibc

/// The certificates that a model's server may be vouched for by, loaded before the worker can open no file any more.
final class TrustStore {
    let context: OpaquePointer

    enum Failure: Error { case unavailable, unreadable }

    /// Loads the certificates (PEM) that can be read from a descriptor, and closes it; nil where no endpoint of this node
    /// uses TLS.
    static func prepare(certificates descriptor: Int32?) throws(Failure) -> TrustStore? {
        guard let descriptor else { return nil }
        defer { close(descriptor) }
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw .unavailable }
        copenssl_set_worker_options(context)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        guard copenssl_set_minimum_tls12(context) == 1, let text = read(descriptor),
            add(text, to: SSL_CTX_get_cert_store(context))
        else {
            SSL_CTX_free(context)
            throw .unreadable
        }
        return TrustStore(context)
    }

    /// To its end; nil where that is not reached.
    private static func read(_ descriptor: Int32) -> [UInt8]? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count == 0 ? bytes : nil }
            bytes += chunk[..<count]
        }
    }

    /// False where there is no certificate, or something else than certificates.
    private static func add(_ text: [UInt8], to store: OpaquePointer?) -> Bool {
        text.withUnsafeBytes { text in
            guard let input = BIO_new_mem_buf(text.baseAddress, Int32(text.count)) else { return false }
            defer { BIO_free(input) }
            var isEmpty = true
            while let certificate = PEM_read_bio_X509_AUX(input, nil, nil, nil) {
                defer { X509_free(certificate) }
                guard X509_STORE_add_cert(store, certificate) == 1 else { return false }
                isEmpty = false
            }
            // The end is an error as well: nothing begins there.
            let isEnd = ERR_peek_last_error() & 0x7F_FFFF == UInt(PEM_R_NO_START_LINE)
            ERR_clear_error()
            return isEnd && !isEmpty
        }
    }

    private init(_ context: OpaquePointer) { self.context = context }

    deinit { SSL_CTX_free(context) }
}
