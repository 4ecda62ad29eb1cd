/// What is wrong with the configuration. The CLI turns it into a sentence with the next step.
package enum ConfigurationError: Error, Equatable, Sendable {
    case fileUnreadable(path: String)
    case fileMalformed(path: String, offset: Int)
    case unknownKeys([String], path: String)
    case wrongType(key: String)
    case outOfRange(key: String)
    /// Not https, and not http on this machine.
    case insecureURL(key: String)
    case malformedURL(key: String)
    case unsupportedValue(key: String, supported: [String])
    case missing(key: String)
    case secretFileUnreadable(path: String)
    /// A file with a key that others than its owner may read.
    case secretFileExposed(path: String)
}
