/// A request as it came over the wire.
package struct Request: Sendable {
    package let method: String
    /// Path and query, still percent-encoded.
    package let target: String
    /// In the order of the wire, names as they were written.
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]
    /// The connection it came on, counted from 1.
    package let connection: Int

    /// The value of the first header of that name, whatever its case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    package var text: String { String(decoding: body, as: UTF8.self) }
}
