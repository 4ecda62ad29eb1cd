import CProbes
import Shared
import Testing

@testable import Worker

@Suite("AES-256-GCM by both libraries")
struct AES256GCMTests {
    /// OpenSSL alone, where the processor has no instructions for it.
    private static let libraries: [AES256GCM.Library] = {
        _ = Cryptography.prepare(forTLS: false)
        return AES256GCM.Library.best == .sodium ? AES256GCM.Library.allCases : [.openSSL]
    }()

    private struct Sealed: Equatable { var text: [UInt8], tag: [UInt8] }

    private func seal(_ text: [UInt8], _ key: [UInt8], _ nonce: [UInt8], _ library: AES256GCM.Library) -> Sealed {
        // One byte more: nothing has no address.
        var (body, tag) = (text + [0], [UInt8](repeating: 0, count: AES256GCM.tagBytes))
        let isSealed = body.withUnsafeMutableBytes { body in
            AES256GCM.seal(.init(rebasing: body.dropLast()), nonce: nonce, tag: &tag, key: key, by: library)
        }
        #expect(isSealed)
        return Sealed(text: body.dropLast(), tag: tag)
    }

    private func open(
        _ sealed: Sealed, _ key: [UInt8], _ nonce: [UInt8], _ library: AES256GCM.Library
    ) -> [UInt8]? {
        var (body, tag) = (sealed.text + [0], sealed.tag)
        let isOpened = body.withUnsafeMutableBytes { body in
            AES256GCM.open(.init(rebasing: body.dropLast()), nonce: nonce, tag: &tag, key: key, by: library)
        }
        return isOpened ? Array(body.dropLast()) : nil
    }

    @Test("case 14 of the GCM specification", arguments: libraries)
    func specification(_ library: AES256GCM.Library) {
        let zeros = { [UInt8](repeating: 0, count: $0) }
        let sealed = seal(zeros(16), zeros(32), zeros(12), library)
        #expect(Hexadecimal.encode(sealed.text) == "cea7403d4d606b6e074ec5d3baf39d18")
        #expect(Hexadecimal.encode(sealed.tag) == "d0d1c8a799996bf0265b98b5d48ab919")
    }

    @Test("nothing of the key is left on the stack", arguments: libraries)
    func stack(_ library: AES256GCM.Library) {
        // The first rounds are made of the key itself.
        let key = (0..<32).map { _ in UInt8.random(in: 0...255) }
        let sealed = seal([UInt8](repeating: 7, count: 1000), key, [UInt8](1...12), library)
        #expect(cprobes_left_on_stack(Array(key[..<16]), 16) == 0)
        _ = open(sealed, key, [UInt8](1...12), library)
        #expect(cprobes_left_on_stack(Array(key[..<16]), 16) == 0)
    }

    @Test("what one seals the other opens, of any length; no bit may differ")
    func both() {
        let (key, nonce) = ([UInt8](1...32), [UInt8](1...12))
        for count in [0, 1, 15, 16, 17, 127, 128, 129, 1000, 100_003] {
            let text = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let sealed = seal(text, key, nonce, .openSSL)
            for library in Self.libraries {
                #expect(sealed == seal(text, key, nonce, library), "\(count)")
                #expect(open(sealed, key, nonce, library) == text, "\(count)")
                var bent = sealed
                bent.tag[3] ^= 1
                #expect(open(bent, key, nonce, library) == nil)
                guard count > 0 else { continue }
                bent = sealed
                bent.text[count - 1] ^= 0x80
                #expect(open(bent, key, nonce, library) == nil)
            }
        }
    }
}
