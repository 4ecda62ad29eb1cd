import DevnetCore
import Ethereum
import Shared
import Testing

@Suite struct SignatureTests {
    @Test func `the published node's signatures are accepted`() throws {
        let bench = Bench()
        for vector in try #require(vectors("icl-samples.json", directory: "Vectors")["auth_vectors"]?.elements) {
            let body = Array(try vector.requireText("body").utf8)
            let answer = try bench.call(
                body.isEmpty ? "GET" : "POST",
                body.isEmpty ? "/internal/challenge/" + vector.requireText("address") : "/internal/heartbeat",
                headers: [
                    ("X-Node-Address", vector.requireText("address")), ("X-Timestamp", vector.requireText("timestamp")),
                    ("X-Signature", vector.requireText("X-Signature")), ("Content-Type", "application/json"),
                ], body: body)
            // A claim's body is no heartbeat, but it was let in.
            #expect(answer.status != 401)
        }
        #expect(!bench.violations.contains(.signatureWrong))
    }

    @Test func `a signature is refused when the body was altered`() throws {
        let bench = Bench()
        let key = try PrivateKey.generate()
        let body: JSONValue = ["nodeAddress": .string(key.address.checksummed), "timestamp": "1780000000"]
        var bytes = body.encoded()
        let headers = CallSignature.headers(key, body: bytes, time: bench.now)
        bytes[bytes.count - 3] ^= 1
        #expect(try bench.call("POST", "/internal/heartbeat", headers: headers, body: bytes).status == 401)
        #expect(bench.violations == [.signatureWrong])
    }

    @Test(arguments: [-301.0, 301.0]) func `a timestamp outside 300 s is refused`(skew: Double) throws {
        let bench = Bench()
        let key = try PrivateKey.generate()
        let path = "/internal/challenge/" + key.address.checksummed
        let headers = CallSignature.headers(key, body: [], time: bench.now + skew)
        #expect(try bench.call("GET", path, headers: headers).status == 401)
        #expect(bench.violations == [.timestampOutOfWindow])
        let fresh = CallSignature.headers(key, body: [], time: bench.now + skew * 299 / 301)
        #expect(try bench.call("GET", path, headers: fresh).status == 200)
    }

    @Test func `missing headers, a lower-case address and a raw recovery id are refused`() throws {
        let bench = Bench()
        let key = try PrivateKey.generate()
        let path = "/internal/challenge/" + key.address.checksummed
        var headers = CallSignature.headers(key, body: [], time: bench.now)
        #expect(try bench.call("GET", path).status == 401)
        headers[0].1 = headers[0].1.lowercased()
        #expect(try bench.call("GET", path, headers: headers).status == 401)
        headers[0].1 = key.address.checksummed
        headers[2].1 = headers[2].1.dropLast(2) + "00"
        #expect(try bench.call("GET", path, headers: headers).status == 401)
        #expect(bench.violations == [.signatureMissing, .addressNotChecksummed, .signatureMalformed])
    }

    @Test func `a node may not speak of another, and unknown paths are recorded`() throws {
        let bench = Bench()
        let (key, other) = (try PrivateKey.generate(), try PrivateKey.generate())
        #expect(try bench.signed(key, "GET", "/internal/challenge/" + other.address.checksummed).status == 403)
        #expect(try bench.signed(key, "GET", "/internal/nonsense").status == 404)
        #expect(try bench.signed(key, "GET", "/internal/task/claim").status == 405)
        #expect(bench.violations == [.callerIsNotTheSubject, .unknownPath, .unknownPath])
    }
}
