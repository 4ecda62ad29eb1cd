import Ethereum
import Testing

@Suite("Amounts")
struct AmountTests {
    @Test(
        "an amount is read exactly, and printed the same again",
        arguments: [
            ("1234.567", "1234567000000000000000"), ("0", "0"), ("1000", "1000000000000000000000"),
            ("0.000000000000000001", "1"), ("0.1", "100000000000000000"),
            // What a binary fraction makes of it is 1234.566999999999901696.
            ("1234.566999999999901696", "1234566999999999901696"),
            ("340282366920938463463.374607431768211455", "340282366920938463463374607431768211455"),
        ])
    func exact(text: String, units: String) throws {
        let amount = try #require(Amount(text))
        #expect(String(amount.units) == units)
        #expect(amount.text == text)
        #expect(Word(decimal: units) == amount.word)
    }

    @Test("trailing zeros are no part of an amount")
    func zeros() { #expect(Amount("007.500") == Amount("7.5") && Amount("7.500")?.text == "7.5") }

    @Test(
        "anything else is no amount",
        arguments: [
            "", ".", "1.", ".5", "-1", "+1", "1e3", "1,000", " 1", "1 ", "1.2.3", "0x10", "1_000", "１",
            "1.1234567890123456789", "340282366920938463463.374607431768211456",
        ])
    func refused(text: String) { #expect(Amount(text) == nil) }
}
