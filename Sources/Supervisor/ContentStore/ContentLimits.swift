/// The times a content store keeps.
package struct ContentLimits: Sendable {
    /// One gateway, all its requests together.
    package var gatewayTimeout: Duration = .seconds(15)
    package var connectTimeout: Duration = .seconds(5)
    /// How long the latest gateway may be silent before the next one is asked as well.
    package var hedgeAfter: Duration = .seconds(3)
    /// How long a gateway is put back after its first failure, and at most.
    package var penalty: Duration = .seconds(30)
    package var maximumPenalty: Duration = .seconds(600)

    package init() {}
}
