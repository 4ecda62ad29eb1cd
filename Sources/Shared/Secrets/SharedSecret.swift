/// A secret with several owners, such as an API key that every job uses. Wiped when the last one lets go.
package final class SharedSecret: Sendable {
    package let bytes: SecretBytes

    package init(_ bytes: consuming SecretBytes) { self.bytes = bytes }
}
