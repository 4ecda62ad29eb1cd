/// The version of everything that is built here: what `--version` prints, and what services are told.
package enum Version {
    package static let text = "0.1.0"
}
