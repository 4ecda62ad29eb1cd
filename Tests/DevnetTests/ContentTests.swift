import ContentStore
import DevnetCore
import Shared
import Testing

@Suite struct ContentTests {
    private static let large = (0..<(600 << 10)).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 23) }

    private func form(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
        Array("--xyz\r\nContent-Disposition: form-data; name=\"\(name)\"; filename=\"f\"\r\n\r\n".utf8) + bytes
            + Array("\r\n--xyz--\r\n".utf8)
    }

    private func get(_ devnet: Devnet, _ target: String) throws -> Reply {
        devnet.answer(try #require(ServedRequest(method: "GET", target: target)))
    }

    @Test(arguments: [[], [1, 2, 3], large]) func `what is uploaded is served under its identifier`(bytes: [UInt8])
        throws
    {
        let bench = Bench()
        let type = ("content-type", "multipart/form-data; boundary=xyz")
        let kubo = try bench.call("POST", "/api/v0/add", headers: [type], body: form("file", bytes)).body
        let cid = try kubo.requireText("Hash")
        #expect(cid == UnixFS.cidV0(of: bytes).text)
        #expect(try get(bench.devnet, "/ipfs/" + cid).body == bytes)
        let pinned = try bench.call(
            "POST", "/pinning/pinFileToIPFS", headers: [type, ("authorization", "Bearer x")], body: form("file", bytes))
        #expect(pinned.body["IpfsHash"]?.text == cid)
    }

    @Test func `uploads without a token or a part named file are refused`() throws {
        let bench = Bench()
        let type = ("content-type", "multipart/form-data; boundary=xyz")
        #expect(
            try bench.call("POST", "/pinning/pinFileToIPFS", headers: [type], body: form("file", [1])).status == 401)
        #expect(try bench.call("POST", "/api/v0/add", headers: [type], body: form("path", [1])).status == 400)
        #expect(try bench.call("POST", "/api/v0/add", body: [1, 2]).status == 400)
        #expect(bench.violations == [.uploadWithoutToken, .uploadMalformed, .uploadMalformed])
    }

    @Test func `blocks and archives hash to what names them`() throws {
        let devnet = Devnet()
        let cid = try #require(devnet.shelf.add(ContentTests.large))
        let root = try get(devnet, "/ipfs/\(cid.text)?format=raw").body
        #expect(CID(of: root, form: .v0) == cid)
        let car = try get(devnet, "/ipfs/\(cid.text)?format=car").body
        let sections = try #require(self.sections(car))
        #expect(sections.count == 1 + 1 + 3)
        #expect(Array(sections[1].prefix(34)) == cid.bytes)
        for section in sections.dropFirst() {
            #expect(CID(of: Array(section.dropFirst(34)), form: .v0).bytes == Array(section.prefix(34)))
        }
        let leaf = try CID(bytes: sections[2].prefix(34))
        #expect(try get(devnet, "/ipfs/\(leaf.text)?format=raw").body == Array(sections[2].dropFirst(34)))
    }

    private func sections(_ car: [UInt8]) -> [ArraySlice<UInt8>]? {
        var rest = car[...]
        var sections: [ArraySlice<UInt8>] = []
        while !rest.isEmpty {
            var (length, shift) = (0, 0)
            while let byte = rest.popFirst() {
                length |= Int(byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 { break }
            }
            guard length <= rest.count else { return nil }
            sections.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return sections
    }
}
