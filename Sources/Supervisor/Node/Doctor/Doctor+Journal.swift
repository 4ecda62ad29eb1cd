internal import Foundation

extension Doctor {
    /// The journal, opened without changing it, and the certificate in it.
    func examineJournal(_ path: String, now: Int = Int(Date.now.timeIntervalSince1970)) async -> [Finding] {
        guard FileManager.default.fileExists(atPath: path) else {
            return [
                Finding(.journal, about: path, .pass, "There is none yet; run makes it."),
                Doctor.certificate(nil, now: now),
            ]
        }
        let cure = "Move it away (the node then attests anew), or restore the disk."
        do {
            let journal = try Journal(inspecting: path)
            guard try await journal.isSound() else {
                return [Finding(.journal, about: path, .fail, "The journal is damaged.", next: cure)]
            }
            return [
                Finding(.journal, about: path, .pass, "It opens, and is sound."),
                Doctor.certificate(try await Certificate.load(from: journal), now: now),
            ]
        } catch {
            return [
                Finding(
                    .journal, about: path, .fail, "The journal cannot be read: it is damaged, or not yours.", next: cure
                )
            ]
        }
    }

    static func certificate(_ certificate: Certificate?, now: Int) -> Finding {
        let cure = "Run the node, which attests by itself, or run: blindference-node attest"
        guard let certificate else { return Finding(.certificate, .warn, "This node is not attested yet.", next: cure) }
        let left = certificate.expiry - now
        if left <= 0 {
            return Finding(.certificate, .fail, "The certificate expired \(-left / 60) minutes ago.", next: cure)
        }
        let text = "Tier \(certificate.tier); \(left / 3600) h \(left / 60 % 60) min are left."
        return left < AttestationWatchdog.margin
            ? Finding(.certificate, .warn, text, next: cure) : Finding(.certificate, .pass, text)
    }
}
