extension UInt8 {
    var isDecimalDigit: Bool { (0x30...0x39).contains(self) }
    /// Neither a control character nor beyond ASCII, nor a space.
    var isVisible: Bool { (0x21...0x7E).contains(self) }
    var isVisibleOrSpace: Bool { (0x20...0x7E).contains(self) }
}
